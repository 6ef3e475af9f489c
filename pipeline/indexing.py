"""Keeping the search index up after a command that changes many contracts."""

from collections.abc import Iterator
from contextlib import suppress

from lxml import etree
from sqlalchemy import select

from archive import search as searching
from archive.catalogue import tables
from archive.errors import ArchiveLocked
from archive.home import Home
from archive.index.words import Wording
from archive.journal import Actor
from archive.search import Names
from archive.search_documents import form_of
from pipeline import marks
from pipeline.console import progress
from pipeline.contracts import kept_template, template_titles
from pipeline.errors import TemplateUnreadable
from pipeline.marks import W
from pipeline.planning import divisions_of
from pipeline.template import Template, open_docx

MANY = 2_000  # contracts; fewer are taken up by the next search without anybody noticing


def names_of(home: Home) -> Names:
    """What the archive's codes and templates are called, and, when asked for, what stands in the templates."""
    with home.reading() as connection:
        template = tables.template
        rows = connection.execute(select(template.c.name, template.c.number))
        numbers = {row.name: row.number for row in rows}
        return Names(
            divisions_of(connection).names,
            template_titles(connection),
            numbers,
            lambda: list(_wordings(home)),
        )


def keep_index(home: Home, actor: Actor) -> None:
    """Take up what changed, with a bar, if that is much: the next search should not have to wait for it."""
    names = names_of(home)
    try:
        if searching.is_outdated(home, names):
            with home.reading() as connection:
                count = searching.document_count(connection)
            with progress("重做索引（份）", count) as bar:
                searching.renew(home, names, actor.today, bar.advance)
            return
        lacking = searching.behind(home, names, actor.today)
        if lacking < MANY:
            return
        with home.locked(seconds=0), progress("更新检索（份）", lacking) as bar:
            searching.catch_up(home, names, actor.today, bar.advance)
    except ArchiveLocked:  # the next search does it
        return


def _wordings(home: Home) -> Iterator[Wording]:
    """The text of every template version that contracts were planned with, and of each optional clause."""
    with home.reading() as connection:
        kept = connection.execute(select(tables.template.c.sha256)).scalars().all()
        for template in [kept_template(connection, sha256) for sha256 in kept]:
            title = f"{template.manifest.title}（{template.manifest.version}）"
            # It was readable when it was taken into use; if it is not now, a search is no place to say so.
            with suppress(TemplateUnreadable):
                for clause, lines in _text_of(template).items():
                    yield Wording(form_of(template.sha256, clause), title, "\n".join(lines))


def _text_of(template: Template) -> dict[str, list[str]]:
    """The paragraphs of a template without their marks, by the optional clause that they belong to, "" for none."""
    clauses = {clause.label: name for name, clause in template.manifest.clauses.items()}
    members, found = open_docx(template.docx), dict[str, list[str]]()
    for part in marks.story_parts(members):
        for paragraph, _ in marks.paragraphs(marks.parse(members[part]), part):
            text = marks.MARK.sub("\n", marks.text_of(paragraph)).strip()
            if text:
                found.setdefault(clauses.get(_clause_of(paragraph), ""), []).append(text)
    return found


def _clause_of(paragraph: etree._Element) -> str:
    """The label of the optional clause that a paragraph is, or that the table row is that it is in; "" for none."""
    row = next(paragraph.iterancestors(f"{W}tr"), None)
    first = [] if row is None else [next(row.iter(f"{W}p"))]
    every = [mark for one in (*first, paragraph) for mark in marks.marks_of(one)]
    return next((mark.label for mark in every if mark.kind == "clause"), "")
