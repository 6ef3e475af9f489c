"""`huyue` in processes of its own that need not import it first: a process that has, and forks itself for each command.

    python -m tests.warm

Takes a JSON object a line, {"arguments", "environment", "folder", "out", "err"}, and answers each with the status of
the installed script, run in a fork whose streams are these files: as a shell would see it, but for the second that
importing takes. Linux only, as the tests are.
"""

import atexit
import gc
import json
import os
import runpy
import sys
import threading
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

# What most commands import; each imports the rest itself.
COMMON = (
    "pipeline.cli",
    *(
        f"pipeline.commands.{name}"
        for name in "roster template plan print_ blank intake review search show close paper verify backup export".split()
    ),
)
HUYUE = Path(sys.executable).with_name("huyue")


def serve() -> None:
    """Answer until there is nothing more to read."""
    for module in COMMON:
        import_module(module)
    if "polars" in sys.modules:
        raise AssertionError(
            "polars' threads do not survive a fork: what imports it may not be imported here"
        )
    gc.freeze()  # so that a fork's collections do not copy what it shares
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            end(run(json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def run(asked: dict[str, Any]) -> int:
    """Be the command; its status."""
    null = os.open(os.devnull, os.O_RDONLY)
    out, err = (os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err"))
    for place, stream in enumerate((null, out, err)):
        os.dup2(stream, place)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = [str(HUYUE), *asked["arguments"]]
    try:
        runpy.run_path(str(HUYUE), run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end(status: int) -> NoReturn:
    """End as the interpreter does, but for taking its modules apart, which would copy all that is shared."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)


if __name__ == "__main__":
    serve()
