"""Closing a campaign: the counts of its sheets with a certificate, or what is not back yet, and where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select, update

from archive import journal
from archive.catalogue import tables
from archive.home import Home
from archive.journal import Actor
from archive.search import Names
from archive.sheet_counts import Count, Out, SheetCounts, count_sheets, sheets_out, unplaced_pages
from archive.states import KINDS
from archive.workbook import GRID, list_sheet, new_workbook, part_folder
from archive.workbook_rows import Rows
from pipeline.campaigns import Campaign, find_campaign
from pipeline.certificate import Certificate, write_certificate
from pipeline.contracts import print_order
from pipeline.errors import CampaignNotPrinted, FileExists, PrintedLater

FIRST = 3  # numbers that are named of a village
SHOWN = 40  # villages that are listed on the screen
UNSAFE = str.maketrans(dict.fromkeys('\\/:*?"<>|', "_"))
COLUMNS = (
    ("序号", 6),
    ("合同编号", 31),
    ("合同名称", 26),
    ("村", 24),
    ("组", 5),
    ("户编号", 9),
    ("当事人", 18),
    ("联户责任人", 12),
    ("未收回的页", 16),
    ("打印日期", 12),
    ("下落", 20),
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a campaign's sheets stand: `certificate` is there if they are all accounted for.

    A closed campaign's is as it was counted then, and there are no `counts`. `first` are the first numbers of
    each village with sheets out; `unplaced` pages wait in review that nobody knows the contract of.
    """

    campaign: Campaign
    counts: SheetCounts | None
    certificate: Certificate | None
    first: Mapping[str, Sequence[str]]
    unplaced: int


def look(connection: Connection, campaign: Campaign, names: Names, actor: Actor) -> Look:
    """Count a campaign's sheets.

    Raises CampaignNotPrinted where none was ever printed, PrintedLater where some were after today.
    """
    kept = select(tables.campaign.c.counted).where(tables.campaign.c.id == campaign.id)
    counted = connection.execute(kept).scalar_one()
    if counted is not None:
        return Look(campaign, None, msgspec.json.decode(counted, type=Certificate), {}, 0)
    last = connection.execute(
        select(func.max(tables.contract.c.printed_on)).where(tables.contract.c.campaign_id == campaign.id)
    ).scalar_one()
    if last is not None and last > actor.today.isoformat():
        raise PrintedLater(name=campaign.name, printed=last, today=actor.today)
    counts = count_sheets(connection, campaign.id, actor.today.isoformat())
    if not counts.total.contracts:
        raise CampaignNotPrinted(name=campaign.name)
    if counts.total.settled:
        return Look(campaign, counts, _certificate(connection, campaign, counts, names, actor), {}, 0)
    out = sheets_out(connection, campaign.id, actor.today.isoformat())
    first = {
        village: [one.number for one in islice(found, FIRST)]
        for village, found in groupby(out, key=lambda one: one.village)
    }
    return Look(campaign, counts, None, first, unplaced_pages(connection))


def close_campaign(home: Home, name: str, out: Path, names: Names, actor: Actor) -> Look:
    """Close a campaign whose sheets are all accounted for, with its certificate in `out`; else change nothing.

    A closed one's certificate is written again. Raises CampaignUnknown, CampaignNotPrinted, FileExists for
    another file in the certificate's place, OSError where it cannot be written.
    """
    with part_folder(out) as parts:
        whole = parts / "whole.pdf"
        with home.writing() as connection:
            found = look(connection, find_campaign(connection, name), names, actor)
            if found.certificate is None:
                return found
            with whole.open("wb") as file:
                write_certificate(file, found.certificate)
            if out.exists() and out.read_bytes() != whole.read_bytes():
                raise FileExists(file=out)
            if found.counts is not None:
                _record(connection, found.campaign, found.certificate, actor)
        whole.replace(out.resolve())
    return found


def certificate_name(campaign: str) -> Path:
    """What the certificate's file is called if nobody says."""
    return Path(f"签约批次清点证明-{campaign.translate(UNSAFE)}.pdf")


def _certificate(
    connection: Connection, campaign: Campaign, counts: SheetCounts, names: Names, actor: Actor
) -> Certificate:
    template = tables.template
    numbers = {row.name: row.number for row in connection.execute(select(template.c.name, template.c.number))}
    return Certificate(
        campaign=campaign.name,
        day=campaign.day,
        closes=campaign.closes,
        closed_on=actor.today,
        user=actor.user,
        villages=[(names.village(code), count) for code, count in counts.villages.items()],
        templates=[
            (names.titles[name], counts.templates[name])
            for name in sorted(counts.templates, key=lambda name: numbers[name])
        ],
    )


