"""What a person types into the search box, read without ever failing.

覃小明 冲洞            both must be found, each in the text, in a party's name or in the number
"东门镇 冲洞村"         exactly so; a phrase may hold spaces; an open quote goes to the end
-作废                  must not be found
覃小明 或 韦秀英        either; 或, or and | bind closer than the space: 冲洞 覃 或 韦 is 冲洞 and one of the two
村:冲洞 状态:已归档     one field (FIELD_WORDS)
到期:本月 年:2024..2026 dates and periods (values.period)

What is not understood is left out or taken as words, and a note in Chinese says so.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from archive.index.words import characters, fold, trimmed

MOST_TERMS = 32  # of a whole page pasted into the box, the rest is dropped
MOST_LETTERS = 100  # of one term
QUOTES = '"“”„＂'
_BARS = "|｜"
_FIELD = re.compile(r"([^\W\d_]{1,10})[:：]\s*")
_OR, _AND = frozenset({"或", "或者", "or"}), frozenset({"and", "且", "并且"})


class Field(StrEnum):
    """Where a term is looked for."""

    ANY = "any"
    VILLAGE = "village"
    TOWN = "town"
    PARTY = "party"
    NUMBER = "number"
    GROUP = "group"
    HOUSEHOLD = "household"
    YEAR = "year"
    STATE = "state"
    TEMPLATE = "template"
    RESPONSIBLE = "responsible"
    CAMPAIGN = "campaign"
    ENDS = "ends"
    TERM = "term"
    ARCHIVAL = "archival_number"
    CLAUSE = "clause"
    ID_END = "id_last4"
    STAY = "stay"


CHINESE_FIELDS = {
    Field.PARTY: ("姓名", "名字", "当事人", "乙方"),
    Field.VILLAGE: ("村", "村名", "社区", "村居"),
    Field.TOWN: ("镇", "乡", "乡镇", "街道"),
    Field.GROUP: ("组", "小组"),
    Field.HOUSEHOLD: ("户", "户号", "户编号"),
    Field.NUMBER: ("编号", "号", "合同号", "合同编号"),
    Field.TEMPLATE: ("合同", "模板", "种类"),
    Field.STATE: ("状态",),
    Field.YEAR: ("年", "年份", "年度"),
    Field.RESPONSIBLE: ("负责人", "责任人", "联户责任人"),
    Field.CAMPAIGN: ("批次",),
    Field.ENDS: ("到期", "到期日"),
    Field.TERM: ("期限", "有效期"),
    Field.ARCHIVAL: ("档号",),
    Field.CLAUSE: ("条款", "正文"),
    Field.ID_END: ("尾号", "身份证尾号"),
    Field.STAY: ("外出", "去向", "外出地"),
}
ASKED = frozenset({Field.ID_END, Field.STAY})  # fields that no index has
FIELD_WORDS = {word: name for name, words in CHINESE_FIELDS.items() for word in words} | {
    str(name): name for name in Field if name is not Field.ANY
}
_SHOWN_FIELDS = "、".join(words[0] for words in CHINESE_FIELDS.values())


@dataclass(frozen=True, slots=True)
class Term:
    """One thing typed: `text` as it was, without quotes, field word and minus; `exact` if it was quoted."""

    text: str
    field: Field = Field.ANY
    excluded: bool = False
    exact: bool = False


Group = tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Groups of terms, of each of which one must be found, and the filters that the command line adds.

    `villages` are 12-digit codes, `template` a template's name, `year` the number's, `state` a State's value; None
    filters nothing. `within` are the villages that whoever asks may see: nothing of any other is found, counted or
    suggested; None for all. `today` is what 本月 is told from. `known` are the numbers of the contracts that terms mean which
    only the catalogue can tell (ASKED). `unreadable` is what was typed without anything to look for:
    it finds nothing, not everything. `notes` say in Chinese what was not understood.
    """

    groups: tuple[Group, ...] = ()
    villages: frozenset[str] | None = None
    template: str | None = None
    year: int | None = None
    state: str | None = None
    today: date | None = None
    known: Mapping[Term, frozenset[str]] = field(default_factory=dict)
    unreadable: bool = False
    notes: tuple[str, ...] = ()
    within: frozenset[str] | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """All the terms, in order."""
        return tuple(term for group in self.groups for term in group)

    @property
    def highlighted(self) -> tuple[str, ...]:
        """The texts to mark in what is shown."""
        shown = (Field.ANY, Field.PARTY, Field.NUMBER, Field.VILLAGE, Field.RESPONSIBLE)
        return tuple(term.text for term in self.terms if term.field in shown and not term.excluded)


