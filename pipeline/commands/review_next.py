"""`huyue review next`: the pages in review one after the other, each decided with a key."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import click
from sqlalchemy import Connection

from archive.errors import EXIT_BUG, EXIT_USAGE, HuyueError
from archive.home import Home
from archive.journal import Actor
from archive.search import Names
from pipeline.commands.contract_number import find_number
from pipeline.console import say
from pipeline.errors import ReviewDecided, ReviewNotDecided, ReviewReplaced
from pipeline.intake import review as reviews
from pipeline.intake.review import CHINESE, Item

SUGGESTED = 3
LIKE = 9  # contracts listed for a number that several have
HELP = "4 另写编号　r 不归档　R 这个文件里同样原因的都不归档　s 先放着　u 撤回上一次　q 结束"


def look_through(
    home: Home, actor: Actor, items: list[Item], names: Names, *, no_open: bool
) -> dict[str, int]:
    """Show the items one by one and do what is typed, until the end or `q`: how many were assigned and rejected."""
    with tempfile.TemporaryDirectory(prefix="huyue-") as folder:
        desk = _Desk(home, actor, items, names)
        if no_open:
            desk.run()
        else:
            with closing(reviews.pictures(home, items)) as drawn:
                desk.viewer = _Viewer(Path(folder), drawn)
                desk.run()
    return {"assigned": len(desk.assigned), "rejected": len(desk.rejected)}


@dataclass(slots=True)
class _Viewer:
    """Opens items' pictures with the system's viewer; they are drawn in order, and kept until the end."""

    folder: Path
    drawn: Iterator[bytes]
    paths: list[Path] = field(default_factory=list)

    def open(self, place: int) -> None:
        while len(self.paths) <= place:
            path = self.folder / f"{len(self.paths) + 1}.png"
            path.write_bytes(next(self.drawn))
            self.paths.append(path)
        if self.paths[place].stat().st_size:
            click.launch(str(self.paths[place]))
        else:
            say("（图像读不出来。）")


@dataclass(slots=True)
class _Desk:
    """Where the looking-through stands: the item's place, and the decisions that can be taken back."""

    home: Home
    actor: Actor
    items: list[Item]
    names: Names
    viewer: _Viewer | None = None
    place: int = 0
    decisions: list[tuple[int, list[int]]] = field(default_factory=list)
    assigned: set[int] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Go through the pile; what was decided last can be taken back at its end, too."""
        while self._through() and self.decisions:
            say("\n看完了。u 撤回上一次，别的键结束")
            if _key() != "u":
                return
            self._undo()

    def _through(self) -> bool:
        """Go on to the end of the pile, True, or until `q`."""
        shown = -1
        while self.place < len(self.items):
            item = self.items[self.place]
            if self._decided(item):
                self.place += 1
                continue
            if shown != self.place:
                shown = self.place
                self._show(item)
            key = _key()
            if key == "q":
                return False
            try:
                self._do(key, item)
            except ReviewDecided:
                say(f"第 {item.id} 号刚才已由别人处理。")
                self.place += 1
            except HuyueError as problem:
                say(problem.message)
                if problem.exit_status not in (EXIT_USAGE, EXIT_BUG):  # the archive's trouble, not the page's
                    raise
        return True

    def _decided(self, item: Item) -> bool:
        """Whether there is nothing to ask about the item any more."""
        if item.id in self.rejected:
            return True
        with self.home.reading() as connection:
            decided = bool(reviews.find_item(connection, item.id).decision)
        if decided:
            say(f"第 {item.id} 号已由别人处理。")
        return decided

    def _do(self, key: str, item: Item) -> None:
        if key in "123" and int(key) <= len(item.suggestions[:SUGGESTED]):
            one = item.suggestions[int(key) - 1]
            self._assign(item, one.contract, one.sheet)
        elif key == "4":
            self._assign_typed(item)
        elif key in "rR":
            same = [
                one.id
                for one in self.items[self.place :]
                if (one.file, one.reason) == (item.file, item.reason) or one is item
            ]
            self._reject(same if key == "R" else [item.id])
        elif key == "s":
            self.place += 1
        elif key == "u":
            self._undo()
        else:
            say(f"没有“{key}”这个键。{HELP}")

    def _show(self, item: Item) -> None:
        with self.home.reading() as connection:
            differs = reviews.labels_of(connection, item)
            suggested = [
                f"  {key}　{one.contract} 第 {one.sheet} 页　{self._whose(connection, one.contract)}　{one.score:.0%}"
                for key, one in enumerate(item.suggestions[:SUGGESTED], 1)
            ]
        village = f"　{self.names.village(item.village)}" if item.village else ""
        say(f"\n【{self.place + 1}/{len(self.items)}】第 {item.id} 号　{CHINESE[item.reason]}{village}")
        say(f"  {item.file} 第 {item.page} 页")
        if differs:
            say(f"  不符的：{'、'.join(differs)}")
        for line in suggested:
            say(line)
        say(("1–3 归到那一份　" if suggested else "") + HELP)
        if self.viewer is not None:
            self.viewer.open(self.place)

    def _whose(self, connection: Connection, number: str) -> str:
        return reviews.whose(connection, self.names.titles, number)

    def _assign(self, item: Item, number: str, sheet: int) -> None:
        with self.home.reading() as connection:
            find_number(connection, number)
            new = reviews.read_as(
                self.home, connection, reviews.find_item(connection, item.id), number, sheet
            )
        with self.home.writing() as connection:
            filing = reviews.assign(
                self.home, connection, reviews.find_item(connection, item.id), new, self.actor
            )
        self.assigned.add(item.id)
        self._next([item.id])
        say(f"归为 {number} 第 {sheet} 页。" + ("合同还不齐全。" if filing.gaps else "合同齐全了。"))

    def _assign_typed(self, item: Item) -> None:
        say("合同编号（可以只写末几位）和页码，中间空一格，如 22 2：")
        number, _, sheet = _line().rpartition(" ")
        if not number or not sheet.isdecimal() or len(sheet) > 4:
            say("要写编号和页码两样，如 22 2。再按 4 重写。")
            return
        with self.home.reading() as connection:
            found = reviews.numbers_like(connection, item.village, number, int(sheet))
            whose = [f"  {one}　{self._whose(connection, one)}" for one in found[:LIKE]]
        if len(found) == 1:
            self._assign(item, found[0], int(sheet))
            return
        if item.village:
            where = self.names.village(item.village)
            say(f"“{number}”在{where}有 {len(found)} 份。请再按 4，多写几位，或写全。")
        else:
            say("不知道这一页是哪个村的。请再按 4，把编号写全。")
        for line in whose:
            say(line)

    def _reject(self, ids: list[int]) -> None:
        with self.home.writing() as connection:
            done = reviews.reject_waiting(connection, ids, self.actor)
        self.rejected.update(done)
        self._next(done)
        say(f"{len(done)} 页不归档。")

    def _next(self, decided: list[int]) -> None:
        self.decisions.append((self.place, decided))
        self.place += 1

    def _undo(self) -> None:
        if not self.decisions:
            say("没有可以撤回的。")
            return
        place, ids = self.decisions.pop()
        try:
            with self.home.writing() as connection:
                for one in ids:
                    reviews.undo(self.home, connection, reviews.find_item(connection, one), self.actor)
        except (ReviewNotDecided, ReviewReplaced) as problem:  # somebody else went on with it
            say(problem.message)
            return
        self.assigned.difference_update(ids)
        self.rejected.difference_update(ids)
        self.place = place
        say(f"撤回了 {len(ids)} 页。")


def _key() -> str:
    """A key that was pressed; where nobody sits at the keyboard, the next character that is no space; q at the end."""
    if sys.stdin.isatty():
        try:
            return click.getchar() or "q"
        except EOFError:
            return "q"
    while character := sys.stdin.read(1):
        if not character.isspace():
            return character
    return "q"


def _line() -> str:
    """A line that was typed; where nobody sits at the keyboard, the next one that is not empty."""
    typed = sys.stdin.readline()
    if not typed.strip() and not sys.stdin.isatty():
        typed = sys.stdin.readline()
    return typed.strip()
