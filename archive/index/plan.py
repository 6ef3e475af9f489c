"""What the engines are to look for: a query made into lookups, the better matches apart from the worse.

A needle is found where one of its alternatives is, and scores by the best one. Exactly what was typed is looked
for first; what only sounds or looks like it (`similar`) is a second plan, for when that finds little (find.py).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice, product

from archive.index.looks import UNSCORED, Alternative, Among, Begins, Look, Needle, Plan, Row, Span
from archive.index.names import CHECKED, ENDING, LEAST_ENDING, SHARED, one_more, one_open, whole
from archive.index.query import Field, Group, Query, Term
from archive.index.shapes import shaped
from archive.index.sounds import Sounds, initials, readings, typed_sounds
from archive.index.values import (
    LAST_DAY,
    OPEN_END,
    campaign_key,
    group_of,
    household_key,
    kinds,
    period,
    states,
)
from archive.index.words import BREAK, STOP, Words, characters, number_key, trimmed, units
from archive.states import CHINESE

SCORED = 4  # needles; those after them score nothing
WHOLE, PART, TEXT, SOUNDS_WHOLE, SOUNDS, SHAPE, MISTYPED = 7, 6, 5, 4, 3, 2, 1
MOST_ALTERNATIVES = 32  # of several words that may be one name in pinyin
_LONGEST_NAME = 8  # characters; what is longer is looked for exactly
_LEAST_ARCHIVAL = 4  # units of an archival number that need no field word
_FEW_SOUNDS = 4  # several words of no more syllables may be one name
_YEAR = re.compile(r"(?:19|20)[0-9]{2}年?")
_OF_YEAR = re.compile(r"(?:19|20)[0-9]{2}年?[^\W\d]")
_HOUSEHOLD = re.compile(r"[0-9]{3,10}|[0-9]{1,10}户")
_NOTES = {
    Field.VILLAGE: "没有叫“{text}”的村。",
    Field.TOWN: "没有叫“{text}”的乡镇。",
    Field.TEMPLATE: "没有叫“{text}”的合同。",
    Field.STATE: f"没有“{{text}}”这种状态，可用：{'、'.join(CHINESE.values())}。",
    Field.GROUP: "“{text}”看不出是第几组，请写成 3 或 第三组。",
    Field.YEAR: "“{text}”看不出是哪一年，请写成 2026 或 2024..2026。",
    Field.NUMBER: "“{text}”里没有编号的数字。",
    Field.ARCHIVAL: "“{text}”看不出是档号，请写成 J012-WS·2026-D30-DMZ-0001 或其中一段。",
    Field.CLAUSE: "没有哪种合同的条款里写着“{text}”。",
    Field.ID_END: "没有身份证号以“{text}”结尾的人。要写身份证号的最后四位，如 1234 或 123X。",
    Field.STAY: "花名册里没有外出到“{text}”的人。",
    Field.ENDS: "“{text}”看不出是什么日子，请写成 2026-05、2026-05-01、本月 或 2026-01..2026-06。",
}
_NOTES[Field.TERM] = _NOTES[Field.ENDS]


def plan(query: Query, words: Words, *, similar: bool = False) -> Plan:
    """What the engines are to look for."""
    return _Planner(query, words, similar).plan()


Tiers = dict[int, list[Alternative]]


class _Planner:
    def __init__(self, query: Query, words: Words, similar: bool) -> None:
        self._query, self._words, self._similar = query, words, similar
        self._today = query.today or date.today()  # the clock's only where nobody said
        self._filters = list(_filters(query))
        self._narrowed = len(query.groups) + len(self._filters) > 1
        self._loose = False
        self._notes = list(query.notes)

    def plan(self) -> Plan:
        needles: list[Needle] = []
        without: list[Needle] = []
        for groups in self._together(self._query.groups):
            if len(groups) > 1:
                needles.append(_needle(self._spelled_apart([group[0] for group in groups])))
            else:
                tiers: Tiers = {}
                for term in groups[0]:
                    for score, found in self._tiers(term).items():
                        tiers.setdefault(score, []).extend(found)
                (without if groups[0][0].excluded else needles).append(_needle(tiers))
        needles = [one if at < SCORED else _unscored(one) for at, one in enumerate(needles)]
        needles += [_needle({UNSCORED: [(look,)]}) for look in self._filters]
        return Plan(needles, without, self._loose, tuple(dict.fromkeys(self._notes)))

    def _together(self, groups: Sequence[Group]) -> Iterator[list[Group]]:
        """The groups, one by one, but words in a row that may be one name in pinyin (wei guilan) together."""
        run: list[Group] = []
        for group in groups:
            if self._similar and self._may_be_pinyin(group):
                run.append(group)
                continue
            yield from _joined(run)
            run = []
            yield [group]
        yield from _joined(run)

    def _may_be_pinyin(self, group: Group) -> bool:
        term = group[0]
        return (
            len(group) == 1
            and term.field in (Field.ANY, Field.PARTY)
            and not (term.exact or term.excluded)
            and bool(typed_sounds(term.text))
            and not self._words.villages_by_pinyin(term.text)
        )

    def _spelled_apart(self, terms: Sequence[Term]) -> Tiers:
        """Several words as one name, or, last, each by itself."""
        exactly = [_parts(self._exact(term)) for term in terms]
        alone = [[*found, *_parts(_spelled(term.text))] for term, found in zip(terms, exactly, strict=True)]
        tiers = _spelled(" ".join(term.text for term in terms))
        tiers[TEXT] = list(_all_of(exactly))
        tiers.setdefault(MISTYPED, []).extend(_all_of(alone))
        return tiers

    def _tiers(self, term: Term) -> Tiers:
        tiers = self._exact(term)
        if term.exact or term.excluded or term.field not in (Field.ANY, Field.PARTY):
            return tiers
        name = trimmed(characters(term.text))
        spelled = len(name) > 1 and bool(typed_sounds(term.text))
        if spelled or self._is_a_name(term, name):
            self._loose = True
            if self._similar:
                more = _spelled(term.text) if spelled else _alike(name, self._narrowed)
                for score, found in more.items():
                    tiers.setdefault(score, []).extend(found)
        return tiers

    def _is_a_name(self, term: Term, name: tuple[str, ...]) -> bool:
        """Whether a term may be a person's name that was written down wrongly."""
        plain = "".join(name)
        return (
            2 <= len(name) <= _LONGEST_NAME
            and BREAK not in name
            and len(plain) == len(name)
            and not plain.isascii()
            and not any(character.isdigit() for character in name)
            and (term.field is Field.PARTY or not self._words.is_own(term.text))
        )

    def _exact(self, term: Term) -> Tiers:
        """What is exactly the term, by where it is looked for."""
        name = trimmed(characters(term.text))
        match term.field:
            case Field.ANY:
                return self._anywhere(term, name)
            case Field.PARTY:
                return _named("names", name)
            case Field.RESPONSIBLE:
                return _named("keeper", name)
            case Field.ARCHIVAL:
                row = trimmed(units(term.text))
                if row and STOP not in row:
                    return {UNSCORED: [(Row("archival", row),)]}
                self._note(term)
                return {UNSCORED: [(Among("key", frozenset()),)]}
            case Field.NUMBER:
                key = number_key(term.text)
                if not key:
                    self._note(term)
                return _numbered(key, 1) if key else {UNSCORED: [(Among("key", frozenset()),)]}
            case _:
                return {UNSCORED: [tuple(self._valued(term))]}

    def _anywhere(self, term: Term, name: tuple[str, ...]) -> Tiers:
        key = number_key(term.text)
        tiers = _named("names", name)
        for score, found in (_numbered(key) if key else {}).items():
            tiers.setdefault(score, []).extend(found)
        letters = trimmed(units(term.text.replace("\n", " ")))
        text = tiers.setdefault(TEXT, [])
        if letters and STOP not in letters:
            text.append((Row("letters", letters),))
            if len(letters) >= _LEAST_ARCHIVAL and "".join(letters).isascii():
                text.append((Row("archival", letters),))
        if not term.exact:
            text += [(look,) for look in self._meant(term.text)]
        return tiers

    def _meant(self, text: str) -> Iterator[Look]:
        """What a bare word may say of a contract beside standing in it: 2026年, 第三组, 412户, 本月到期, 已归档."""
        flat = "".join(units(text))
        days = period(text, self._today)
        if days and (_YEAR.fullmatch(flat) or ".." in text):
            yield Among("year", _years(days))
        if _OF_YEAR.match(flat):
            yield Among("campaign", frozenset({campaign_key(text)}))
        if flat.endswith(("组", "队", "屯")) and group_of(text):
            yield Among("group", frozenset({group_of(text)}))
        if _HOUSEHOLD.fullmatch(flat):
            yield Among("household", frozenset({household_key(text)}))
        if len(flat) > 1 and states(text):
            yield Among("state", states(text))
        if self._words.abbreviated(text):
            yield Among("template", self._words.abbreviated(text))
        due = (
            period(text.strip().removesuffix("到期"), self._today) if text.strip().endswith("到期") else None
        )
        if due:
            yield Span("ends", due[0], min(due[1], LAST_DAY))
        if text.isascii() and text.isalpha() and self._words.villages_by_pinyin(text.lower()):
            yield Among("village", self._words.villages_by_pinyin(text.lower()))

    def _valued(self, term: Term) -> Iterator[Look]:
        """The looks of a field with fixed values; what it cannot mean is found nowhere, with a note."""
        text, name = term.text, str(term.field)
        match term.field:
            case Field.ENDS | Field.TERM | Field.YEAR:
                days = period(text, self._today)
                if days is None:
                    self._note(term)
                    yield Among("year", frozenset())
                elif term.field is Field.YEAR:
                    yield Among("year", _years(days))
                elif term.field is Field.ENDS:
                    yield Span("ends", days[0], min(days[1], LAST_DAY))
                else:
                    yield Span("starts", 0, days[1])
                    yield Span("ends", days[0], OPEN_END)
                return
            case Field.VILLAGE:
                values = self._words.villages(text) or self._words.villages_by_pinyin(text.lower())
            case Field.TOWN:
                name, values = "village", self._words.towns(text)
            case Field.TEMPLATE:
                values = self._words.templates(text) | kinds(text)
            case Field.CLAUSE:
                name, values = "form", frozenset(one.form for one in self._words.wordings(text))
            case Field.ID_END | Field.STAY:
                name, values = "number", self._query.known.get(term, frozenset())
            case Field.STATE:
                values = states(text)
            case Field.GROUP:
                values = frozenset({group_of(text)} - {""})
            case Field.HOUSEHOLD:
                values = frozenset({household_key(text)})
            case _:
                values = frozenset({campaign_key(text)})
        if not values:
            self._note(term)
        yield Among(name, values)

    def _note(self, term: Term) -> None:
        self._notes.append(_NOTES[term.field].format(text=term.text))


