"""Administrative divisions: 12-digit codes (county 6, town 3, village 3) and the names offices give them."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path

from archive.numbers import TOWN_DIGITS as TOWN_DIGITS
from archive.numbers import VILLAGE_DIGITS as VILLAGE_DIGITS
from pipeline.errors import DivisionsUnreadable, RosterMissing, VillageAmbiguous, VillageUnknown
from pipeline.village_names import (
    COMMUNITY_ENDINGS,
    VILLAGE_ENDINGS,
    alike,
    compact,
    core,
    county_forms,
    spaceless,
    stands_alone,
    town_forms,
    village_forms,
)

COUNTY_DIGITS = 6
# A village is looked for inside a longer text only by forms that say what it is.
_ENDED = re.compile(r"(村|社区|居委|委员会|委会)$")


class Divisions:
    """The counties, towns and villages an archive works with.

    Built from code → name; a village whose town is not among the codes is refused when loading, so every
    village has a full name.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        self.towns: tuple[str, ...] = self._codes(TOWN_DIGITS)
        self.villages: tuple[str, ...] = self._codes(VILLAGE_DIGITS)
        self._village_forms: defaultdict[str, list[str]] = defaultdict(list)
        for code in self.villages:
            for form in village_forms(compact(self._names[code])):
                self._village_forms[form].append(code)
        # Longer forms first, so that 小长安镇 is not read as 长安.
        self._mentionable = _longest_first(form for form in self._village_forms if _ENDED.search(form))
        towns: defaultdict[str, set[str]] = defaultdict(set)
        for code in self.towns:
            for form in town_forms(self._names[code]):
                towns[form].add(code)
        self._town_forms = [(form, towns[form]) for form in _longest_first(towns)]
        self._county_forms = _longest_first(
            form for code in self._codes(COUNTY_DIGITS) for form in county_forms(self._names[code])
        )
        # A cell's text recurs on thousands of rows.
        self._matched = lru_cache(maxsize=4096)(self._match)
        self._near_ones = lru_cache(maxsize=4096)(self._near)

    @classmethod
    def load(cls, path: Path) -> "Divisions":
        """The divisions of a CSV with the columns code, name, parent; UTF-8 (BOM or not) or GB 18030.

        Raises RosterMissing if there is no such file, DivisionsUnreadable if it is something else.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise RosterMissing(file=path) from None
        except OSError as error:
            raise DivisionsUnreadable(file=path, detail=error.strerror or "打不开") from None
        return cls(_read_names(data, path))

    @classmethod
    def shipped(cls) -> "Divisions":
        """The county that ships with the program, 451225 罗城仫佬族自治县."""
        source = resources.files("pipeline") / "data" / "divisions-451225.csv"
        return cls(_read_names(source.read_bytes(), Path("divisions-451225.csv")))

    @property
    def names(self) -> Mapping[str, str]:
        """Every division's name by its code."""
        return self._names

    def name(self, code: str) -> str:
        """The division's own name, 冲洞村委会. Raises KeyError for a code that is not there."""
        return self._names[code]

    def plain_name(self, village: str) -> str:
        """A village's own name, its town's before it where another village is called the same."""
        own = self._names[village]
        alone = sum(self._names[code] == own for code in self.villages) == 1
        return own if alone else self.town_name(village) + own

    def town_name(self, village: str) -> str:
        """The name of a village's town, 东门镇."""
        return self._names[village[:TOWN_DIGITS]]

    def full_name(self, code: str) -> str:
        """County, town and village in one, 罗城仫佬族自治县东门镇冲洞村委会; as far down as `code` goes."""
        levels = [digits for digits in (COUNTY_DIGITS, TOWN_DIGITS, VILLAGE_DIGITS) if digits <= len(code)]
        return "".join(self._names.get(code[:digits], "") for digits in levels)

    def villages_of(self, town: str) -> tuple[str, ...]:
        """The codes of a town's villages and communities, in the table's order."""
        return tuple(code for code in self.villages if code.startswith(town))

    def match(self, written: str, towns: Iterable[str] = ()) -> tuple[str, ...]:
        """The villages that `written` may mean: none, one, or several of one name.

        `written` is a code or any written form, with or without town and county before it. `towns` are the
        codes of towns named nearby: they decide only between several villages of one name.
        """
        found = self._matched(compact(written))
        if len(found) > 1:
            near = tuple(code for code in found if code[:TOWN_DIGITS] in set(towns))
            return near or found
        return found

    def find_village(self, written: str) -> str:
        """The one village that `written` (a code or a written form) means, for `--village`.

        Raises VillageUnknown or VillageAmbiguous, both naming candidates with their codes.
        """
        found = self.match(written)
        if len(found) == 1:
            return found[0]
        if found:
            raise VillageAmbiguous(village=written, candidates=self.listed(found))
        near = self.near(written)
        hint = f"您要的是不是：{self.listed(near)}。" if near else "请检查写法，或用区划表里的12位代码。"
        raise VillageUnknown(village=written, candidates=hint)

    def near(self, written: str) -> tuple[str, ...]:
        """At most five villages that `written`, which is none, may be a slip for: to be asked, never taken."""
        return self._near_ones(compact(written))

    def _near(self, flat: str) -> tuple[str, ...]:
        before = ((form, towns) for form, towns in self._town_forms if flat.startswith(form) and flat != form)
        town, towns = next(before, ("", set()))
        named = _bare(flat.removeprefix(town))
        found = [code for code in self.villages if alike(named, _bare(compact(self._names[code])))]
        within = [code for code in found if code[:TOWN_DIGITS] in towns]
        return tuple((within or found)[:5])

    def listed(self, codes: Iterable[str]) -> str:
        """Codes for a message: 小长安镇民族村委会（451225103209）、纳翁乡民族村委会（451225203205）."""
        return "、".join(f"{self.town_name(code)}{self._names[code]}（{code}）" for code in codes)

    def towns_in(self, text: str) -> tuple[str, ...]:
        """The towns a title, sheet name or heading names in full (东门镇, not 东门)."""
        flat = compact(text)
        return tuple(town for town in self.towns if self._names[town] in flat)

    def villages_in(self, text: str) -> tuple[str, ...]:
        """The villages a title, sheet name or heading names, in the table's order.

        A village counts only with an ending (冲洞村, 狮子山社区) and standing for itself: 小长安镇 does not
        name 长安社区, 上大同村 does not name 大同村. Two of one name are narrowed by a town named there.
        """
        flat = spaceless(text)
        towns = self.towns_in(text)
        for town in towns:
            flat = flat.replace(self._names[town], "|")
        found: dict[str, None] = {}
        taken: list[tuple[int, int]] = []
        for form in self._mentionable:
            start = flat.find(form)
            while start >= 0:
                end = start + len(form)
                inside = any(start < other_end and end > other for other, other_end in taken)
                if not inside and stands_alone(flat[:start]):
                    taken.append((start, end))
                    found.update(dict.fromkeys(self.match(form, towns)))
                start = flat.find(form, end)
        return tuple(code for code in self.villages if code in found)

    def _codes(self, digits: int) -> tuple[str, ...]:
        return tuple(code for code in self._names if len(code) == digits)

    def _match(self, flat: str) -> tuple[str, ...]:
        if flat in self._names and len(flat) == VILLAGE_DIGITS:
            return (flat,)
        if flat in self._village_forms:
            return tuple(self._village_forms[flat])
        for form, towns in self._town_forms:
            if flat.startswith(form):
                within = self._village_forms.get(flat[len(form) :], ())
                found = tuple(code for code in within if code[:TOWN_DIGITS] in towns)
                if found:
                    return found
        for form in self._county_forms:
            _, county, rest = flat.rpartition(form)
            if county and rest:
                return self._match(rest)
        return ()


