"""Sentences written out from figures, for every document."""

from collections.abc import Iterator

from archive.reports.compared import Compared, Row
from archive.reports.figures import DEFINITIONS, Count, Rate
from archive.reports.tables import change

VOLUNTARY = "签订自愿。未签（自愿）的不在任何率的分母里，也不在任何名单里，只有一个总数。"


def as_of(compared: Compared) -> str:
    """The day that the figures stand for."""
    so_far = "" if compared.over else "（本期还没有结束）"
    return f"统计到{day_in_words(compared.on)}{so_far}"


def day_in_words(day: object) -> str:
    """2026-04-05 as 2026年4月5日."""
    year, month, number = str(day).split("-")
    return f"{year}年{int(month)}月{int(number)}日"


def overall(compared: Compared) -> Iterator[str]:
    """How all contracts stand."""
    row = compared.total
    now = row.now
    yield (
        f"{as_of(compared)}，{compared.period.year}年安排的合同应签{now[Count.DUE]}份，已打印{now[Count.PRINTED]}份，"
        f"回收{now[Count.FILED]}份，收齐{now[Count.COMPLETE]}份，其中在归档期限内收齐{now[Count.IN_TIME]}份。"
        f"另有{now[Count.DECLINED]}份本人未签（自愿）。"
    )
    yield (
        "；".join(f"{one.name}{_with_changes(compared, row, rate)}" for rate, one in DEFINITIONS.items())
        + "。"
    )


def of_place(compared: Compared, label: str, row: Row) -> str:
    """How a town's or village's papers stand, in a sentence or two."""
    now = row.now
    if not now[Count.DUE]:
        return f"{label}：{compared.period.year}年没有应签的合同。"
    out, lacking = now[Count.PRINTED] - now[Count.FILED], now[Count.FILED] - now[Count.COMPLETE]
    left = [f"打印后没有收回{out}份"] * bool(out) + [f"收回后不齐{lacking}份"] * bool(lacking)
    return (
        f"{label}：应签{now[Count.DUE]}份，收齐{now[Count.COMPLETE]}份，"
        f"合同签订率{_with_changes(compared, row, Rate.SIGNED)}；回收率{_with_changes(compared, row, Rate.RETURNED)}；"
        f"{'，'.join(left) or '打印的都已收齐'}。"
    )


def _with_changes(compared: Compared, row: Row, rate: Rate) -> str:
    """95.2%（比上期高1.2个百分点，与上年同期持平）."""
    said = [
        f"比{called}{'高' if tenths > 0 else '低'}{change(abs(tenths))[1:]}个百分点"
        if tenths
        else f"与{called}持平"
        for called, since in compared.earlier.items()
        if (tenths := row.change(rate, since)) is not None
    ]
    share = row.now.share(rate)
    shown = "没有可算的" if share.tenths is None else str(share)
    return f"{shown}（{'，'.join(said)}）" if said else shown
