"""Which templates an archive uses: the six as they ship, and versions and further templates an office took into use.

The newest entry of a name (`template_use`) is what new contracts are made of; contracts that have a number
keep the version they were planned with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from archive import journal
from archive.catalogue import tables
from archive.home import Home
from archive.journal import Actor
from pipeline.contracts import keep_template, kept_template
from pipeline.errors import (
    TemplateNumberTaken,
    TemplateRenumbered,
    TemplateScopeChanged,
    TemplateTitleTaken,
    TemplateUnknown,
    TemplateVersionTaken,
)
from pipeline.stock import stock_templates
from pipeline.template import Template


@dataclass(frozen=True, slots=True)
class InUse:
    """A template in use: since when (ISO date, "" for one used as it ships), and whether it is the office's `own`."""

    template: Template
    since: str
    own: bool


def templates_in_use(connection: Connection) -> list[InUse]:
    """Every template that contracts are planned with, by number."""
    use, stock = tables.template_use, stock_templates()
    shipped = {one.sha256 for one in stock}
    found = {one.manifest.name: InUse(one, "", False) for one in stock}
    newest = select(func.max(use.c.id)).group_by(use.c.name)
    for row in connection.execute(select(use).where(use.c.id.in_(newest))):
        template = kept_template(connection, row.sha256)
        found[row.name] = InUse(template, row.since, row.sha256 not in shipped)
    return sorted(found.values(), key=lambda one: one.template.manifest.number)


def templates_of(home: Home | None) -> list[Template]:
    """What an archive uses; the six as they ship where there is no archive."""
    if home is None:
        return stock_templates()
    with home.reading() as connection:
        return [one.template for one in templates_in_use(connection)]


def named(templates: Sequence[Template], name: str) -> Template:
    """The template of that name, number or title. Raises TemplateUnknown."""
    for one in templates:
        if name in (one.manifest.name, one.manifest.number, one.manifest.title):
            return one
    raise TemplateUnknown(name=name, names="、".join(one.manifest.name for one in templates))


def take_into_use(connection: Connection, template: Template, actor: Actor) -> bool:
    """Use a template for what is planned from now on; False where it is in use already.

    Raises TemplateNumberTaken, TemplateRenumbered, TemplateTitleTaken, TemplateScopeChanged or TemplateVersionTaken.
    """
    now = [one.template for one in templates_in_use(connection)]
    if template.sha256 in {one.sha256 for one in now}:
        return False
    _require_own_name(connection, template, now)
    _require_own_version(connection, template)
    keep_template(connection, template)
    manifest = template.manifest
    connection.execute(
        insert(tables.template_use).values(
            name=manifest.name, sha256=template.sha256, since=actor.today.isoformat(), user=actor.user
        )
    )
    detail = {"number": manifest.number, "version": manifest.version, "sha256": template.sha256}
    journal.record(connection, actor, "template", manifest.name, detail)
    return True


def _require_own_name(connection: Connection, template: Template, now: Sequence[Template]) -> None:
    """A number and a title belong to one name for good; a name keeps its number and whom it is for."""
    manifest, kept = template.manifest, tables.template
    pairs = {one.manifest.name: one.manifest.number for one in now}
    pairs |= {row.name: row.number for row in connection.execute(select(kept.c.name, kept.c.number))}
    if pairs.get(manifest.name, manifest.number) != manifest.number:
        raise TemplateRenumbered(name=manifest.name, number=manifest.number, before=pairs[manifest.name])
    stock = {one.manifest.number: one.manifest.name for one in stock_templates()}
    owners = {number: name for name, number in pairs.items()} | stock
    if owners.get(manifest.number, manifest.name) != manifest.name:
        raise TemplateNumberTaken(number=manifest.number, name=owners[manifest.number], own=manifest.name)
    for one in now:
        if one.manifest.name != manifest.name and one.manifest.title == manifest.title:
            raise TemplateTitleTaken(title=manifest.title, name=one.manifest.name)
        if one.manifest.name == manifest.name and one.manifest.scope != manifest.scope:
            raise TemplateScopeChanged(name=manifest.name, before=one.manifest.scope, scope=manifest.scope)


def _require_own_version(connection: Connection, template: Template) -> None:
    """A version is one document and one manifest: other bytes are another version."""
    for one in versions(connection, template.manifest.name):
        if one.manifest.version == template.manifest.version and one.sha256 != template.sha256:
            raise TemplateVersionTaken(title=template.manifest.title, version=template.manifest.version)


def versions(connection: Connection, name: str) -> list[Template]:
    """All versions of a name that the archive knows, in the order they were last in use; the one in use last."""
    use, kept, contract = tables.template_use, tables.template, tables.contract
    newest = func.max(use.c.id)
    uses = select(use.c.sha256).where(use.c.name == name).group_by(use.c.sha256).order_by(newest)
    last = list(connection.execute(uses).scalars())
    planned = select(contract.c.template_sha256, func.min(contract.c.planned_on)).where(
        contract.c.template == name
    )
    planned = planned.group_by(contract.c.template_sha256).order_by(func.min(contract.c.planned_on))
    older = [row[0] for row in connection.execute(planned)]
    others = connection.execute(
        select(kept.c.sha256).where(kept.c.name == name).order_by(kept.c.version)
    ).scalars()
    known = [sha for sha in dict.fromkeys([*older, *others]) if sha not in last]
    found = [kept_template(connection, sha) for sha in [*known, *last]]
    shipped = [one for one in stock_templates() if one.manifest.name == name]
    if not last:
        return [*(one for one in found if one not in shipped), *shipped]
    return [*(one for one in shipped if one.sha256 not in [*known, *last]), *found]
