"""Words of old practice that a contract must not oblige anyone with: found unless they stand under a negation.

Fines, deposits and forced procedures have no place in a contract under the law in force. "不得收取押金"
is right, "应交押金" is not. A sentence's parts between commas are judged one by one: a 不得 before a comma
says nothing about what follows it.
"""

import re
from collections.abc import Iterator, Sequence

WORDS = ("罚款", "押金", "保证金", "社会抚养费", "结扎", "引产", "强制")
_PART = re.compile(r"[^，。；：！？,;:!?\n]+")
_NEGATION = re.compile(r"不得|不收|不要求|禁止")
# 不得不交, 不得拒绝, 禁止逃避: a negation of refusing is a demand.
_DEMAND = re.compile(r"^不|拒|逃|躲|拖|欠|少交|减免|不交|不缴|不做|不参加")


def warning_words(text: str, words: Sequence[str] = WORDS) -> Iterator[tuple[str, str]]:
    """Each (word, part of the sentence) that stands under no negation, once a part and word."""
    for part in _PART.findall(re.sub(r"\s+", "", text)):
        for word in words:
            if any(not _negated(part[: found.start()]) for found in re.finditer(re.escape(word), part)):
                yield word, part


def _negated(before: str) -> bool:
    """Whether what stands before the word forbids it; two negations in one breath (不得不收) demand it."""
    negations = list(_NEGATION.finditer(before))
    if not negations:
        return False
    *earlier, last = negations
    doubled = bool(earlier) and "、" not in before[earlier[-1].end() : last.start()]
    return not doubled and not _DEMAND.search(before[last.end() :])
