"""A search in two steps: what was typed, and where that is little, what sounds or looks like it as well."""

from archive.index.engine import Engine, Found
from archive.index.plan import plan
from archive.index.query import Query
from archive.index.words import Words

FEW = 20  # matches of exactly what was typed; with fewer, those alike are found too, after them


def find(
    engine: Engine, words: Words, query: Query, offset: int, limit: int, sort: str = "score"
) -> tuple[Found, int]:
    """A page of what is found, and how many of all are exactly what was typed."""
    exact = plan(query, words)
    if exact.loose:
        total = engine.total(exact)
        if total < FEW:
            return engine.search(plan(query, words, similar=True), offset, limit, sort), total
    found = engine.search(exact, offset, limit, sort)
    return found, found.total
