"""`huyue report`: figures of a period, the bulletin, the yearly self-check, and the contracts behind a figure."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
import polars as pl

from archive.audit.contracts import Facts
from archive.audit.contracts import contracts as standing
from archive.audit.findings import Audit, audit_of
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.reports import bulletin as bulletins
from archive.reports import selfcheck as selfchecks
from archive.reports import wording
from archive.reports.compared import compare, dates_of, day_of
from archive.reports.contract_list import write_contract_list
from archive.reports.document import Document
from archive.reports.figures import COUNTS, DEFINITIONS, LISTED, members
from archive.reports.period_json import period_json
from archive.reports.period_report import levels, period_report
from archive.reports.periods import WRITTEN, Period
from archive.reports.tables import Tables
from archive.reports.xlsx_form import write_xlsx
from archive.search_names import Names
from pipeline import fonts
from pipeline.commands.villages import VILLAGES, village_codes
from pipeline.console import (
    FIRST_YEAR,
    FOLDER,
    LAST_YEAR,
    Command,
    Group,
    emit,
    progress,
    refuse_existing,
    session,
)
from pipeline.divisions import TOWN_DIGITS, Divisions
from pipeline.errors import TemplateUnknown
from pipeline.indexing import names_of
from pipeline.paper_place import place_name, town_or_village

FORMS = ("xlsx", "docx", "pdf", "html")
LEVELS = ("town", "village", "group")
FIGURES = {name: count for count in LISTED for name in (COUNTS[count], str(count))}
SHOWN = 20  # contracts that are shown as text


class PeriodType(click.ParamType[Period]):
    """A period that has begun."""

    name = "period"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        try:
            period = value if isinstance(value, Period) else Period.parse(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)
        if period.first > session().actor().today:
            self.fail(f"{period.name}还没有开始，没有可统计的。", param, ctx)
        return period


class Forms(click.ParamType[tuple[str, ...]]):
    """Forms with commas between them."""

    name = "forms"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        wanted = (
            value if isinstance(value, tuple) else tuple(str(value).lower().replace("，", ",").split(","))
        )
        unknown = [one for one in wanted if one not in FORMS]
        if unknown:
            self.fail(f"没有“{'、'.join(unknown)}”这种格式，可以写 {','.join(FORMS)}。", param, ctx)
        return tuple(dict.fromkeys(wanted))


class OutFile(click.Path):
    """A file to write, of one of some kinds, that is not there yet."""

    def __init__(self, *endings: str) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._endings = endings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(super().convert(value, param, ctx)))
        if path.suffix.lower() not in self._endings:
            self.fail(f"文件名要以 {' 或 '.join(self._endings)} 结尾。", param, ctx)
        refuse_existing(path)
        return path


PERIOD = click.argument("period", type=PeriodType(), metavar="统计期")
TOWN = click.option("--town", metavar="镇", help="只统计一个乡镇：名称或代码。")


@click.group(
    cls=Group,
    short_help="统计报表、通报、年度自查报告，和一个数字后面的合同清单。",
    help=f"统计报表、通报、年度自查报告。只统计纸件，不评价人。统计期写成 {WRITTEN}。",
    epilog="例：huyue --home 档案库 report period 2026-Q1 --out 报表；report bulletin 2026-Q1 --out 通报.docx；"
    "report selfcheck 2026 --out 自查报告.docx；report contracts 2026-Q1 --figure 回收",
)
def report() -> None:
    """The commands below."""


@report.command(
    cls=Command,
    short_help="一个统计期的报表：签订率、回收率、及时率、完整率、到期率。",
    epilog="例：huyue --home 档案库 report period 2026-Q1 --out 报表 --format xlsx,docx --by village",
    help="统计合同签订率、回收率、归档及时率、完整率、到期率，与上期、上年同期比，按镇、村、组、合同分列，写成 Excel、Word、PDF 和网页。"
    "每个率的算法印在表下。已有的文件不会覆盖。",
)
@PERIOD
@click.option("--out", type=FOLDER, metavar="文件夹", help="报表写到这里；不写只显示总体情况。")
@click.option(
    "--format",
    "forms",
    type=Forms(),
    default=",".join(FORMS),
    metavar="格式",
    help="xlsx,docx,pdf,html 里的几种，默认都写。",
)
@click.option(
    "--by",
    type=click.Choice(LEVELS),
    default="village",
    help="分到镇（town）、村（village）还是组（group），默认村。",
)
@TOWN
@VILLAGES
def period(
    period: Period,
    out: Path | None,
    forms: tuple[str, ...],
    by: str,
    town: str | None,
    villages: Sequence[str],
) -> None:
    files = [out / f"统计报表-{period}.{form}" for form in forms] if out else []
    refuse_existing(*files)
    tables, place = _tables(period, town, villages, period.steps())
    if out:
        out.mkdir(parents=True, exist_ok=True)
        document, day = period_report(tables, place, by), session().actor().today
        with progress("写报表（份）", len(files)) as bar:
            for file in files:
                if file.suffix == ".xlsx":
                    write_xlsx(file, document.title, tables, levels(tables, by), day)
                else:
                    _write(file, document)
                bar.advance()
    value = period_json(tables, levels(tables, by))
    emit(value | {"files": [str(file) for file in files]}, _lines(tables, files))


@report.command(
    cls=Command,
    short_help="通报：各村合同纸件的情况，按村的代码排列，不排名次。",
    epilog="例：huyue --home 档案库 report bulletin 2026-Q1 --out 通报.docx",
    help="写一份通报：各村合同纸件的回收、归档情况，按村的代码排列，不排名次，没有人名。写成 Word（可以再改）或 PDF。",
)
@PERIOD
@click.option(
    "--out", type=OutFile(".docx", ".pdf"), required=True, metavar="文件", help="通报.docx 或 通报.pdf。"
)
@TOWN
def bulletin(period: Period, out: Path, town: str | None) -> None:
    tables, place = _tables(period, town, (), ())
    _write(out, bulletins.bulletin(tables, place))
    emit({"period": str(period), "file": str(out)}, [f"通报在 {out}。请看过、改好再发。"])


@report.command(
    cls=Command,
    short_help="年度档案检查自查报告（Word，可以再改）。",
    epilog="例：huyue --home 档案库 report selfcheck 2026 --out 自查报告.docx",
    help="写年度档案检查自查报告：总体情况、检查内容、发现的问题（按种类、按村）；原因、整改措施留空，由人填写。",
)
@click.argument("year", type=click.IntRange(FIRST_YEAR, LAST_YEAR), metavar="年")
@click.option("--out", type=OutFile(".docx"), required=True, metavar="文件", help="自查报告.docx。")
def selfcheck(year: int, out: Path) -> int:
    period = PeriodType().convert(str(year), None, click.get_current_context())
    tables, found = _audited(period)
    _write(out, selfchecks.selfcheck(tables, found))
    counts = {str(cls): count for cls, count in found.counts.items()}
    said = [
        f"自查报告在 {out}。查到问题 {found.findings.height} 个。请填写单位名称、原因、整改措施，看过再报。"
    ]
    emit({"year": year, "on": str(found.on), "counts": counts, "file": str(out)}, said)
    return EXIT_LOOK if found.findings.height else EXIT_DONE


@report.command(
    cls=Command,
    short_help="报表里一个数字后面的合同清单。",
    epilog="例：huyue --home 档案库 report contracts 2026-Q1 --figure 回收 --village 冲洞村 --out 清单.xlsx",
    help="列出报表里一个数字（分子或分母）算进去的合同，和数字一份不差。未签（自愿）的没有清单。",
)
@PERIOD
@click.option("--figure", type=click.Choice(list(FIGURES)), required=True, help="哪一个数字。")
@click.option("--template", metavar="合同", help="只要一种合同：名称或编号。")
@click.option("--out", type=OutFile(".xlsx"), metavar="文件", help="另存 Excel 清单。")
@TOWN
@VILLAGES
def contracts(
    period: Period,
    figure: str,
    template: str | None,
    out: Path | None,
    town: str | None,
    villages: Sequence[str],
) -> None:
    home, today = session().open_home(), session().actor().today
    names, on = names_of(home), day_of(period, today)
    within, place = _within(names, town, villages)
    if template is not None:
        within &= pl.col("template").cast(pl.String) == _template(names, template)
    count = FIGURES[figure]
    with home.reading() as connection:
        found = members(standing(connection, on).filter(within), period.year, count)
    title = f"{place}{period.name}“{COUNTS[count]}”的合同（{on}，{found.height} 份）"
    if out is not None:
        write_contract_list(out, title, found, names, today)
    numbers = found["number"].to_list()
    lines = [title, *numbers[:SHOWN]] + [f"……（一共 {len(numbers)} 份，用 --out 写出全部）"] * (
        len(numbers) > SHOWN
    )
    value = {"period": str(period), "on": str(on), "figure": str(count), "contracts": numbers}
    emit(value, [*lines, *([f"清单在 {out}。"] if out else [])])


def _tables(
    period: Period, town: str | None, villages: Sequence[str], steps: Sequence[Period]
) -> tuple[Tables, str]:
    """The period's figures with what codes are called, and the place that they are confined to."""
    home = session().open_home()
    names = names_of(home)
    within, place = _within(names, town, villages)
    with home.reading() as connection:
        facts = Facts.read(connection, names=False)
    return _compared(names, lambda day: facts.on(day).filter(within), period, steps), place


