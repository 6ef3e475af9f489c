"""Templates of the desk (Jinja2): everything that is put in is escaped."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.filters import do_filesizeformat
from markupsafe import Markup

from web.navigation import NAVIGATION
from web.roles import CHINESE, Permission

HERE = Path(__file__).parent
STATIC = HERE / "static"


def render(template: str, **values: Any) -> str:
    """A template filled."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": static,
        "Permission": Permission,
        "ROLES": CHINESE,
        "icon": icon,
        "NAVIGATION": NAVIGATION,
    }
    environment.filters["quoted"] = lambda text: quote(str(text), safe="")
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["bytes"] = _size
    return environment


def _size(count: int) -> str:
    """How large a file is, in the words of a clerk's file manager."""
    return do_filesizeformat(count).replace("Bytes", "字节").replace("Byte", "字节").replace("kB", "KB")


@cache
def static(name: str) -> str:
    """The address of a file of ours, with its version: it may be kept for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


@cache
def icon(name: str) -> Markup:
    """An icon (web/static/icons.svg), for beside a text that says the same."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
        static("icons.svg"), name
    )
