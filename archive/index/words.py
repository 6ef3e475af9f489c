"""What the index sees of a text: folded characters, words, and the ways an office writes a village.

A line is a row of units: an ideograph is one, and so is a run of letters or digits. A term is found where its
units stand side by side, so a term that jieba would cut otherwise than the text is found all the same. Words
are what makes frequent terms fast.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from archive.index.shapes import ALIKE
from archive.index.sounds import COMPOUND_SURNAMES, GIVEN, SURNAMES, plain_pinyin
from archive.index.traditional import PAIRS, simplified
from archive.numbers import TOWN_DIGITS, VILLAGE_DIGITS

BREAK = "|"  # the 、 between two names: a term reaches across it only where it has one itself
STOP = "¶"  # the end of a line, or a unit that is not to be found: no term reaches across it
# Extension B and beyond, and the private areas where old registers put characters that had no code.
IDEOGRAPH = "\u3005-\u3007\u3400-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003ffff\U000f0000-\U0010fffd"
_UNIT = re.compile(rf"[{IDEOGRAPH}]|(?:(?![{IDEOGRAPH}])[^\W_])+|[\n、]")
_CHARACTER = re.compile(rf"[{IDEOGRAPH}]|[^\W_]|、")
_IDEOGRAPHS = re.compile(f"[{IDEOGRAPH}]+")
# An identity or telephone number that strayed into a text is not to be found.
_PERSONAL = re.compile(r"\d{11}")
_LONG_NUMBER = re.compile(r"\d{11,}[xXｘＸ]?")
_DASHES = re.compile(r"[\s\-‐‑‒–—−]+")
_NUMBER = re.compile(r"[0-9][0-9a-z]*")
_LISTED = re.compile(
    "^([^ \n]{2,}) ", re.MULTILINE
)  # a word of two or more characters, its frequency and kind

VILLAGE_ENDINGS = ("村民委员会", "村委会", "村委", "村")
COMMUNITY_ENDINGS = ("社区居民委员会", "社区居委会", "社区", "居民委员会", "居委会", "居委")
TOWN_ENDINGS = ("街道办事处", "街道", "镇", "乡")
# Terms of the contracts that a general dictionary has not.
TERMS = (
    "合同书",
    "责任书",
    "协议书",
    "计生",
    "知情选择",
    "节育措施",
    "养老保险",
    "联户责任人",
    "责任人",
    "户主",
)


def fold(text: str) -> str:
    """`text` with full-width forms folded (NFKC), in lower case, its characters simplified."""
    return simplified(unicodedata.normalize("NFKC", text).lower())


def unnumbered(text: str) -> str:
    """`text` without its runs of digits as long as an identity or telephone number."""
    return _LONG_NUMBER.sub("", text) if _LONG_NUMBER.search(text) else text


def units(text: str) -> list[str]:
    """The folded units of a text, with BREAK and STOP; other punctuation and spaces are dropped."""
    found = _UNIT.findall(fold(text))
    for at, unit in enumerate(found):
        if unit == "、":
            found[at] = BREAK
        elif unit == "\n" or (len(unit) > 10 and _PERSONAL.search(unit)):
            found[at] = STOP
    return found


def characters(name: str) -> list[str]:
    """The folded characters of a name or of several joined by 、 (BREAK between), without dots and spaces."""
    return [BREAK if found == "、" else found for found in _CHARACTER.findall(fold(name))]


def trimmed(row: list[str]) -> tuple[str, ...]:
    """A row of units or characters without breaks at its ends."""
    start, end = 0, len(row)
    while start < end and row[start] == BREAK:
        start += 1
    while end > start and row[end - 1] == BREAK:
        end -= 1
    return tuple(row[start:end])


def number_key(text: str) -> str:
    """A contract number, or its beginning, without hyphens and in upper case; "" if `text` cannot be one."""
    plain = _DASHES.sub("", fold(text))
    return plain.upper() if _NUMBER.fullmatch(plain) else ""


def as_word(row: tuple[str, ...]) -> str:
    """The word that a row of two or more ideographs would be; "" for any other row."""
    word = "".join(row)
    return word if len(word) == len(row) > 1 and _IDEOGRAPHS.fullmatch(word) else ""


@dataclass(frozen=True, slots=True)
class Wording:
    """What stands in every contract of a form: one version of a template, or one of its optional clauses.

    `form` is what a Document's `forms` call it, `title` what people do.
    """

    form: str
    title: str
    text: str


class Words:
    """The dictionary: jieba's, the names of divisions as offices write them, the terms of the templates.

    `divisions` are names by code (county 6, town 9, village 12 digits); `titles` those of the templates by name,
    `numbers` their numbers by name; `wordings` gives the templates' texts when one is asked for. The dictionary is read when a line is first read; asking
    for villages, and searching, need none.
    """

    def __init__(
        self,
        divisions: Mapping[str, str],
        titles: Mapping[str, str] | None = None,
        numbers: Mapping[str, str] | None = None,
        wordings: Callable[[], Iterable[Wording]] = tuple,
    ) -> None:
        self._give_wordings = wordings
        self._names = {code: fold(name) for code, name in divisions.items()}
        self._titles = {name: fold(title) for name, title in (titles or {}).items()}
        self._numbers = dict(numbers or {})
        forms: dict[str, set[str]] = {}
        for code in self._names:
            below = self._villages_below(code)
            for form in self._forms(code):
                forms.setdefault(form, set()).update(below)
        self._villages = {form: frozenset(codes) for form, codes in forms.items()}
        own = {*forms, *self._names.values(), *self._titles.values(), *TERMS}
        self._own = sorted(word for word in own if len(word) > 1 and _IDEOGRAPHS.fullmatch(word))
        self._own_together = "\n".join(self._own)
        self._dictionary: _Dictionary | None = None

    @cached_property
    def fingerprint(self) -> str:
        """A text that differs where the dictionary, the readings or the foldings do: an index holds those of one."""
        libraries = [f"{name} {version(name)}" for name in ("jieba", "pypinyin")]
        tables = [PAIRS, ALIKE, repr((SURNAMES, COMPOUND_SURNAMES, GIVEN)), unicodedata.unidata_version]
        return hashlib.sha256("\n".join([*self._own, *libraries, *tables]).encode()).hexdigest()[:16]

    def read(self, line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The units of a line, and its words: every word of the dictionary wherever it stands, and every run of
        letters or digits; each once.

        计划生育合同书 gives 计划, 计划生育, 生育, 合同, 合同书 and itself. What jieba's own cuts leave out
        depends on what stands beside a word; here it does not, so a word that is asked for is never missed.
        Single characters are no words.
        """
        found: list[str] = []
        run: list[str] = []
        row = units(line)
        for unit in (*row, STOP):
            if _IDEOGRAPHS.fullmatch(unit):
                run.append(unit)
                continue
            found.extend(self._cut_run("".join(run)))
            run.clear()
            if unit not in (BREAK, STOP):
                found.append(unit)
        return tuple(row), tuple(dict.fromkeys(found))

    def is_own(self, written: str) -> bool:
        """Whether `written` is a name of a place or template, or a part of one: then it is no person's."""
        flat = "".join(units(written))
        return bool(flat) and flat in self._own_together

    def templates(self, written: str) -> frozenset[str]:
        """The names of the templates that `written` means, each if there are several.

        `written` is a name, a number (4, 04), a part of a title, or a title with characters left out (外出合同).
        """
        flat = "".join(units(written))
        named = {
            name for name, number in self._numbers.items() if flat.isdigit() and int(flat) == int(number)
        }
        named |= {
            name for name, title in self._titles.items() if flat == title or fold(written).strip() == name
        }
        named = named or {name for name, title in self._titles.items() if flat and flat in title}
        return frozenset(named or self.abbreviated(written))

    def abbreviated(self, written: str) -> frozenset[str]:
        """The templates whose title `written` shortens, with characters left out: 外出合同 (three or more)."""
        flat = "".join(units(written))
        if len(flat) < 3:
            return frozenset()
        return frozenset(name for name, title in self._titles.items() if _shortens(flat, title))

    def towns(self, written: str) -> frozenset[str]:
        """The code of the town that `written` names, and those of its villages; empty if it names none."""
        code = number_key(written)
        flat = "".join(units(written))
        found = {
            town
            for town in self._names
            if len(town) == TOWN_DIGITS and (flat in self._forms(town) or (code and town.startswith(code)))
        }
        return frozenset(found.union(*map(self._villages_below, found)))

    def wordings(self, written: str) -> list[Wording]:
        """The wordings in which `written` stands."""
        row = trimmed(units(written))
        if not row or STOP in row:
            return []
        wanted = f" {' '.join(row)} "
        return [wording for wording, text in self._wordings if wanted in text]

    @cached_property
    def _wordings(self) -> list[tuple[Wording, str]]:
        return [(one, f" {' '.join(units(one.text))} ") for one in self._give_wordings()]

    def villages_by_pinyin(self, written: str) -> frozenset[str]:
        """The codes of the villages, or a town's, whose name is written so: chongdong, chongdongcun."""
        return self._by_pinyin.get(written, frozenset())

    @cached_property
    def _by_pinyin(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for form, codes in self._villages.items():
            spelled = plain_pinyin(form)
            found[spelled] = found.get(spelled, frozenset()) | codes
        return found

    def villages_beginning(self, plain: str) -> list[str]:
        """The full names of the villages that begin so, with or without their town, or are spelled so in pinyin."""
        found = []
        for code in self._villages_below(""):
            name, full = self._names[code], self._full_name(code)
            spelled = plain_pinyin(name) if plain.isascii() else ""
            if name.startswith(plain) or full.startswith(plain) or spelled.startswith(plain):
                found.append(full)
        return found

    @property
    def shown_names(self) -> list[str]:
        """What villages and towns are called, in full and in short, and the titles: for 'did you mean'."""
        return [*self._villages, *self._titles.values()]

    def villages(self, written: str) -> frozenset[str]:
        """The codes of the villages that `written` means, each if there are several; empty if none.

        `written` is a code or its beginning, a village (东门镇冲洞村委会, 冲洞村, 冲洞), a town, or a part of
        a village's full name.
        """
        code = number_key(written)
        if code.isdigit():
            whole = {code} if len(code) == VILLAGE_DIGITS else set()
            return frozenset(whole | set(self._villages_below(code)))
        flat = "".join(units(written))
        if flat in self._villages:
            return self._villages[flat]
        return frozenset(code for code in self._villages_below("") if flat and flat in self._full_name(code))

    def _villages_below(self, prefix: str) -> list[str]:
        return [code for code in self._names if len(code) == VILLAGE_DIGITS and code.startswith(prefix)]

    def _full_name(self, code: str) -> str:
        return self._names.get(code[:TOWN_DIGITS], "") + self._names[code]

    def _forms(self, code: str) -> set[str]:
        """The ways to write a village with and without its town, or a town; none for what is above."""
        name = self._names[code]
        if len(code) == TOWN_DIGITS:
            return {name, _core(name, TOWN_ENDINGS)}
        if len(code) != VILLAGE_DIGITS:
            return set()
        endings = COMMUNITY_ENDINGS if name.endswith(COMMUNITY_ENDINGS) else VILLAGE_ENDINGS
        short = _core(name, endings)
        village = {name, short, *(short + ending for ending in endings)}
        town = self._names.get(code[:TOWN_DIGITS], "")
        towns = {"", town, _core(town, TOWN_ENDINGS)}
        return {before + form for before in towns for form in village}

    def _cut_run(self, run: str) -> Iterator[str]:
        if len(run) < 2:
            return
        if self._dictionary is None:
            self._dictionary = _read_dictionary(self._own)
        words, longest = self._dictionary.words, self._dictionary.longest
        for start in range(len(run) - 1):
            last = min(len(run), start + longest.get(run[start], 0))
            yield from (run[start:end] for end in range(start + 2, last + 1) if run[start:end] in words)


@dataclass(frozen=True, slots=True)
class _Dictionary:
    """Words of two or more characters, and by its first character how long the longest is."""

    words: frozenset[str]
    longest: Mapping[str, int]


def _read_dictionary(own: Iterable[str]) -> _Dictionary:
    """jieba's dictionary, a word a line, and the words `own`.

    Of jieba its list is all that is needed; to have it set up its own table takes three times as long.
    """
    package = find_spec("jieba")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("jieba")
    listed = Path(package.submodule_search_locations[0], "dict.txt").read_text(encoding="utf-8")
    words = frozenset(_LISTED.findall(listed)).union(own)
    longest: dict[str, int] = {}
    for word in words:
        if longest.get(word[0], 0) < len(word):
            longest[word[0]] = len(word)
    return _Dictionary(words, longest)


def _core(name: str, endings: tuple[str, ...]) -> str:
    """`name` without the first of `endings` it ends in; unchanged where that would leave nothing."""
    for ending in endings:
        if name.endswith(ending) and len(name) > len(ending):
            return name[: -len(ending)]
    return name


def _shortens(short: str, whole: str) -> bool:
    """Whether `short` is `whole` with characters left out."""
    rest = iter(whole)
    return all(character in rest for character in short)
