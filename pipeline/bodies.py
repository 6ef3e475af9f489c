"""Villages and units as parties: a contract of scope village or unit is with a body, not with a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.divisions import Divisions
from pipeline.errors import BadSettings, VillageAmbiguous, VillageUnknown
from pipeline.settings import Unit

NAME_LENGTH = 50  # characters


@dataclass(frozen=True, slots=True)
class Body:
    """A village's committee or a unit that signs; `head` is who signs for it, "" where not known.

    `key` names it within a campaign and template, as a person's identity number does.
    """

    name: str
    head: str
    key: str

    @property
    def id_number(self) -> str:
        """A body has none."""
        return ""


def village_body(divisions: Divisions, code: str) -> Body:
    """The committee of a village, by its name in the division table."""
    return Body(divisions.name(code), "", f"village/{code}")


def unit_bodies(divisions: Divisions, units: Sequence[Unit]) -> dict[str, tuple[Body, ...]]:
    """The units of huyue.toml by the code of their village, in the file's order. Raises BadSettings."""
    found: dict[str, tuple[Body, ...]] = {}
    for unit in units:
        try:
            code = divisions.find_village(unit.village)
        except (VillageUnknown, VillageAmbiguous) as problem:
            raise _faulty(unit, f"的 village 认不出来：{problem.message}") from None
        body = Body(unit.name, unit.head, f"unit/{code}/{unit.name}")
        if set(unit.name) & set("+/") or unit.name != unit.name.strip() or len(unit.name) > NAME_LENGTH:
            raise _faulty(
                unit, f"的 name 不能用：不能有“+”“/”，首尾不能有空格，最多 {NAME_LENGTH} 个字。请改正。"
            )
        if body.key in {one.key for one in found.get(code, ())}:
            raise _faulty(unit, "在同一个村写了两遍，请删去一个。")
        found[code] = (*found.get(code, ()), body)
    return found


def _faulty(unit: Unit, detail: str) -> BadSettings:
    return BadSettings(file="huyue.toml", place=f"[[units]] 里的“{unit.name}”", detail=detail)
