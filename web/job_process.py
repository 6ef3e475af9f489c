"""A job's own process: its uploads unsealed, its commands run as at a terminal, what they wrote sealed.

It ends with the desk however that ends, and is interrupted like a terminal's command when the desk says so.
"""

import contextlib
import io
import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Any

from archive.errors import EXIT_BUG, EXIT_DONE, EXIT_LOOK
from web.files import SealedFiles

MOST_RESULT = 1 << 20  # characters; what is longer, like a county's findings, is kept as a file alone
TOLD = 0.3  # seconds between two words of how far it is


@dataclass(frozen=True, slots=True)
class Work:
    """What a job is given; `uploads` are numbers and names, `folder` is DIR, the passphrase that of its key."""

    job: int
    commands: tuple[tuple[str, ...], ...]
    uploads: tuple[tuple[str, str], ...]
    folder: str
    key_file: str
    user: str
    today: str
    passphrase: str | None
    files: SealedFiles


def file_name(job: int, place: int) -> str:
    """What a job's file is called among the sealed files."""
    return f"job-{job}-{place}"


def work(pipe: "Connection[Any, Any]", asked: Work) -> None:
    """Do it, and tell the desk: how far it is ({label, done, total}), at the end {status, results, messages, files}."""
    if os.name != "nt":
        os.setsid()  # Ctrl-C at the desk's terminal is the desk's to handle
    place = Path(asked.folder, "desk", "work", str(asked.job))
    try:
        threading.Thread(target=_listen, args=(pipe,), daemon=True).start()  # it may interrupt at once
        shutil.rmtree(place, ignore_errors=True)
        outcome = _done(pipe, asked, place)
    except KeyboardInterrupt:
        outcome = {"status": 130, "results": [], "messages": ["已取消。"], "files": []}
    except OSError as problem:
        from pipeline.cli import file_trouble

        outcome = {"status": 2, "results": [], "messages": [file_trouble(problem)], "files": []}
    finally:
        shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):
        pipe.send(outcome)


def _done(pipe: "Connection[Any, Any]", asked: Work, place: Path) -> dict[str, Any]:
    given, written = place / "in", place / "out"
    given.mkdir(mode=0o700, parents=True)
    written.mkdir(mode=0o700)
    for upload, name in asked.uploads:
        target = given / upload
        target.mkdir()
        with (target / name).open("wb") as whole:
            for part in asked.files.read(upload):
                whole.write(part)
    os.environ |= {
        "HUYUE_HOME": asked.folder,
        "HUYUE_KEY_FILE": asked.key_file,
        "HUYUE_USER": asked.user,
        "HUYUE_TODAY": asked.today,
    }
    if asked.passphrase is not None:
        os.environ["HUYUE_PASSPHRASE"] = asked.passphrase
    results: list[Any] = []
    said: list[str] = []
    status = EXIT_DONE
    for command in asked.commands:
        one, result, messages = _run(pipe, _filled(command, given, written))
        if isinstance(result, dict) and isinstance(problem := result.get("error"), dict):
            problem["message"] = _without_folders(str(problem.get("message")), given, written)
        results.append(result)
        said += [_without_folders(line, given, written) for line in messages]
        status = max(status, one) if one in (EXIT_DONE, EXIT_LOOK) else one
        if one not in (EXIT_DONE, EXIT_LOOK):
            break
    files: list[dict[str, Any]] = []
    for file in sorted(path for path in written.rglob("*") if path.is_file()):
        with file.open("rb") as source:
            size = file.stat().st_size
            asked.files.write(file_name(asked.job, len(files)), source, size)
        files.append({"name": file.relative_to(written).as_posix(), "size": size})
    return {"status": status, "results": results, "messages": said, "files": files}


def _without_folders(text: str, given: Path, written: Path) -> str:
    """What is said, with files called as whoever sent them or will get them calls them."""
    upload = re.escape(str(given) + os.sep) + r"[^/\\]+" + re.escape(os.sep)
    return re.sub(upload, "", text).replace(f"{written}{os.sep}", "")


def _filled(command: Sequence[str], given: Path, written: Path) -> list[str]:
    """A command with the folders that its arguments begin with.

    The same signs further on, and all that stands after --, are what somebody wrote.
    """
    ends = command.index("--") if "--" in command else len(command)
    return [*(_with_folder(part, given, written) for part in command[:ends]), *command[ends:]]


def _with_folder(argument: str, given: Path, written: Path) -> str:
    for sign, folder in (("{in}", given), ("{out}", written)):
        if argument == sign or argument.startswith(f"{sign}/"):
            return f"{folder}{argument.removeprefix(sign)}"
    return argument


def _run(pipe: "Connection[Any, Any]", arguments: list[str]) -> tuple[int, Any, list[str]]:
    """One command line: its exit status, its JSON value, what it said."""
    from pipeline import cli, console

    told = 0.0

    def tell(label: str, done: int, total: int) -> None:
        nonlocal told
        if monotonic() - told > TOLD or done == total:
            told = monotonic()
            with contextlib.suppress(OSError):
                pipe.send({"label": label, "done": done, "total": total})

    console.listeners.append(tell)
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = cli.run(["--json", *arguments])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else EXIT_BUG
    finally:
        console.listeners.remove(tell)
    try:
        value = json.loads(out.getvalue()) if out.tell() <= MOST_RESULT else None
    except json.JSONDecodeError:
        value = None
    return status, value, [line for line in err.getvalue().splitlines() if line.strip()]


def _listen(pipe: "Connection[Any, Any]") -> None:
    """Be interrupted when the desk says so, and end when there is no desk any more."""
    try:
        pipe.recv()
    except (EOFError, OSError):
        os._exit(1)
    if sys.platform == "win32":
        import _thread

        _thread.interrupt_main()
    else:
        os.kill(os.getpid(), signal.SIGINT)
    try:
        pipe.recv()
    except (EOFError, OSError):
        os._exit(1)
