"""Where every sheet of a campaign's printed contracts is: filed, pulled, or still out.

Pulled are the sheets of a contract that was closed (closings.py: in which way, and by whom); what of it was
filed before stays filed. So `sheets == filed + pulled + out`. As known on a date.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from archive.catalogue import tables
from archive.states import closing_holds, closing_rank, filed_whole, newest_filing


@dataclass(frozen=True, slots=True)
class Count:
    """Printed contracts and their sheets; `pulled` by the way of closing, zero left out.

    `short` are contracts with a sheet out, `blanks` those printed without a party, `review` pages of theirs
    that wait to be looked at. `unprinted` contracts are in none of the other numbers.
    """

    contracts: int = 0
    blanks: int = 0
    sheets: int = 0
    filed: int = 0
    pulled: Mapping[str, int] = field(default_factory=dict)
    out: int = 0
    short: int = 0
    review: int = 0
    unprinted: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.contracts + other.contracts,
            self.blanks + other.blanks,
            self.sheets + other.sheets,
            self.filed + other.filed,
            dict(sorted((Counter(self.pulled) + Counter(other.pulled)).items())),
            self.out + other.out,
            self.short + other.short,
            self.review + other.review,
            self.unprinted + other.unprinted,
        )

    @property
    def settled(self) -> bool:
        """Whether no sheet is out and no page waits."""
        return not self.out and not self.review


@dataclass(frozen=True, slots=True)
class SheetCounts:
    """A campaign's counts by village code and by template name; both add up to `total`."""

    villages: Mapping[str, Count]
    templates: Mapping[str, Count]

    @property
    def total(self) -> Count:
        return sum(self.villages.values(), Count())


@dataclass(frozen=True, slots=True)
class Out:
    """A printed contract with sheets out, and which; `printed_on` is "" where it was never marked printed."""

    number: str
    template: str
    village: str
    group: int
    household: str
    party: str
    responsible: str
    blank: bool
    printed_on: str
    sheets: tuple[int, ...]


def count_sheets(connection: Connection, campaign_id: int, on: str) -> SheetCounts:
    """Count a campaign's sheets as known on a date (ISO), by village and by template."""
    each = _each(campaign_id, on).cte("each")
    closed, out = each.c.kind.is_not(None), each.c.sheets - each.c.filed
    rows = connection.execute(
        select(
            each.c.village_code,
            each.c.template,
            each.c.kind,
            each.c.printed,
            func.count().label("contracts"),
            func.sum(case((each.c.blank, 1), else_=0)).label("blanks"),
            func.sum(each.c.sheets).label("sheets"),
            func.sum(each.c.filed).label("filed"),
            func.sum(case((out > 0, 1), else_=0)).label("short"),
        )
        .where(each.c.printed | ~closed)
        .group_by(each.c.village_code, each.c.template, each.c.kind, each.c.printed)
    )
    villages: defaultdict[str, Count] = defaultdict(Count)
    templates: defaultdict[str, Count] = defaultdict(Count)
    for row in rows:
        left = row.sheets - row.filed
        if not row.printed:
            count = Count(unprinted=row.contracts)
        elif row.kind is None:
            count = Count(row.contracts, row.blanks, row.sheets, row.filed, {}, left, row.short)
        else:
            pulled = {row.kind: left} if left else {}
            count = Count(row.contracts, row.blanks, row.sheets, row.filed, pulled)
        villages[row.village_code] += count
        templates[row.template] += count
    for row in connection.execute(_in_review(campaign_id)):
        villages[row.village_code] += Count(review=row.pages)
        templates[row.template] += Count(review=row.pages)
    return SheetCounts(dict(sorted(villages.items())), dict(sorted(templates.items())))


def unplaced_pages(connection: Connection) -> int:
    """How many pages wait in review that nobody knows the contract of."""
    review = tables.review
    waiting = select(func.count()).where(review.c.decision == "", review.c.contract.is_(None))
    return connection.execute(waiting).scalar_one()


