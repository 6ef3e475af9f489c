"""The places that a page is about: a town or village that was chosen, within what whoever asks may see."""

import polars as pl

from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS
from web.asked import Asked
from web.errors import NotFound

VILLAGE = pl.col("village").cast(pl.String)


def place_of(asked: Asked, written: str) -> str:
    """The code of a town or village, "" for none. Raises NotFound where there is none of it that may be seen."""
    if not written:
        return ""
    if len(written) not in (TOWN_DIGITS, VILLAGE_DIGITS) or not villages_in(asked, written):
        raise NotFound()
    return written


def villages_in(asked: Asked, place: str) -> list[str]:
    """The villages of a place, of all for "", that may be seen, by code."""
    codes = (code for code in asked.names.divisions if len(code) == VILLAGE_DIGITS)
    return sorted(code for code in codes if code.startswith(place) and asked.viewer.sees(code))


def within(asked: Asked, place: str = "") -> pl.Expr:
    """Whether a row's `village` is in the place and may be seen."""
    seen = asked.viewer.villages
    which = pl.lit(True) if seen is None else VILLAGE.is_in(sorted(seen))
    return which & VILLAGE.str.starts_with(place) if place else which


def options(asked: Asked, place: str = "") -> list[str]:
    """The options by which a command is confined to the place within what may be seen.

    Raises NotFound where that is no village: without an option a command would be about all.
    """
    if asked.viewer.villages is None and not place:
        return []
    codes = villages_in(asked, place)
    if not codes:
        raise NotFound()
    return [part for code in codes for part in ("--village", code)]


def below(asked: Asked, place: str) -> list[tuple[str, str]]:
    """Codes and names of the places next below one: towns where there are several, else villages."""
    names, codes = asked.names.divisions, villages_in(asked, place)
    if len(place) == VILLAGE_DIGITS:
        return []
    towns = sorted({code[:TOWN_DIGITS] for code in codes})
    return [(code, names.get(code, code)) for code in (towns if len(towns) > 1 else codes)]


def above(asked: Asked, place: str) -> list[tuple[str, str]]:
    """Codes and names of the place and those above it, "" for all first."""
    names, whole = asked.names.divisions, "全部" if asked.viewer.villages is None else "我的村"
    several = len({code[:TOWN_DIGITS] for code in villages_in(asked, "")}) > 1
    parts = [place[:TOWN_DIGITS]] if place and several else []
    parts += [place] if len(place) == VILLAGE_DIGITS else []
    return [("", whole), *((code, names.get(code, code)) for code in parts)]