def _bare(name: str) -> str:
    return core(name, COMMUNITY_ENDINGS if name.endswith(COMMUNITY_ENDINGS) else VILLAGE_ENDINGS)


def _longest_first(forms: Iterable[str]) -> list[str]:
    return sorted(set(forms), key=lambda form: (-len(form), form))


def _read_names(data: bytes, path: Path) -> dict[str, str]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise DivisionsUnreadable(file=path, detail="既不是 UTF-8，也不是 GB 18030 编码") from None
    try:
        rows = csv.DictReader(io.StringIO(text), strict=True)
        listed = [(rows.line_num, row) for row in rows]
    except csv.Error:
        raise DivisionsUnreadable(file=path, detail="引号不成对，或者有特别长的格子") from None
    if not {"code", "name", "parent"} <= set(rows.fieldnames or ()):
        raise DivisionsUnreadable(file=path, detail="第一行不是 code,name,parent")
    names: dict[str, str] = {}
    for line, row in listed:
        code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
        if not re.fullmatch(r"[0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12}", code) or not name:
            detail = f"第{line}行的代码“{code}”或名称“{name}”不对"
            raise DivisionsUnreadable(file=path, detail=detail)
        if names.setdefault(code, name) != name:
            raise DivisionsUnreadable(file=path, detail=f"第{line}行的代码“{code}”重复")
    villages = [code for code in names if len(code) == VILLAGE_DIGITS]
    if not villages:
        raise DivisionsUnreadable(file=path, detail="没有一个村（社区）的12位代码")
    for code in villages:
        if code[:TOWN_DIGITS] not in names or code[:COUNTY_DIGITS] not in names:
            raise DivisionsUnreadable(file=path, detail=f"没有“{names[code]}”（{code}）所属的乡镇或县")
    return names
