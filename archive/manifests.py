"""What the templates' manifests say that the archive needs: how papers are kept, what boxes are called, what was promised."""

import tomllib
from typing import Any

from sqlalchemy import Connection, select

from archive.catalogue import tables


def manifests(connection: Connection) -> dict[str, dict[str, Any]]:
    """Every template version's contract.toml, by the version's hash."""
    template = tables.template
    rows = connection.execute(select(template.c.sha256, template.c.manifest))
    return {sha256: tomllib.loads(bytes(text).decode("utf-8-sig")) for sha256, text in rows}
