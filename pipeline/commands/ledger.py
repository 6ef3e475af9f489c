"""`huyue ledger`: the ledgers an office keeps, as workbooks; household cards on paper, too."""

import io
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path

import click
import polars as pl
from sqlalchemy import Connection

from archive.audit.contracts import contracts
from archive.audit.findings import audit
from archive.ledgers.book import Book
from archive.ledgers.cards import NAME as CARD
from archive.ledgers.cards import card_pages, cards, heads, papers_of_households
from archive.ledgers.corrections import corrections
from archive.ledgers.returns import returns
from archive.ledgers.signing import signing
from archive.ledgers.transfers import transfers
from archive.listing import write_book
from archive.package import filed_numbers, papers_of
from archive.package_lists import catalogue_sheet
from archive.search_names import Names
from archive.workbook import new_workbook
from pipeline.console import (
    DAY,
    FIRST_YEAR,
    FOLDER,
    LAST_YEAR,
    Command,
    emit,
    progress,
    refuse_existing,
    session,
)
from pipeline.divisions import TOWN_DIGITS, Divisions
from pipeline.indexing import names_of
from pipeline.list_pages import write_pages
from pipeline.paper_place import town_or_village

CATALOGUE = "归档文件目录"
FOOT = "本卡只列纸件，不评价人；未签（自愿）的、作废的不列。"
EPILOG = (
    "例：huyue --home 档案库 ledger signing --year 2026 --out 台账；ledger cards --village 冲洞村 --out 台账"
)


class Ledger(StrEnum):
    """The ledgers."""

    SIGNING = "signing"
    TRANSFERS = "transfers"
    CORRECTIONS = "corrections"
    CARDS = "cards"
    RETURNS = "returns"
    CATALOGUE = "catalogue"


@click.command(
    cls=Command,
    epilog=EPILOG,
    short_help="台账：签订台账、入退档登记、工作明细账、户卡、回收登记表、归档文件目录。",
    help="写一种台账（Excel）：signing 签订台账（一镇一份）、transfers 入退档登记（注明超期）、corrections 乡镇工作明细账（问题、谁改、何时改）、"
    "cards 户卡（一户一页，另有 PDF）、returns 回收登记表（各村各批）、catalogue 归档文件目录（一镇一份）。未签（自愿）的不在任何名单里，只计总数。",
)
@click.argument("kind", type=click.Choice([str(one) for one in Ledger]), metavar="台账")
@click.option(
    "--year",
    type=click.IntRange(FIRST_YEAR, LAST_YEAR),
    metavar="年",
    help="哪一年的（签订台账、入退档登记、工作明细账、归档文件目录），默认今年。",
)
@click.option("--on", "day", type=DAY, metavar="日期", help="哪一天的情况（按当天所知），默认今天。")
@click.option("--town", metavar="镇", help="只写一个乡镇：名称或代码。")
@click.option("--village", metavar="村", help="只写一个村：村名或代码。")
@click.option(
    "--out", required=True, type=FOLDER, metavar="文件夹", help="台账写到这里；已有的文件不会覆盖。"
)
def ledger(
    kind: str, year: int | None, day: date | None, town: str | None, village: str | None, out: Path
) -> None:
    home, on = session().open_home(), day or session().actor().today
    names = names_of(home)
    code = town_or_village(Divisions(names.divisions), town, village) or ""
    writer = _Writer(names, Ledger(kind), year or on.year, on, code, out)
    with home.reading() as connection:
        files = writer.write(connection)
    lines = [f"写在 {file}。" for file in files] or ["没有要登记的，没有写文件。"]
    value = {"ledger": kind, "year": writer.year, "on": str(on), "files": [str(file) for file in files]}
    emit(value | {"rows": writer.rows}, [f"{writer.rows} 行。", *lines])


