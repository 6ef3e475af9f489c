"""LibreOffice as a converter: found in one place, run with its own profile, time-limited, never left behind.

Word names fonts that a Linux machine does not have; a fontconfig file of our own maps them to free ones
of the same kind, and only where the real one is not installed. A template comes from outside: the profile
forbids LibreOffice to update links, to run macros and to reach any network.
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
from xml.sax.saxutils import escape

from pipeline.errors import ConversionFailed, LibreOfficeMissing

# A font of a Chinese Word document, and what stands in for it (Debian: fonts-noto-cjk, fonts-lxgw-wenkai).
_SONG, _HEI, _KAI = "Noto Serif CJK SC", "Noto Sans CJK SC", "LXGW WenKai"
STAND_INS = {
    name: stand_in
    for stand_in, names in (
        (
            _SONG,
            "宋体 SimSun 新宋体 NSimSun 仿宋 FangSong 仿宋_GB2312 FangSong_GB2312 华文宋体 STSong 华文中宋 STZhongsong",
        ),
        (
            _SONG,
            "华文仿宋 STFangsong 方正小标宋简体 方正小标宋_GBK 方正仿宋_GBK 方正仿宋简体 方正书宋_GBK Cambria",
        ),
        (_HEI, "黑体 SimHei 等线 DengXian 华文黑体 STHeiti 方正黑体_GBK 方正黑体简体 微软雅黑 Arial Calibri"),
        (_KAI, "楷体 KaiTi 楷体_GB2312 KaiTi_GB2312 华文楷体 STKaiti 方正楷体_GBK 方正楷体简体"),
    )
    for name in names.split()
} | {"Times New Roman": _SONG, "Microsoft YaHei": _HEI, "等线 Light": _HEI}
PROGRAMS = (
    "/usr/lib/libreoffice/program/soffice.bin",
    "/opt/libreoffice/program/soffice.bin",
    r"C:\Program Files\LibreOffice\program\soffice.exe",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.exe",
)
RESTART = 81  # what soffice.bin exits with when a fresh profile asks for a second start
ALONE = 60.0  # seconds a document may take that is tried again for itself
NOWHERE = "127.0.0.1", 9  # a proxy that never answers (the discard port)

# What the profile says of each of LibreOffice's settings: (path, property, value).
_LOCKED = (
    ("/org.openoffice.Office.Writer/Content/Update", "Link", "0"),  # never
    ("/org.openoffice.Office.Writer/Content/Update", "Field", "false"),
    ("/org.openoffice.Office.Writer/Content/Update", "Chart", "false"),
    ("/org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("/org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("/org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    # Content controls are text like any other, no fields of a form.
    ("/org.openoffice.Office.Common/Filter/PDF/Export", "ExportFormFields", "false"),
    ("/org.openoffice.Inet/Settings", "ooInetProxyType", "2"),  # by hand
    ("/org.openoffice.Inet/Settings", "ooInetNoProxy", ""),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyName", NOWHERE[0]),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", str(NOWHERE[1])),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", NOWHERE[0]),
    ("/org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", str(NOWHERE[1])),
    ("/org.openoffice.Inet/Settings", "ooInetFTPProxyName", NOWHERE[0]),
    ("/org.openoffice.Inet/Settings", "ooInetFTPProxyPort", str(NOWHERE[1])),
)


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

    `seconds` limits the call. What it did not make, because it hung or ended early, is tried once more, each
    document for itself. Raises LibreOfficeMissing (exit 4) or ConversionFailed naming the document.
    """
    program = find()
    if program is None:
        raise LibreOfficeMissing()
    _convert(program, documents, out, seconds)
    made = [out / f"{document.stem}.pdf" for document in documents]
    for document, pdf in zip(documents, made, strict=True):
        if not _is_whole(pdf):
            said = _convert(program, [document], out, min(seconds, ALONE))
            if not _is_whole(pdf):
                raise ConversionFailed(file=document, detail=said or "没有生成 PDF")
    return made


def _convert(program: Path, documents: Sequence[Path], out: Path, seconds: float) -> str:
    """One call; returns the end of what LibreOffice said, or that its time ran out."""
    with tempfile.TemporaryDirectory(prefix="huyue-lo-", ignore_cleanup_errors=True) as scratch:
        command = [str(program), *_profile(Path(scratch)), "--headless", "--norestore", "--nologo"]
        command += ["--convert-to", "pdf:writer_pdf_Export", "--outdir", str(out), *map(str, documents)]
        try:
            return _run(command, Path(scratch), seconds).strip()[-300:]
        except subprocess.TimeoutExpired:
            return f"{seconds:.0f} 秒内没有转换完"


def _is_whole(pdf: Path) -> bool:
    """Whether a PDF was written to its end: one that a killed call was writing is not."""
    return pdf.is_file() and b"%%EOF" in pdf.read_bytes()[-64:]


def _profile(scratch: Path) -> list[str]:
    """A profile of its own with LibreOffice locked down."""
    settings = scratch / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{escape(value)}</value></prop></item>'
        for path, name, value in _LOCKED
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    settings.write_text(
        f'{head}<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>',
        encoding="utf-8",
    )
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
