"""Every error a user can meet: one class each, its docstring the message, its exit status the design's."""

import re
from pathlib import Path
from typing import ClassVar

EXIT_DONE = 0
EXIT_LOOK = 1
EXIT_USAGE = 2
EXIT_NO_INPUT = 3
EXIT_MISSING_PROGRAM = 4
EXIT_ARCHIVE = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class HuyueError(Exception):
    """{detail}"""

    exit_status: ClassVar[int] = EXIT_BUG

    def __init__(self, *, file: str | Path | None = None, **parts: object) -> None:
        """`parts` fill the class's docstring; `file` is the file at fault, if there is one."""
        self.file = None if file is None else str(file)
        super().__init__((type(self).__doc__ or "").format(file=self.file, **parts))

    @property
    def code(self) -> str:
        """The class's name in snake case, as `--json` prints it."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def message(self) -> str:
        return str(self)


class WrongUsage(HuyueError):
    """{detail}"""

    exit_status = EXIT_USAGE


class NoInput(HuyueError):
    """{detail}"""

    exit_status = EXIT_NO_INPUT


class MissingProgram(HuyueError):
    """{detail}"""

    exit_status = EXIT_MISSING_PROGRAM


class ArchiveError(HuyueError):
    """{detail}"""

    exit_status = EXIT_ARCHIVE