class _Writer:
    """Writes a ledger's files; `rows` are those of its lists, sums not counted."""

    def __init__(self, names: Names, kind: Ledger, year: int, on: date, code: str, out: Path) -> None:
        self._names, self._kind, self.year, self._on, self._code, self._out = names, kind, year, on, code, out
        self.rows = 0

    def write(self, connection: Connection) -> list[Path]:
        """Write the files. Raises FileExists before anything is written, OSError."""
        if self._kind is Ledger.CATALOGUE:
            return self._catalogue(connection)
        rows = None
        if self._kind is Ledger.CARDS:
            frame = contracts(connection, self._on)
            rows = papers_of_households(connection, frame, str(self._on), self._names).filter(self._within)
        books = [book for book in self._books(connection, rows) if book.tables[0].frame.height]
        files = [self._file(f"{book.name}.xlsx") for book in books]
        pdf = self._file(f"{CARD}-{self._on}.pdf") if rows is not None and books else None
        self._refuse([*files, *([pdf] if pdf else [])])
        self.rows = sum(book.tables[0].frame.height for book in books)
        with progress("写台账（行）", self.rows * (2 if pdf else 1)) as bar:
            for book, file in zip(books, files, strict=True):
                write_book(file, book.tables, session().actor().today, bar.advance)
            if pdf is not None and rows is not None:
                pages, made = card_pages(rows, heads(connection, str(self._on)), str(self._on)), io.BytesIO()
                write_pages(made, CARD, pages, FOOT, bar.advance)
                with pdf.open("xb") as written:
                    written.write(made.getbuffer())
        return [*files, *([pdf] if pdf else [])]

    @property
    def _within(self) -> pl.Expr:
        village = pl.col("village").cast(pl.String)
        return village.str.starts_with(self._code) if self._code else pl.lit(True)

    def _books(self, connection: Connection, rows: pl.DataFrame | None) -> Iterator[Book]:
        on, names = str(self._on), self._names
        if rows is not None:
            return cards(rows, on, names)
        if self._kind is Ledger.CORRECTIONS:
            found = audit(connection, self._on).within(self._within)
            return corrections(connection, found, self.year, names)
        frame = contracts(connection, self._on)
        if self._kind is Ledger.TRANSFERS:
            return transfers(connection, frame, self._within, self.year, on, names)
        frame = frame.filter(self._within)
        if self._kind is Ledger.SIGNING:
            return signing(connection, frame, self.year, names)
        return returns(connection, frame, on, names)

    def _catalogue(self, connection: Connection) -> list[Path]:
        """归档文件目录 as a package has it, a workbook a town."""
        names, actor = self._names, session().actor()
        villages = [one for one in names.divisions if len(one) > TOWN_DIGITS and one.startswith(self._code)]
        towns: dict[str, list[str]] = {}
        for village in villages:
            towns.setdefault(village[:TOWN_DIGITS], []).append(village)
        found = {
            town: filed_numbers(connection, self._on, villages=frozenset(of_it), year=self.year)
            for town, of_it in sorted(towns.items())
        }
        files = {
            town: self._file(f"{CATALOGUE}-{self.year}-{names.divisions.get(town, town)}.xlsx")
            for town, numbers in found.items()
            if numbers
        }
        self._refuse(list(files.values()))
        self.rows = sum(map(len, found.values()))
        with progress("写目录（份）", self.rows) as bar:
            for town, file in files.items():
                papers = []
                for paper in papers_of(connection, found[town], (names.divisions, names.titles), self._on):
                    papers.append(paper)
                    bar.advance()
                title = f"{names.divisions.get(town, town)}{self.year} 年{CATALOGUE}（{len(papers)} 份）"
                with new_workbook(file, title, actor.today) as book:
                    catalogue_sheet(book, title, papers)
        return list(files.values())

    def _file(self, name: str) -> Path:
        return self._out / name

    def _refuse(self, files: Sequence[Path]) -> None:
        refuse_existing(*files)
        if files:
            self._out.mkdir(parents=True, exist_ok=True)