def _audited(period: Period) -> tuple[Tables, Audit]:
    """The year's figures, and the audit as of the same day."""
    home = session().open_home()
    names = names_of(home)
    with home.reading() as connection:
        facts = Facts.read(connection, names=False)
        found = audit_of(connection, facts, day_of(period, session().actor().today))
    return _compared(names, facts.on, period, ()), found


def _compared(
    names: Names, contracts_of: Callable[[date], pl.DataFrame], period: Period, steps: Sequence[Period]
) -> Tables:
    today = session().actor().today
    with progress("统计（天）", len(dates_of(period, today, steps))) as bar:

        def counted(day: date) -> pl.DataFrame:
            found = contracts_of(day)
            bar.advance()
            return found

        return Tables(compare(counted, period, today, steps), names)


def _within(names: Names, town: str | None, villages: Sequence[str]) -> tuple[pl.Expr, str]:
    """What contracts are counted, as an expression over their columns; the place's name, "" for all."""
    divisions = Divisions(names.divisions)
    if len(villages) > 1 and town is None:
        codes = village_codes(names, villages)
        called = place_name(divisions, codes[0])
        within = pl.col("village").cast(pl.String).is_in(codes)
        return within, f"{called}等{len(codes)}个村" if len(codes) > 1 else called
    code = town_or_village(divisions, town, villages[0] if villages else None)
    if code is None:
        return pl.lit(True), ""
    column, value = ("town", f"{code}000") if len(code) == TOWN_DIGITS else ("village", code)
    return pl.col(column).cast(pl.String) == value, place_name(divisions, code)


def _template(names: Names, written: str) -> str:
    for name, title in names.titles.items():
        if written in (name, title, names.numbers.get(name)):
            return name
    raise TemplateUnknown(name=written, names="、".join(names.titles.values()))


def _write(file: Path, document: Document) -> None:
    from archive.reports.forms import write_document  # with matplotlib and typst behind it

    fonts.style("hei")  # a machine without a Chinese font is told how to get one, instead of empty boxes
    write_document(file, document, session().actor().today)


def _lines(tables: Tables, files: Sequence[Path]) -> list[str]:
    now = tables.compared.total.now
    rates = [
        f"  {one.name}　{now.share(rate)}（{now[one.numerator]}/{now[one.denominator]}）"
        for rate, one in DEFINITIONS.items()
    ]
    return [next(wording.overall(tables.compared)), *rates, *(f"报表在 {file}。" for file in files)]
