"""What a person types into the search box, read without ever failing.

覃小明 冲洞         both must be found, each in the text, in a party's name or as the number's beginning
"东门镇 冲洞村"      a phrase may hold spaces; an open quote goes to the end
-作废               must not be found
村:冲洞 姓名:覃 编号:4512 组:3 户:12 年:2026 状态:已归档     one field; english names too
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from archive.index.words import BREAK, STOP, Words, characters, fold, number_key, trimmed, units
from archive.states import CHINESE, State

MOST_TERMS = 32  # of a whole page pasted into the box, the rest is dropped
QUOTES = '"“”„＂'
NOWHERE = "-"  # no number's key begins so
_FIELD = re.compile(r"([^\W\d_]{1,10})[:：]\s*")
_DIGITS = "零一二三四五六七八九"


class Field(StrEnum):
    """Where a term is looked for."""

    ANY = "any"
    VILLAGE = "village"
    PARTY = "party"
    NUMBER = "number"
    GROUP = "group"
    HOUSEHOLD = "household"
    YEAR = "year"
    STATE = "state"


FIELD_WORDS = {
    "村": Field.VILLAGE,
    "姓名": Field.PARTY,
    "编号": Field.NUMBER,
    "组": Field.GROUP,
    "户": Field.HOUSEHOLD,
    "年": Field.YEAR,
    "状态": Field.STATE,
} | {str(name): name for name in Field if name is not Field.ANY}


@dataclass(frozen=True, slots=True)
class Term:
    """One thing typed: `text` as it was, without quotes, field word and minus."""

    text: str
    field: Field = Field.ANY
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """The terms, and the filters that the command line adds; None filters nothing.

    `villages` are 12-digit codes, `template` a template's name, `year` the number's, `state` a State's value.
    `unreadable` is what was typed without anything to look for: it finds nothing, not everything.
    """

    terms: tuple[Term, ...] = ()
    villages: frozenset[str] | None = None
    template: str | None = None
    year: int | None = None
    state: str | None = None
    unreadable: bool = False

    @property
    def highlighted(self) -> tuple[str, ...]:
        """The texts to mark in what is shown."""
        shown = (Field.ANY, Field.PARTY, Field.NUMBER, Field.VILLAGE)
        return tuple(term.text for term in self.terms if term.field in shown and not term.excluded)


def parse(text: str) -> Query:
    """The query that `text` stands for, without filters."""
    sound = (term for term in _terms(text) if trimmed(characters(term.text)))
    terms = tuple(islice(sound, MOST_TERMS))
    return Query(terms, unreadable=bool(text.strip()) and not terms)


def _terms(text: str) -> Iterator[Term]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        excluded = text[at] in "-－"
        at += excluded
        named = _FIELD.match(text, at)
        where = FIELD_WORDS.get(fold(named[1]), Field.ANY) if named else Field.ANY
        if named and where is not Field.ANY:
            at = named.end()
        quoted = text[at : at + 1] != "" and text[at] in QUOTES
        at += quoted
        end = at
        while end < len(text) and text[end] not in QUOTES and (quoted or not text[end].isspace()):
            end += 1
        yield Term(text[at:end], where, excluded)
        at = end + quoted


@dataclass(frozen=True, slots=True)
class Needle:
    """A term as the engines look for it; one found part is enough, an empty one is none.

    `letters` stand side by side in the text, `name` in a party's name, `number` begins the contract number.
    """

    letters: tuple[str, ...]
    name: tuple[str, ...]
    number: str


@dataclass(frozen=True, slots=True)
class Exact:
    """A field that must hold one of `values`; none may, if it is empty."""

    field: str
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A query as engines run it: all of `needles` and `exact`, none of the others."""

    needles: list[Needle] = field(default_factory=list)
    without_needles: list[Needle] = field(default_factory=list)
    exact: list[Exact] = field(default_factory=list)
    without_exact: list[Exact] = field(default_factory=list)


def plan(query: Query, words: Words) -> Plan:
    """What the engines are to look for. Terms in which there is nothing to look for are left out."""
    made = Plan()
    for term in query.terms:
        if term.field in (Field.ANY, Field.PARTY, Field.NUMBER):
            needle = _needle(term)
            if needle.letters or needle.name or needle.number:
                (made.without_needles if term.excluded else made.needles).append(needle)
        else:
            exact = Exact(term.field.value, _values(term, words))
            (made.without_exact if term.excluded else made.exact).append(exact)
    if query.unreadable:
        made.exact.append(Exact("state", frozenset()))
    if query.villages is not None:
        made.exact.append(Exact("village", frozenset(map(_encodable, query.villages))))
    for name, value in (("template", query.template), ("year", query.year), ("state", query.state)):
        if value is not None:
            made.exact.append(Exact(name, frozenset({_encodable(str(value))})))
    return made


def _encodable(text: str) -> str:
    """`text` with the lone surrogates of an undecodable command line made harmless."""
    return text.encode("utf-8", "replace").decode("utf-8")


def household_key(text: str) -> str:
    """A household's number as it is compared: 0012, 12号 and １２ are one."""
    key = "".join(unit for unit in units(text) if unit not in (BREAK, STOP))
    key = re.sub(r"[户号]$", "", key) if len(key) > 1 else key
    return key.lstrip("0") or key


def _needle(term: Term) -> Needle:
    if term.field is Field.NUMBER:
        return Needle((), (), number_key(term.text) or NOWHERE)
    name = trimmed(characters(term.text))
    if term.field is Field.PARTY:
        return Needle((), name, "")
    letters = trimmed(units(term.text.replace("\n", " ")))
    return Needle(() if STOP in letters else letters, name, number_key(term.text))


def _values(term: Term, words: Words) -> frozenset[str]:
    """The values of an exact field that a term may mean; what it cannot mean is found nowhere."""
    if term.field is Field.VILLAGE:
        return words.villages(term.text)
    flat = "".join(units(term.text))
    if term.field is Field.STATE:
        return frozenset(
            state.value for state in State if flat and flat in (state.value, *_state_words(state))
        )
    if term.field is Field.HOUSEHOLD:
        return frozenset({household_key(term.text)})
    if term.field is Field.GROUP:
        found = re.fullmatch(r"第?([0-9]{1,4}|[一二三四五六七八九十]{1,3})(?:组|村民小组|小组|队|屯)?", flat)
        return frozenset({str(_counted(found[1]))} if found else ())
    found = re.fullmatch(r"([0-9]{4})年?", flat)
    return frozenset({found[1]} if found else ())


def _state_words(state: State) -> set[str]:
    """The ways to write a state: 未签（自愿）, 未签, 自愿; 已归档, 归档."""
    parts = re.findall(r"\w+", CHINESE[state])
    return {"".join(parts), *parts, *(part.removeprefix("已") for part in parts)}


def _counted(text: str) -> int:
    """The number that digits or Chinese numerals below 100 give: 12, 十二, 二十."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS.find(text[-1])
    return (_DIGITS.find(tens[-1]) if tens else 1) * 10 + (_DIGITS.find(ones[-1]) if ones else 0)