def _filters(query: Query) -> Iterator[Look]:
    if query.unreadable:
        yield Among("state", frozenset())
    for villages in (query.villages, query.within):
        if villages is not None:
            yield Among("village", frozenset(map(_encodable, villages)))
    for name, value in (("template", query.template), ("year", query.year), ("state", query.state)):
        if value is not None:
            yield Among(name, frozenset({_encodable(str(value))}))


def _encodable(text: str) -> str:
    """`text` with the lone surrogates of an undecodable command line made harmless."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _needle(tiers: Tiers) -> Needle:
    return Needle(
        tuple(
            (score, tuple(dict.fromkeys(tiers[score])))
            for score in sorted(tiers, reverse=True)
            if tiers[score]
        )
    )


def _unscored(needle: Needle) -> Needle:
    return _needle({UNSCORED: needle.alternatives})


def _joined(run: list[Group]) -> Iterator[list[Group]]:
    """A run of words as one name if it is short enough to be one, else one by one."""
    sounds = typed_sounds(" ".join(group[0].text for group in run)) if len(run) > 1 else []
    if sounds and min(map(len, sounds)) <= _FEW_SOUNDS:
        yield run
    else:
        yield from ([group] for group in run)


def _named(name: str, row: tuple[str, ...]) -> Tiers:
    """A whole name, or a part of one."""
    return {WHOLE: [(Row(name, whole(row)),)], PART: [(Row(name, row),)]} if row else {}


def _numbered(key: str, least: int = LEAST_ENDING) -> Tiers:
    """The whole number, its beginning, or its end from `least` characters on."""
    begins: Look = Among("numbers", frozenset({key})) if len(key) <= SHARED else Begins(key)
    tiers: Tiers = {WHOLE: [(Among("key", frozenset({key})),)], PART: [(begins,)], TEXT: []}
    if least <= len(key) <= SHARED:
        tiers[PART].append((Among("numbers", frozenset({ENDING + key})),))
        tiers[TEXT].append((Among("numbers", frozenset({CHECKED + key})),))
    return tiers


def _alike(name: tuple[str, ...], narrowed: bool) -> Tiers:
    """What sounds like a name, looks like it, or is it with one character mistyped, missing or too many."""
    sounds = readings(name)
    looks = shaped(name)
    mistyped = one_more(name)
    if len(name) > 2 or narrowed:  # one character of two is a surname: half the archive
        mistyped += one_open(name)
    variants = [(*name[:at], name[at + 1], name[at], *name[at + 2 :]) for at in range(len(name) - 1)]
    if len(name) > 2:
        variants += [(*name[:at], *name[at + 1 :]) for at in range(len(name))]
    by_score = {
        SOUNDS_WHOLE: [Row("similar", whole(row)) for row in sounds],
        SOUNDS: [Row("similar", row) for row in sounds],
        SHAPE: [Row("similar", looks), Row("names", looks)],
        MISTYPED: [
            *(Row("similar", (token,)) for token in mistyped),
            *(Row("names", whole(row)) for row in variants),
        ],
    }
    return {score: [(row,) for row in rows] for score, rows in by_score.items()}


def _spelled(text: str) -> Tiers:
    """What sounds as it is typed in pinyin; initials after full syllables."""
    tiers: Tiers = {}
    for row in typed_sounds(text):
        first = initials(row)
        syllables = [Row("similar", run) for run in _runs(row)] if row != first else []
        best, part = (SOUNDS_WHOLE, SOUNDS) if row == tuple(map(str.lower, row)) else (SOUNDS, SHAPE)
        if best == SOUNDS_WHOLE:
            looks: tuple[Look, ...] = (Row("similar", whole(row)),)
            parts: tuple[Look, ...] = (Row("similar", row),)
        else:
            looks = (Row("similar", whole(first)), *syllables)
            parts = (Row("similar", first), *syllables)
        tiers.setdefault(best, []).append(looks)
        tiers.setdefault(part, []).append(parts)
    return tiers


def _runs(row: Sounds) -> Iterator[Sounds]:
    """The runs of full syllables in what mixes them with initials."""
    run: list[str] = []
    for sound in (*row, "A"):
        if sound.isupper():
            if run:
                yield tuple(run)
            run = []
        else:
            run.append(sound)


def _parts(tiers: Tiers) -> list[Alternative]:
    """All alternatives but the whole names, which a part of them finds as well."""
    return [one for found in tiers.values() for one in found if not any(_is_whole(look) for look in one)]


def _is_whole(look: Look) -> bool:
    return isinstance(look, Row) and look.tokens[0].startswith(BREAK)


def _all_of(choices: Iterable[Sequence[Alternative]]) -> Iterator[Alternative]:
    """The ways to take one of each of `choices`."""
    for taken in islice(product(*choices), MOST_ALTERNATIVES):
        yield tuple(dict.fromkeys(look for one in taken for look in one))


def _years(days: tuple[int, int]) -> frozenset[str]:
    """The years of a period that a contract number can hold."""
    first, last = max(days[0] // 10000, 1950), min(days[1] // 10000, 2200)
    return frozenset(map(str, range(first, last + 1)))