def parse(text: str) -> Query:
    """The query that `text` stands for, without filters."""
    reader = _Reader(text)
    groups: list[Group] = []
    joining = False
    for token in reader.tokens():
        if token is None:
            if joining or not groups:
                reader.note("“或”要写在两个词的中间，多余的已略去。")
            joining = bool(groups)
        elif len(groups) == MOST_TERMS:
            reader.note(f"词太多，只查前 {MOST_TERMS} 个。")
            joining = False
            break
        elif joining and not token.excluded and not groups[-1][-1].excluded and len(groups[-1]) < MOST_TERMS:
            groups[-1] = (*groups[-1], token)
            joining = False
        else:
            if joining:
                reader.note("“或”的两边不能是减号词，这个“或”已略去。")
            groups.append((token,))
            joining = False
    if joining:
        reader.note("“或”的后面没有词，已略去。")
    unreadable = bool(text.strip()) and not groups
    if unreadable:
        shown = text if len(text) <= MOST_LETTERS else text[:MOST_LETTERS] + "…"
        reader.note(f"“{shown}”里没有可以查的字、字母或数字。要看全部，查找的词就什么都不写。")
    return Query(tuple(groups), unreadable=unreadable, notes=tuple(reader.notes))


class _Reader:
    """Cuts what was typed into terms; None stands for an 或."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._joined = text, 0, False
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def tokens(self) -> Iterator[Term | None]:
        text = self._text
        while self._at < len(text):
            if text[self._at].isspace():
                self._at += 1
            elif text[self._at] in _BARS:
                self._at += 1
                yield None
            else:
                yield from self._term()
        if self._joined:
            self.note("最后的“并且”后面没有词，已略去。几个词之间空一格，就是都要有。")

    def _term(self) -> Iterator[Term | None]:
        excluded = self._text[self._at] in "-－"
        self._at += excluded
        named, where = self._field()
        quoted = self._text[self._at : self._at + 1] != "" and self._text[self._at] in QUOTES
        written = self._quoted() if quoted else self._word()
        if not quoted and not named and not excluded and fold(written) in _OR:
            yield None
            return
        if not quoted and not named and not excluded and fold(written) in _AND:
            self._joined = True  # as the space says already
            return
        self._joined = False
        if len(written) > MOST_LETTERS:
            self.note(f"有一个词太长，只查它的前 {MOST_LETTERS} 个字。")
        term = Term(written[:MOST_LETTERS], where, excluded, quoted)
        if trimmed(characters(term.text)):
            yield term
        elif named:
            self.note(f"“{named}:”后面没有写要找的，已略去。")

    def _field(self) -> tuple[str, Field]:
        """The field word at this place, "" if there is none, and its field."""
        found = _FIELD.match(self._text, self._at)
        if not found:
            return "", Field.ANY
        self._at = found.end()
        where = FIELD_WORDS.get(fold(found[1]))
        if where is None:
            self.note(f"没有“{found[1]}”这一栏，当作普通的词来查。可用的栏：{_SHOWN_FIELDS}。")
        return found[1], where or Field.ANY

    def _quoted(self) -> str:
        start = self._at + 1
        end = next((at for at in range(start, len(self._text)) if self._text[at] in QUOTES), len(self._text))
        if end == len(self._text):
            self.note("引号只有一半，当作一直引到末尾。")
        self._at = end + 1
        return self._text[start:end]

    def _word(self) -> str:
        start = self._at
        while self._at < len(self._text):
            letter = self._text[self._at]
            if letter.isspace() or letter in QUOTES or letter in _BARS:
                break
            self._at += 1
        return self._text[start : self._at]