def _record(connection: Connection, campaign: Campaign, certificate: Certificate, actor: Actor) -> None:
    counted = msgspec.json.encode(certificate).decode()
    connection.execute(
        update(tables.campaign)
        .where(tables.campaign.c.id == campaign.id)
        .values(closed_on=actor.today.isoformat(), counted=counted)
    )
    total = certificate.total
    detail = {"contracts": total.contracts, "sheets": total.sheets, "filed": total.filed, **total.pulled}
    journal.record(connection, actor, "campaign_close", campaign.name, detail)


def look_json(found: Look, certificate: Path | None) -> dict[str, object]:
    """As `campaign close --json` has it; by village only what is not settled or was never printed."""
    total = found.certificate.total if found.certificate else Count()
    villages: list[dict[str, object]] = []
    if found.counts is not None:
        total = found.counts.total
        villages = [
            {"village": code, "contracts_out": one.short, "out": one.out, "review": one.review}
            | {"unprinted": one.unprinted, "first": list(found.first.get(code, ()))}
            for code, one in found.counts.villages.items()
            if not one.settled or one.unprinted
        ]
    closed = found.certificate if certificate is not None or found.counts is None else None
    return {
        "campaign": found.campaign.name,
        "closed": "" if closed is None else closed.closed_on.isoformat(),
        "contracts": total.contracts,
        "blanks": total.blanks,
        "sheets": total.sheets,
        "filed": total.filed,
        "pulled": {kind: total.pulled.get(kind, 0) for kind in KINDS},
        "out": total.out,
        "review": total.review,
        "unprinted": total.unprinted,
        "villages": villages,
        "certificate": None if certificate is None else str(certificate),
    }


def missing_lines(found: Look, names: Names) -> Iterator[str]:
    """What is not back yet: in all, then by village."""
    assert found.counts is not None  # noqa: S101
    total = found.counts.total
    yield f"签约批次“{found.campaign.name}”还不能办结：{_missing(total)}。"
    yield f"打印 {total.contracts} 份 {total.sheets} 页：已归档 {total.filed} 页，抽出 {sum(total.pulled.values())} 页，未收回 {total.out} 页。"
    open_ones = [(code, one) for code, one in found.counts.villages.items() if not one.settled]
    for code, one in open_ones[:SHOWN]:
        first = "、".join(found.first.get(code, ()))
        more = "……" if one.short > FIRST else ""
        yield f"  {names.village(code)}：{_missing(one)}" + (f"（{first}{more}）" if first else "")
    if len(open_ones) > SHOWN:
        yield f"  ……其余 {len(open_ones) - SHOWN} 个村，请加 --list 或 --json 查看。"
    if found.unplaced:
        yield f"待核的另有 {found.unplaced} 页看不出是哪份合同，里面也许有没收回的页，见 huyue review list。"
    if total.review:
        yield "待核的页，请用 huyue review list 看，逐页归档或定为不归档。"
    if total.out:
        yield "纸还在外面的，收回来扫描收件；不再要的，用 huyue close 登记（空白合同用 huyue blank void），再来清点。"


def _missing(one: Count) -> str:
    parts = [f"{one.short} 份 {one.out} 页没有收回"] if one.out else []
    parts += [f"{one.review} 页待核"] if one.review else []
    parts += [f"{one.unprinted} 份没有打印过"] if one.unprinted else []
    return "，".join(parts)


def write_out_list(
    connection: Connection, path: Path, campaign: Campaign, names: Names, actor: Actor
) -> None:
    """Write the list of what is out, by village, group and household, for a person to go through.

    Raises FileExists for one that is there: it may be filled in; OSError where it cannot be written.
    """
    if path.exists():
        raise FileExists(file=path)
    title = f"{campaign.name}未收回合同清单（{actor.today}）"
    with new_workbook(path, title, actor.today) as book:
        sheet = list_sheet(book, "未收回", title, COLUMNS)
        rows = Rows(sheet, [book.add_format(GRID)] * len(COLUMNS))
        out = sheets_out(connection, campaign.id, actor.today.isoformat())
        for line, one in enumerate(_by_household(out), 2):
            who = one.party or ("（空白合同）" if one.blank else "")
            place = (names.village(one.village), one.group or None, one.household)
            paper = (f"第 {'、'.join(map(str, one.sheets))} 页", one.printed_on, None)
            what = (one.number, names.titles[one.template])
            rows.write(line, (line - 1, *what, *place, who, one.responsible, *paper))


def _by_household(out: Iterator[Out]) -> Iterator[Out]:
    """In the order of printing: blank ones last in their village."""
    for _, found in groupby(out, key=lambda one: one.village):
        yield from sorted(found, key=lambda one: print_order(one.blank, one.group, one.household, one.number))