def sheets_out(connection: Connection, campaign_id: int, on: str) -> Iterator[Out]:
    """The contracts with sheets out as known on a date (ISO), by village, group and number, blank ones last."""
    contract, filed_sheet, party = tables.contract, tables.filed_sheet, tables.party
    each = _each(campaign_id, on).cte("each")
    short = and_(each.c.printed, each.c.kind.is_(None), each.c.sheets > each.c.filed)
    there: defaultdict[str, set[int]] = defaultdict(set)
    partly = select(each.c.number, filed_sheet.c.sheet).join(
        filed_sheet, filed_sheet.c.filing_id == each.c.filing_id
    )
    for number, sheet in connection.execute(partly.where(short, each.c.filed > 0)):
        there[number].add(sheet)
    names = (
        select(func.group_concat(party.c.name, "、"))
        .where(party.c.contract == each.c.number, party.c.name != "")
        .scalar_subquery()
    )
    query = (
        select(
            contract.c.number,
            contract.c.template,
            contract.c.village_code,
            contract.c.group_no,
            contract.c.household_number,
            func.coalesce(names, "").label("party"),
            contract.c.responsible,
            contract.c.blank,
            func.coalesce(contract.c.printed_on, "").label("printed_on"),
            each.c.sheets,
        )
        .join(contract, contract.c.number == each.c.number)
        .where(short)
        .order_by(contract.c.village_code, contract.c.blank, contract.c.group_no, contract.c.number)
    )
    for row in connection.execution_options(stream_results=True).execute(query):
        filed = there.get(row.number, set[int]())
        yield Out(*row[:9], tuple(sheet for sheet in range(1, row.sheets + 1) if sheet not in filed))


def _each(campaign_id: int, on: str) -> Select[tuple[object, ...]]:
    """Every contract of a campaign: whether printed, its sheets, how many are filed, and how it was closed.

    One that came back without having been marked printed was printed. What is filed whole has no other sheet,
    whatever it was printed on since; while a sheet is missing, there is one more than are filed at least.
    """
    contract, filing = tables.contract, tables.filing
    filed = func.coalesce(filing.c.sheets, 0)
    more = case((filing.c.gaps.contains("incomplete"), 1), else_=0)
    at_least = func.max(func.coalesce(contract.c.sheets, 0), case((filed > 0, filed + more), else_=0))
    sheets = case((filed_whole(filing), filed), else_=at_least)
    printed = func.coalesce(contract.c.printed_on <= on, False) | (filed > 0)
    return (
        select(
            contract.c.number,
            contract.c.village_code,
            contract.c.template,
            contract.c.blank,
            printed.label("printed"),
            sheets.label("sheets"),
            filed.label("filed"),
            filing.c.id.label("filing_id"),
            _closed_as(on).label("kind"),
        )
        .select_from(contract.outerjoin(filing, newest_filing(filing, on)))
        .where(contract.c.campaign_id == campaign_id, contract.c.planned_on <= on)
    )


def _closed_as(on: str) -> ColumnElement[str | None]:
    """How a contract was closed: of several ways the one that holds, of those alike the one recorded last."""
    closing = tables.closing
    return (
        select(closing.c.kind)
        .where(closing.c.contract == tables.contract.c.number, closing_holds(closing, on))
        .order_by(closing_rank(closing).desc(), closing.c.id.desc())
        .limit(1)
        .correlate(tables.contract)
        .scalar_subquery()
    )


def _in_review(campaign_id: int) -> Select[tuple[str, str, int]]:
    """Pages that wait in review and whose code names a contract of the campaign, by village and template."""
    contract, review = tables.contract, tables.review
    return (
        select(contract.c.village_code, contract.c.template, func.count().label("pages"))
        .join(review, review.c.contract == contract.c.number)
        .where(review.c.decision == "", contract.c.campaign_id == campaign_id)
        .group_by(contract.c.village_code, contract.c.template)
    )
