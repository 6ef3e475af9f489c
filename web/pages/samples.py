"""Spot checks: drawn, the sheet on the screen to be ticked before the shelf, results. Of papers, not of people."""

from datetime import date

from starlette.responses import Response

from archive import sample_check
from archive.numbers import parse
from archive.sample import plain_seed
from archive.sample_check import CHINESE, By, Check, Item, Of, Result, Said
from archive.sample_figures import CONFIDENCE, Figures, figures
from pipeline.sample_list import OF, Paper, papers_of, stratum_name
from pipeline.sample_showing import BY, counted, head, ticked
from pipeline.sample_workbook import rate_said
from web.asked import Asked, page
from web.errors import BadForm, NotAllowed, NotFound
from web.pages.contract import journal_text
from web.roles import CHINESE as ROLES
from web.roles import Permission
from web.work import queued
from web.written import written_number

SIZES = {"number": "一共抽几份", "share": "每层抽百分之几", "confidence": "按把握和可容忍的不相符率"}
LIMIT = 100


@page("/samples", Permission.AUDIT)
def samples_page(asked: Asked) -> Response:
    """The checks that were drawn, and the form for another."""
    with asked.desk.home.reading() as connection:
        found = sample_check.checks(connection)
    mine = [(one, len(_seen(asked, one))) for one in reversed(found)]
    return asked.page(
        "samples.html",
        checks=[(one, OF[one.drawn.wanted.of], count) for one, count in mine if count],
        may_draw=_may_draw(asked),
        limited=asked.viewer.villages is not None,
        by=BY,
        of=OF,
        sizes=SIZES,
        today=asked.today,
    )


@page("/samples", Permission.RECORD, ("POST",))
def draw(asked: Asked) -> Response:
    """Draw a check, as a piece of work: its sheet is for paper and for the screen. It is of all villages."""
    if not _may_draw(asked):
        raise NotAllowed(role=ROLES[asked.viewer.role])
    by, of, day = asked.field("by"), asked.field("of"), asked.field("on") or asked.today.isoformat()
    if by not in set(By) or of not in set(Of):
        raise NotFound()
    command = ["sample", "draw", "--by", by, "--of", of, "--on", day, *_size(asked), *_seed(asked)]
    return queued(asked, "抽查", [[*command, "--out", "{out}"]])


@page("/samples/{sample}", Permission.AUDIT)
def sample_page(asked: Asked) -> Response:
    """A check's sheet, to be ticked, and what it says so far."""
    check, papers = _check(asked)
    items = [(item, papers[item.pick.contract]) for item in _seen(asked, check)]
    offset = min(written_number(asked.query("offset")), max(len(items) - 1, 0))
    whole = asked.viewer.villages is None
    parts, total = figures(check)
    by = check.drawn.wanted.by
    named = [(stratum_name(by, one.stratum, asked.names), one) for one in parts]
    results = [*(named if by is not By.NONE else []), ("合计", total)] if whole else []
    return asked.page(
        "sample.html",
        check=check,
        head=head(check) if whole else f"第 {check.id} 号抽查（{check.drawn.wanted.day}）",
        said=counted(check) if whole else _counted(items),
        items=items[offset : offset + LIMIT],
        total=len(items),
        offset=offset,
        limit=LIMIT,
        results=[(name, one, *_rate(one)) for name, one in results],
        confidence=CONFIDENCE,
        words=CHINESE,
        ticked=ticked,
    )


@page("/samples/{sample}/items", Permission.RECORD, ("POST",))
def tick(asked: Asked) -> Response:
    """Enter what was found of a paper; its line again."""
    check, papers = _check(asked)
    number, result, note = parse(asked.field("contract")), asked.field("result"), asked.field("note")
    seen = {item.pick.contract: item for item in _seen(asked, check)}
    if number is None or str(number) not in seen or result not in set(Result):
        raise NotFound()
    said = Said(str(number), Result(result), journal_text(note))
    if said.result is Result.DIFFERS and not said.note:
        raise BadForm(detail=f"第 {seen[str(number)].position} 行：不符的请写明哪里不符。")
    with asked.desk.home.writing() as connection:
        sample_check.record(connection, check, [said], asked.actor)
        check = sample_check.find_check(connection, check.id)
    item = next(one for one in check.items if one.pick.contract == str(number))
    if not asked.request.headers.get("HX-Request"):
        return asked.to(f"/samples/{check.id}")
    return asked.page(
        "sample_line.html",
        check=check,
        item=item,
        paper=papers[str(number)],
        words=CHINESE,
        ticked=ticked,
        saved=True,
    )


@page("/samples/{sample}/result", Permission.AUDIT, ("POST",))
def result_file(asked: Asked) -> Response:
    """The results as a workbook, as a piece of work; they are of all villages."""
    check, _ = _check(asked)
    if asked.viewer.villages is not None:
        raise NotAllowed(role=ROLES[asked.viewer.role])
    command = ["sample", "result", str(check.id), "--out", f"{{out}}/抽查结果-{check.id}.xlsx"]
    return queued(asked, f"第 {check.id} 号抽查的结果", [command])


def _may_draw(asked: Asked) -> bool:
    return asked.viewer.villages is None and asked.viewer.may(Permission.RECORD)


def _check(asked: Asked) -> tuple[Check, dict[str, Paper]]:
    """The check of the address and what is said of its papers, by number. Raises NotFound."""
    with asked.desk.home.reading() as connection:
        try:
            check = sample_check.find_check(connection, asked.number("sample"))
        except sample_check.SampleUnknown:
            raise NotFound() from None
        seen = [one.pick.contract for one in _seen(asked, check)]
        if not seen:
            raise NotFound()
        day = date.fromisoformat(check.drawn.wanted.day)
        papers = papers_of(connection, seen, day, asked.names)
    return check, {one.number: one for one in papers}


def _seen(asked: Asked, check: Check) -> list[Item]:
    return [one for one in check.items if asked.viewer.sees_contract(one.pick.contract)]


def _counted(items: list[tuple[Item, Paper]]) -> str:
    looked = sum(item.result is not None for item, _ in items)
    return f"您的村抽到 {len(items)} 份，看了 {looked} 份。"


def _rate(one: Figures) -> tuple[str, str]:
    rate, ends = rate_said(one)
    return rate or "—", ends or ""


def _size(asked: Asked) -> list[str]:
    """How many to draw, as options. Raises BadForm."""
    match asked.field("size"):
        case "number":
            return ["--number", _written(asked, "number")]
        case "share":
            return ["--share", _written(asked, "share")]
        case "confidence":
            both = ("confidence", "tolerable")
            return [part for name in both for part in (f"--{name}", _written(asked, name))]
    raise BadForm(detail="请选抽多少。")


def _written(asked: Asked, name: str) -> str:
    written = asked.field(name)
    if not written.replace(".", "", 1).isdecimal() or len(written) > 10:
        raise BadForm(detail="抽多少请写数字。")
    return written


def _seed(asked: Asked) -> list[str]:
    """The seed that was given, as an option. Raises BadForm."""
    written = asked.field("seed")
    if not written:
        return []
    try:
        return ["--seed", plain_seed(written)]
    except ValueError:
        raise BadForm(detail="种子请写 1 到 40 个字母、数字或汉字。") from None
