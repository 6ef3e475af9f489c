"""An index of each engine, and the search of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive.index.engine import ENGINES, FACETS, Engine, open_engine
from archive.index.query import parse
from tests.archive.index_documents import WORDS

Search = Callable[[str], list[str]]


@pytest.fixture(params=ENGINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(name: str, tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(name, tmp_path / "index", WORDS)
    yield opened
    opened.close()


@pytest.fixture
def search(engine: Engine) -> Search:
    """The numbers that a typed query finds, in order; facets and total must agree with them."""

    def run(typed: str) -> list[str]:
        found = engine.search(parse(typed), 0, 1000)
        assert found.total == len(found.hits)
        for facet in FACETS:
            assert sum(count for _, count in found.facets[facet]) == found.total
        return [hit.number for hit in found.hits]

    return run
