"""Pages in an order, on tantivy, however far on.

Tantivy puts hits in order by a text by reading that of every one up to the page's end, in every segment: a second for
5,000. So every order has a number that it begins with; hits before a page are counted by it, and only those that share
it are put in order.
"""

import tantivy
from tantivy import FieldType, Occur, Order
from tantivy import Query as Clause

from archive.index.names import unpacked

PACKED = ("village_and_year", "rest")  # of a number: together they are its order
BEGINNINGS = {"number": PACKED[0], "by_village": "from_village", "by_end": "ends", "by_party": "from_party"}
BYTES = 6
NEAR = 100  # hits that are put in order by their texts
MOST_VALUES = 60_000  # that are counted; tantivy refuses more than 65,000 buckets


def beginning_of(key: str) -> int:
    """The first bytes of a text as a number, in the same order: of a million names' pinyin some 24,000."""
    return int.from_bytes(key.encode()[:BYTES].ljust(BYTES, b"\0"), "big")


def count_of(found: tantivy.SearchResult) -> int:
    """How many match, of a search that counted."""
    return int(found.count or 0)  # type: ignore[attr-defined]  # its stub forgets it


def ordered_numbers(
    schema: tantivy.Schema, searcher: tantivy.Searcher, clause: Clause, by: str, offset: int, limit: int
) -> tuple[list[str], int]:
    """The numbers on a page of those that match, in the order of a field of BEGINNINGS, and how many match."""
    # A page at the beginning, and all that is asked for at once, are read as quickly by their texts.
    far = offset + limit > NEAR and offset >= limit
    counts = _beginnings(searcher, clause, BEGINNINGS[by]) if far else []
    if not counts:
        if far and (total := count_of(searcher.search(clause, 1))) <= offset:
            return [], total
        found = searcher.search(clause, limit, order_by_field=by, order=Order.Asc, offset=offset)
        return [str(key).rpartition(" ")[2] for key, _ in found.hits], count_of(found)
    numbers: list[str] = []
    passed = 0
    for beginning, count in counts:
        if len(numbers) < limit and passed + count > offset:
            same = Clause.range_query(schema, BEGINNINGS[by], FieldType.Unsigned, beginning, beginning)
            within = Clause.boolean_query([(Occur.Must, clause), (Occur.Must, same)])
            inside, left = max(0, offset - passed), limit - len(numbers)
            if by == "number":
                rests = searcher.search(
                    within, left, count=False, order_by_field=PACKED[1], order=Order.Asc, offset=inside
                )
                numbers += [unpacked(beginning, rest) for rest, _ in rests.hits]
            elif by == "by_end":  # those that end on a day are in the order of their numbers
                numbers += ordered_numbers(schema, searcher, within, "number", inside, left)[0]
            else:
                found = searcher.search(within, left, order_by_field=by, order=Order.Asc, offset=inside)
                numbers += [str(key).rpartition(" ")[2] for key, _ in found.hits]
        passed += count
    return numbers, passed


def _beginnings(searcher: tantivy.Searcher, clause: Clause, name: str) -> list[tuple[int, int]]:
    """What the matches' order begins with, and how many begin so, in order; nothing where that cannot be told.

    As of too many beginnings, or of an index made before there were such numbers.
    """
    wanted = {"terms": {"field": name, "size": MOST_VALUES, "order": {"_key": "asc"}}}
    counted = searcher.aggregate(clause, {name: wanted})[name]
    if counted["sum_other_doc_count"]:
        return []
    return [(int(bucket["key"]), int(bucket["doc_count"])) for bucket in counted["buckets"]]
