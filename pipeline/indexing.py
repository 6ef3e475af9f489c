"""Keeping the search index up after a command that changes many contracts."""

from sqlalchemy import select

from archive import search as searching
from archive.catalogue import tables
from archive.errors import ArchiveLocked
from archive.home import Home
from archive.journal import Actor
from archive.search import Names
from pipeline.console import progress
from pipeline.contracts import template_titles
from pipeline.planning import divisions_of

MANY = 2_000  # contracts; fewer are taken up by the next search without anybody noticing


def names_of(home: Home) -> Names:
    """What the archive's codes and templates are called."""
    with home.reading() as connection:
        template = tables.template
        rows = connection.execute(select(template.c.name, template.c.number))
        numbers = {row.name: row.number for row in rows}
        return Names(divisions_of(connection).names, template_titles(connection), numbers)


def keep_index(home: Home, actor: Actor) -> None:
    """Take up what changed, with a bar, if that is much: the next search should not have to wait for it."""
    names = names_of(home)
    try:
        lacking = searching.behind(home, names, actor.today)
        if lacking < MANY:
            return
        with home.locked(seconds=0), progress("更新检索（份）", lacking) as bar:
            searching.catch_up(home, names, actor.today, bar.advance)
    except ArchiveLocked:  # the next search does it
        return
