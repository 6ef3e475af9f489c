"""LibreOffice as a converter: found in one place, run with its own profile, time-limited, never left behind.

Word names fonts that a Linux machine does not have; a fontconfig file of our own maps them to free ones
of the same kind, and only where the real one is not installed.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from archive.errors import ConversionFailed, LibreOfficeMissing

# A font of a Chinese Word document, and what stands in for it (Debian: fonts-noto-cjk, fonts-lxgw-wenkai).
STAND_INS = {
    "宋体": "Noto Serif CJK SC",
    "SimSun": "Noto Serif CJK SC",
    "仿宋": "Noto Serif CJK SC",
    "FangSong": "Noto Serif CJK SC",
    "仿宋_GB2312": "Noto Serif CJK SC",
    "黑体": "Noto Sans CJK SC",
    "SimHei": "Noto Sans CJK SC",
    "楷体": "LXGW WenKai",
    "KaiTi": "LXGW WenKai",
    "楷体_GB2312": "LXGW WenKai",
}
PROGRAMS = (
    "/usr/lib/libreoffice/program/soffice.bin",
    "/opt/libreoffice/program/soffice.bin",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
)
RESTART = 81  # what soffice.bin exits with when a fresh profile asks for a second start


def find() -> Path | None:
    """The program, or None where LibreOffice is not installed."""
    for candidate in PROGRAMS:
        if Path(candidate).is_file():
            return Path(candidate)
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return Path(found) if found else None


def version() -> str:
    """As `LibreOffice 7.4.7.2`; "" where it is not installed or does not answer within 60 seconds."""
    program = find()
    if program is None:
        return ""
    with tempfile.TemporaryDirectory(prefix="huyue-lo-", ignore_cleanup_errors=True) as scratch:
        try:
            answer = _run(
                [str(program), *_profile(Path(scratch)), "--headless", "--version"], Path(scratch), 60
            )
        except subprocess.TimeoutExpired:
            return ""
    return " ".join(answer.split()[:2])


def to_pdf(documents: Sequence[Path], out: Path, *, seconds: float) -> list[Path]:
    """Convert Word documents to PDFs of the same stem in `out`, all in one call, in order.

    `seconds` limits the call. Raises LibreOfficeMissing (exit 4) or ConversionFailed naming the document.
    """
    program = find()
    if program is None:
        raise LibreOfficeMissing()
    with tempfile.TemporaryDirectory(prefix="huyue-lo-", ignore_cleanup_errors=True) as scratch:
        command = [
            str(program),
            *_profile(Path(scratch)),
            "--headless",
            "--norestore",
            "--nologo",
            "--convert-to",
        ]
        command += ["pdf:writer_pdf_Export", "--outdir", str(out), *map(str, documents)]
        try:
            said = _run(command, Path(scratch), seconds)
        except subprocess.TimeoutExpired:
            raise ConversionFailed(file=documents[0], detail=f"{seconds:.0f} 秒内没有转换完") from None
    made = [out / f"{document.stem}.pdf" for document in documents]
    for document, pdf in zip(documents, made, strict=True):
        if not pdf.is_file():
            raise ConversionFailed(file=document, detail=said.strip()[-300:] or "没有生成 PDF")
    return made


def _profile(scratch: Path) -> list[str]:
    return [f"-env:UserInstallation={(scratch / 'profile').as_uri()}"]


def _run(command: list[str], scratch: Path, seconds: float) -> str:
    environment = dict(os.environ, SAL_USE_VCLPLUGIN="svp", HOME=str(scratch))
    if sys.platform == "linux":
        environment["FONTCONFIG_FILE"] = str(_fontconfig(scratch))
    for _ in range(3):
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=partial(_die_with, os.getpid()) if sys.platform == "linux" else None,
        )
        try:
            said, _none = process.communicate(timeout=seconds)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode != RESTART:
            break
    return said


def _die_with(parent: int) -> None:
    """In the child, before exec: Linux kills it when its parent dies, however the parent dies."""
    with contextlib.suppress(OSError):
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be asked for
        os._exit(1)


def _fontconfig(scratch: Path) -> Path:
    aliases = "".join(
        f'<alias binding="same"><family>{name}</family><accept><family>{other}</family></accept></alias>'
        for name, other in STAND_INS.items()
    )
    path = scratch / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include>{aliases}</fontconfig>',
        encoding="utf-8",
    )
    return path
