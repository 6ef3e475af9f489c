"""What `huyue sample` shows of a spot check: as JSON (docs/interfaces.md) and in Chinese."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from msgspec.structs import asdict

from archive.sample_check import CHINESE, By, Check, Item, Result, Wanted, numbers_of
from archive.sample_figures import CONFIDENCE, Figures
from pipeline.sample_list import OF, Paper
from pipeline.sample_workbook import rate_said

BY = {
    By.NONE: "不分层",
    By.VILLAGE: "按村分层",
    By.TEMPLATE: "按合同分层",
    By.RESPONSIBLE: "按联户责任人分层",
    By.FINDING: "按问题分层",
}


def summary(check: Check) -> dict[str, object]:
    """A check as `sample list --json` has it."""
    wanted = check.drawn.wanted
    results = [one.result for one in check.items]
    return {
        "id": check.id,
        "on": wanted.day,
        "seed": wanted.seed,
        "of": wanted.of,
        "by": wanted.by,
        **numbers_of(wanted.size),
        "drawn_on": check.drawn_on,
        "drawn_by": check.user,
        "papers": check.drawn.papers,
        "drawn": len(check.items),
        **{str(one): results.count(one) for one in Result},
        "waiting": check.waiting,
    }


def again(wanted: Wanted) -> str:
    """The command that gives the same sample again."""
    how = f"--on {wanted.day} --seed {quote(wanted.seed)} --of {wanted.of} --by {wanted.by}"
    size = " ".join(f"--{name} {value}" for name, value in asdict(wanted.size).items())
    return f"huyue sample draw {how} {size} --out 文件夹"


def item_json(item: Item, paper: Paper) -> dict[str, object]:
    """A paper as `sample show --json` has it."""
    return {
        "line": item.position,
        "contract": paper.number,
        "title": paper.title,
        "village": paper.village,
        "group": paper.group,
        "household": paper.household,
        "party": paper.party,
        "sheets": paper.sheets,
        "archival_number": paper.archival_number,
        "strata": item.pick.strata,
        "result": item.result,
        "note": item.note,
        "how": item.how,
        "user": item.user,
        "recorded_on": item.recorded_on,
        "ticked": item.ticked,
        "unsure": item.unsure,
        "waits": item.waits,
    }


def head(check: Check) -> str:
    """Which check it is, in a line."""
    wanted = check.drawn.wanted
    return (
        f"第 {check.id} 号抽查：{wanted.day} {OF[wanted.of]}合同 {check.drawn.papers} 份，{BY[wanted.by]}，"
        f"抽 {len(check.items)} 份，种子 {wanted.seed}"
    )


def counted(check: Check) -> str:
    """How far it has come, in a line."""
    results = [one.result for one in check.items]
    looked = len(results) - results.count(None)
    said = "，".join(f"{CHINESE[one]} {results.count(one)}" for one in Result)
    return f"看了 {looked} 份：{said}" + (f"；{check.waiting} 行打勾认不准" if check.waiting else "")


def item_line(item: Item, paper: Paper) -> str:
    """A paper in a line, with what was found, and what its line says where a person found otherwise."""
    found = CHINESE[item.result] if item.result else "打勾认不准" if item.waits else "没有登记"
    note = f"：{item.note}" if item.note else ""
    otherwise = item.ticked and item.ticked != (item.result,) and not item.waits
    ticks = f"（表上：{ticked(item)}）" if otherwise else ""
    return (
        f"{item.position}　{paper.number}　{paper.title}　{paper.place}　{paper.party}　{found}{note}{ticks}"
    )


def ticked(item: Item) -> str:
    """What is ticked in its line."""
    sure = [CHINESE[Result(one)] for one in item.ticked]
    return "、".join([*sure, *(f"{CHINESE[Result(one)]}？" for one in item.unsure)])


def result_lines(
    check: Check, named: Sequence[tuple[str, Figures]], total: Figures, out: Path | None
) -> Iterator[str]:
    """What `sample result` says; `named` are the strata's figures by their names."""
    yield head(check)
    if check.drawn.wanted.by is not By.NONE:
        yield from (f"  {name}：{_figures(one)}" for name, one in named)
    yield f"合计：{_figures(total)}"
    if total.looked < total.drawn:
        yield f"还有 {total.drawn - total.looked} 份没有登记；没有全部看完，推算就不可靠。"
    if check.waiting:
        yield f"有 {check.waiting} 行打勾认不准，请用 sample show {check.id} 看。"
    if out is not None:
        yield f"结果在 {out}。"


def _figures(one: Figures) -> str:
    rate, ends = rate_said(one)
    found = f"相符 {one.agrees}，不符 {one.differs}，没找到 {one.absent}"
    said = f"{one.size} 份里抽 {one.drawn} 份，看了 {one.looked} 份：{found}"
    said += f"；不相符率约 {rate}" if rate else ""
    return said + (f"（{CONFIDENCE}% 区间 {ends}）" if ends else "")
