"""What every command shares: the options of the whole program, output in Chinese or JSON, progress."""

import contextlib
import getpass
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from archive.home import Home, open_home
from archive.journal import CHINA, Actor
from archive.keys import Ask
from pipeline import zh
from pipeline.errors import FileExists, HomeNotGiven

FIRST_YEAR, LAST_YEAR = 1950, 2200

# click takes some of its texts when commands are defined: Chinese must be there before.
zh.install()


@dataclass(slots=True)
class Session:
    """The options that hold for any command, wherever on the line they stood."""

    home: Path | None = None
    json: bool = False
    today: date | None = None
    user: str | None = None
    debug: bool = False

    def actor(self) -> Actor:
        """Who acts and what today is: an option beats its environment variable, that the clock."""
        user = self.user or os.environ.get("HUYUE_USER") or _log_in_name()
        return Actor(user, self.fixed_day() or datetime.now(CHINA).date())

    def fixed_day(self) -> date | None:
        """The day that --today or HUYUE_TODAY names, None where the clock's counts."""
        named = os.environ.get("HUYUE_TODAY")
        return self.today or (DAY.convert(named, None, None) if named else None)

    def open_home(self) -> Home:
        """The archive that --home or HUYUE_HOME names; its key's passphrase is asked for, if it has one.

        Raises HomeNotGiven, NotAnArchive, KeyMissing, KeyUnreadable, KeyLocked, PassphraseWrong.
        """
        return open_home(self.folder(), key_file_name(), ask_passphrase())

    def folder(self) -> Path:
        """The folder that --home or HUYUE_HOME names. Raises HomeNotGiven."""
        named = os.environ.get("HUYUE_HOME")
        folder = self.home or (Path(named) if named else None)
        if folder is None:
            raise HomeNotGiven()
        return folder

    def home_if_any(self) -> Home | None:
        """For commands that need no archive: the one --home names, or HUYUE_HOME if it names an archive."""
        named = os.environ.get("HUYUE_HOME")
        if self.home is None and not (named and Path(named, "catalogue.db").is_file()):
            return None
        return self.open_home()


def _log_in_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a machine that has no name for its user
        return f"uid-{os.getuid()}" if hasattr(os, "getuid") else "?"


def refuse_existing(*files: Path) -> None:
    """Raise FileExists for the first of these files that is there: what stands in one is not written over."""
    for file in files:
        if file.exists():
            raise FileExists(file=file)


def key_file_name() -> str | None:
    """The key file that HUYUE_KEY_FILE names, None where it names none."""
    return os.environ.get("HUYUE_KEY_FILE") or None


def ask_passphrase() -> Ask | None:
    """What gives a key's passphrase: HUYUE_PASSPHRASE, else whoever sits at the terminal; None where nobody does."""
    named = os.environ.get("HUYUE_PASSPHRASE")
    if named:
        return lambda: named
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    return lambda: str(click.prompt("密钥的口令", hide_input=True, err=True))


def session() -> Session:
    """The running command's session."""
    return click.get_current_context().find_root().ensure_object(Session)


class Day(click.ParamType[date]):
    """A date as 2026-03-01."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"“{value}”不是日期，请写成 2026-03-01 这样。", param, ctx)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"“{value}”不在 {FIRST_YEAR} 到 {LAST_YEAR} 年之间。", param, ctx)
        return day


DAY = Day()
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(path_type=Path)


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and value is not False and param.name is not None:
        setattr(ctx.find_root().ensure_object(Session), param.name, value)


def _shared_options(at_root: bool) -> list[click.Parameter]:
    """--home, --json, --today, --user, --debug; the session reads their environment variables when asked."""

    def option(name: str, help_text: str, **more: Any) -> click.Option:
        return click.Option(
            [name],
            expose_value=False,
            callback=_remember,
            help=help_text,
            hidden=not at_root,
            **more,
        )

    return [
        option("--home", "档案库所在的文件夹（或 HUYUE_HOME）。", type=FILE, metavar="文件夹"),
        option("--json", "结果以 JSON 写到标准输出。", is_flag=True),
        option("--today", "记录里写的日期（或 HUYUE_TODAY），默认今天（东八区）。", type=DAY, metavar="日期"),
        option("--user", "经办人（或 HUYUE_USER），默认登录名。", metavar="姓名"),
        option("--debug", "出错时显示技术细节。", is_flag=True),
    ]


class Command(click.Command):
    """A command that takes the shared options after its name, too."""

    def __init__(self, *args: Any, **more: Any) -> None:
        more["params"] = [*(more.get("params") or []), *_shared_options(at_root=False)]
        more.setdefault("options_metavar", "[选项]")
        super().__init__(*args, **more)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, at_root: bool = False, **more: Any) -> None:
        more["params"] = [*(more.get("params") or []), *_shared_options(at_root)]
        more.setdefault("options_metavar", "[选项]")
        more.setdefault("subcommand_metavar", "命令 [参数]…")
        super().__init__(*args, **more)


_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def emit(value: object, lines: Iterable[str]) -> None:
    """Print a command's result: `value` as one JSON value with --json, else the Chinese `lines`."""
    if session().json:
        click.echo(json.dumps(value, ensure_ascii=False))
    else:
        for line in lines:
            click.echo(harmless(line))


def say(message: str) -> None:
    """A message beside the result, on standard error."""
    click.echo(harmless(message), err=True)


def harmless(text: str) -> str:
    """The text without what steers a terminal or turns the reading direction: names come from anywhere."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


@contextlib.contextmanager
def progress(label: str, total: int) -> Iterator["Progress"]:
    """A bar with time left on a terminal, a line every ten seconds elsewhere; on standard error."""
    with click.progressbar(
        length=total, label=label, file=sys.stderr, show_pos=True, hidden=not sys.stderr.isatty()
    ) as bar:
        yield Progress(label, total, bar)


listeners: list[
    Callable[[str, int, int], None]
] = []  # told of all progress: label, how much is done, of how much


class Progress:
    """Counts what is done of `total`."""

    def __init__(self, label: str, total: int, bar: Any) -> None:
        self._label, self._total, self._bar = label, total, bar
        self._done, self._started = 0, time.monotonic()
        self._spoke = self._started
        self._tell()

    def advance(self, count: int = 1) -> None:
        """`count` more are done."""
        self._done += count
        self._bar.update(count)
        self._tell()
        now = time.monotonic()
        if not sys.stderr.isatty() and (now - self._spoke > 10 or self._done == self._total):
            self._spoke = now
            left = (now - self._started) / max(self._done, 1) * (self._total - self._done)
            rest = f"，约剩 {left:.0f} 秒" if self._done < self._total else ""
            say(f"{self._label} {self._done}/{self._total}{rest}")

    def _tell(self) -> None:
        for tell in listeners:
            tell(self._label, self._done, self._total)
