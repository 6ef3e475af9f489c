"""The words of a paper filed by hand: what its clerk noted, and what is written on it, without people's numbers.

In the catalogue both are one text: the note, a form feed, the words of its files, page by page.
"""

import re
import unicodedata

from archive.identity import upgraded
from archive.numbers import parse

MOST = 200_000  # characters that are kept of a paper's words
MASK = "***"
BREAK = "\f"
LONG = 11  # digits in a row, from which on they may be somebody's number
IDENTITY, PHONE = (18, 15), 11

_GAP = "[ \u00a0\u3000]"
_CONTRACT = r"(?<!\d)\d{12}-?\d{4}-?\d{2}-?\d{6}-?[0-9A-Za-z](?![0-9A-Za-z])"
_DIGITS = rf"\d(?:{_GAP}?\d)*(?:{_GAP}?[xXｘＸ](?![a-zA-Z]))?"
_NUMBERS = re.compile(f"(?P<contract>{_CONTRACT})|{_DIGITS}")
_TOKEN = re.compile(r"\d+[xXｘＸ]?|[xXｘＸ]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)


def joined(note: str, text: str) -> str:
    """A paper's words as they are kept: cleaned, masked, of at most MOST characters."""
    return (masked(_clean(note)) + BREAK + masked(_clean(text)))[:MOST]


def parted(words: str) -> tuple[str, str]:
    """The note and the words of the files."""
    note, _, text = words.partition(BREAK)
    return note, text


def _clean(text: str) -> str:
    lines = (" ".join(line.split()) for line in _UNWANTED.sub(" ", text.replace("\r", "\n")).split("\n"))
    return "\n".join(line for line in lines if line)


def masked(text: str) -> str:
    """The text without identity numbers, phones, and what else is eleven digits or more; contract numbers stay.

    Identity numbers and phones are known with spaces in them, too.
    """

    def sub(found: re.Match[str]) -> str:
        if found["contract"] is not None and parse(found["contract"]) is not None:
            return found[0]
        return _masked_run(found[0])

    return _NUMBERS.sub(sub, text)


def has_identity(text: str) -> bool:
    """Whether a whole identity number stands in the text."""
    return any(
        _person_at(found[0], start.start(), IDENTITY)
        for found in _NUMBERS.finditer(text)
        for start in _TOKEN.finditer(found[0])
    )


def _masked_run(run: str) -> str:
    """Digits with at most a space between two, those that may be somebody's number taken out."""
    kept, at = [], 0
    for token in _TOKEN.finditer(run):
        if token.start() < at:
            continue
        kept.append(run[at : token.start()])
        end = _person_at(run, token.start(), (*IDENTITY, PHONE))
        if end or len(token[0]) >= LONG:
            kept.append(MASK)
            at = max(end, token.end())
        else:
            kept.append(token[0])
            at = token.end()
    return "".join(kept) + run[at:]


def _person_at(run: str, start: int, lengths: tuple[int, ...]) -> int:
    """Where an identity number or a phone ends that begins here and is no part of a longer number; 0 if there is none."""
    ahead = range(start, min(len(run), start + 2 * max(lengths) + 2))
    places = [at for at in ahead if not re.match(_GAP, run[at])]
    plain = unicodedata.normalize("NFKC", "".join(run[at] for at in places)).upper()
    for length in lengths:
        end = places[length - 1] + 1 if len(places) >= length else 0
        whole = end and (end == len(run) or end not in places)
        number = plain[:length]
        if whole and (re.fullmatch("1[3-9][0-9]{9}", number) if length == PHONE else upgraded(number)):
            return end
    return 0
