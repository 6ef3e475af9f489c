"""What `roster check` and `roster import` say on the screen."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pipeline.divisions import Divisions
from pipeline.people import mask_id
from pipeline.roster.changes import AGES, DIED, MOVED, UNKNOWN, Changes, HomeKey, Someone
from pipeline.roster.columns import LABELS, REQUIRED
from pipeline.roster.problems import Problem, quoted
from pipeline.roster.reader import Roster
from pipeline.roster.table import Kind
from pipeline.roster.understood import ColumnReading, SheetReading, alike

SHOWN = 40  # problems listed; --json and --marked have all
ROWS_SHOWN = 10
_KINDS = {
    Kind.PERSON: "人员",
    Kind.HOUSEHOLD: "只写了户的",
    Kind.HEADER: "表头",
    Kind.TEXT: "标题、说明和签字",
    Kind.NOTHING: "空行和小计",
}


def reading_lines(sheets: Sequence[SheetReading]) -> Iterator[str]:
    """How each sheet was read; sheets with the same columns are told together."""
    for group in alike([one for one in sheets if one.header_rows]):
        for one in group:
            yield f"{_named(one)}：{_rows(one)}"
        yield from _columns(group[0])
        yield ""
    for one in sheets:
        if not one.used and one.rows:
            yield f"{_named(one)}：没有读，不是花名册（{sum(one.rows.values())} 行）"
        if one.used and one.hidden:
            yield f"{_named(one)}是隐藏的，照读。"
        if one.used and one.hidden_rows:
            listed = "、".join(map(str, one.hidden_rows[:ROWS_SHOWN]))
            more = "等" if len(one.hidden_rows) > ROWS_SHOWN else ""
            yield f"{_named(one)}有 {len(one.hidden_rows)} 行是隐藏的（第 {listed} 行{more}），照读。"


def roster_line(found: Roster) -> str:
    """Households and persons in one line."""
    persons = sum(len(household.members) for household in found.households)
    accepted = sum(len(household.accepted) for household in found.households)
    departed = sum(len(household.departed) for household in found.households)
    gone = f"；另有 {departed} 人注明已去世或迁出，不算在内" if departed else ""
    return (
        f"{found.year} 年花名册：{len(found.households)} 户，{persons} 人，其中 {accepted} 人没有问题{gone}。"
    )


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """The first problems, and how many there are."""
    if not problems:
        yield "没有发现问题。"
        return
    errors = Counter(problem.severity for problem in problems)
    yield f"发现 {len(problems)} 处问题（错误 {errors['error']}，提醒 {errors['warning']}）："
    for problem in problems[:SHOWN]:
        yield f"  {Path(problem.file).name} {problem.message}"
    if len(problems) > SHOWN:
        yield f"  ……其余 {len(problems) - SHOWN} 处请加 --json 或 --marked 查看。"


def change_lines(changes: Changes, divisions: Divisions, *, written: bool) -> Iterator[str]:
    """What an import changes, or has changed, by kind; the first ones of each by name."""

    village = lru_cache(divisions.plain_name)

    def place(home: HomeKey) -> str:
        code, group, number = home
        return f"{village(code)}{f'{group}组' if group else ''}{quoted(number)}户"

    if changes.doubtful:
        yield f"请核对：号码与别村另一个名字的人相同 {len(changes.doubtful)} 人，已按同一人换村、改名算。号码写错的，请改正后再导入："
        for one in changes.doubtful:
            yield f"  {quoted(one.name)}（{place(one.home)}，号码 {mask_id(one.now)}，原来是{quoted(one.detail)}）"
    people: tuple[tuple[str, list[Someone], Callable[[Someone], str]], ...] = (
        ("新增", changes.joined, lambda one: ""),
        ("离开：注明去世", [one for one in changes.left if one.detail == DIED], lambda one: ""),
        ("离开：注明迁出", [one for one in changes.left if one.detail == MOVED], lambda one: ""),
        ("离开：原因没有写", [one for one in changes.left if one.detail == UNKNOWN], lambda one: ""),
        ("换了村", changes.moved, lambda one: f"原在{village(one.detail)}"),
        ("换了组或户", changes.rehoused, lambda one: ""),
        ("改了姓名", changes.renamed, lambda one: f"原名{quoted(one.detail)}"),
        ("改了公民身份号码（已确认是同一人）", changes.renumbered, lambda one: ""),
        ("婚姻状况变了", changes.marital, lambda one: f"原为{quoted(one.detail) or '空'}"),
        ("其他栏变了", changes.other, lambda one: one.detail),
        *(
            (f"满 {age} 岁", [one for one in changes.ages if one.detail == str(age)], lambda one: "")
            for age in AGES
        ),
    )
    for title, found, detail in people:
        if found:
            named = (
                f"{quoted(one.name)}（{'，'.join(filter(None, (place(one.home), detail(one))))}）"
                for one in found
            )
            yield _listed(f"{title} {len(found)} 人", named, len(found))
    homes = (
        (
            "换了户主",
            [f"{place(key)}（{quoted(old)}，现在是{quoted(new)}）" for key, old, new in changes.heads],
        ),
        ("分户", [f"{place(key)}分成{'、'.join(map(place, parts))}" for key, parts in changes.split]),
        ("并户", [f"{'、'.join(map(place, parts))}并成{place(key)}" for parts, key in changes.merged]),
        ("没有了的户", [place(key) for key in changes.gone]),
    )
    for title, lines in homes:
        if lines:
            yield _listed(f"{title} {len(lines)} 户", lines, len(lines))
    asked = [one for one in enumerate(changes.suggestions, start=1) if one[0] not in changes.confirmed]
    if asked:
        yield f"可能是同一人 {len(asked)} 对（同村、同名、同出生日期，号码不同）："
        for number, pair in asked:  # all of them: nobody can confirm what is not shown
            yield f"  {number}. {village(pair.village)} {quoted(pair.name)}：{mask_id(pair.old)} → {mask_id(pair.new)}"
        if written:
            yield "  这次按两个人导入了。核对证件，是同一人的，请先 roster undo，再加上 --same 和前面的序号导入。"
        else:
            yield "  核对证件，是同一人的，导入时加上 --same 和前面的序号，如 --same 1,3（都是就写 --same all）。"


def _listed(head: str, lines: Iterable[str], count: int) -> str:
    more = "……" if count > ROWS_SHOWN else ""
    return f"  {head}：{'、'.join(islice(lines, ROWS_SHOWN))}{more}"


def _named(one: SheetReading) -> str:
    sheet = f" 工作表“{one.sheet}”" if one.sheet else ""
    return f"{Path(one.file).name}{sheet}"


def _rows(one: SheetReading) -> str:
    first, last = one.header_rows or (0, 0)
    header = f"第 {first} 行" if first == last else f"第 {first} 至 {last} 行"
    counts = "，".join(f"{label} {one.rows[kind]}" for kind, label in _KINDS.items() if one.rows.get(kind))
    return f"表头在{header}；共 {sum(one.rows.values())} 行：{counts}"


def _columns(one: SheetReading) -> Iterator[str]:
    lines = [("列", "表里的栏名", "读作", "把握"), *map(_line, one.columns)]
    widths = [max(_width(line[column]) for line in lines) for column in range(3)]
    for line in lines:
        padded = (text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=False))
        yield f"  {'  '.join(padded)}  {line[3]}"
    if one.unread:
        yield f"  不读：{'、'.join(f'{letters} {label}' for letters, label in one.unread)}"
    if one.missing:
        optional = "、".join(LABELS[name] for name in one.missing if name not in REQUIRED)
        yield f"  表里没有（可以没有）：{optional}"


def _line(column: ColumnReading) -> tuple[str, str, str, str]:
    if column.again:
        sure = f"请核对：有两栏像“{LABELS[column.field]}”，这一栏没有读"
    elif column.good is None or not column.looked:
        sure = column.sure
    else:
        sure = f"{column.sure}（看了 {column.looked} 格，{column.good} 格相符）"
    if column.how == "对照":
        sure += "，按栏目对照"
    label = column.label if _width(column.label) <= 30 else column.label[:14] + "…"
    return column.letters, label, LABELS[column.field], sure


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
