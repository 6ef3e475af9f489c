"""Where a paper filed by hand belongs: a village, a town or a county, by code or as offices write it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import click

from pipeline.divisions import COUNTY_DIGITS, TOWN_DIGITS, VILLAGE_DIGITS, Divisions
from pipeline.errors import PlaceUnknown
from pipeline.village_names import compact, county_forms, town_forms

SHOWN = 20  # divisions that a message names


@dataclass(frozen=True, slots=True)
class Place:
    """A division as it is written, at one level; all None: none is given."""

    village: str | None = None
    town: str | None = None
    county: str | None = None

    def find(self, divisions: Divisions) -> str | None:
        """Its code, None where none is given. Raises PlaceUnknown, VillageUnknown, VillageAmbiguous."""
        if self.village is not None:
            return divisions.find_village(self.village)
        if self.town is not None:
            return _find(divisions, self.town, TOWN_DIGITS, "乡镇", town_forms)
        if self.county is not None:
            return _find(divisions, self.county, COUNTY_DIGITS, "县", county_forms)
        return None


def town_or_village(divisions: Divisions, town: str | None, village: str | None) -> str | None:
    """The code of what --town or --village names, None for neither. Raises UsageError for both, what Place.find raises."""
    if town is not None and village is not None:
        raise click.UsageError("--town 和 --village 只能写一个。")
    return Place(village=village, town=town).find(divisions)


def _find(
    divisions: Divisions, written: str, digits: int, level: str, forms: Callable[[str], Collection[str]]
) -> str:
    flat = compact(written)
    names = {code: name for code, name in divisions.names.items() if len(code) == digits}
    found = [code for code, name in names.items() if flat == code or flat in forms(name)]
    if len(found) != 1:
        shown = [code for code in names if code in found] or list(names)
        candidates = "、".join(f"{names[code]}（{code}）" for code in shown[:SHOWN])
        raise PlaceUnknown(written=written, level=level, candidates=candidates)
    return found[0]


def place_name(divisions: Divisions, code: str) -> str:
    """A division as people call it: of a village with its town before it, 东门镇冲洞村委会."""
    names = divisions.names
    own = names.get(code, code)
    return names.get(code[:TOWN_DIGITS], "") + own if len(code) == VILLAGE_DIGITS else own
