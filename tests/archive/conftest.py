"""An archive to try things in, an index of each engine, and the search of it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection

from archive.home import Home, create_home
from archive.index.engine import ENGINES, FACETS, Engine, open_engine
from archive.index.plan import plan
from archive.index.query import parse
from archive.journal import Actor
from tests.archive.index_documents import WORDS

Search = Callable[[str], list[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An archive without a contract."""
    folder = tmp_path_factory.mktemp("archive") / "档案库"
    return create_home(folder, None, {"45": "广西"}, Actor("甲", date(2026, 3, 1)))


class RolledBack(Exception):
    """Ends a test's transaction without a trace."""


@pytest.fixture
def connection(home: Home) -> Iterator[Connection]:
    """A transaction that leaves no trace in the archive."""
    with suppress(RolledBack), home.writing() as connection:
        yield connection
        raise RolledBack


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
        found = engine.search(plan(parse(typed), WORDS), 0, 1000)
        assert found.total == len(found.hits)
        for facet in FACETS:
            assert sum(count for _, count in found.facets[facet]) == found.total
        return [hit.number for hit in found.hits]

    return run
