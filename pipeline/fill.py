"""The .docx of one contract: a compiled template filled by joining strings (compile_template.py makes it).

A compiled part is a tree of literal XML, slots, conditions and row loops. The same tree makes a contract
(slots become values) and the page that layouts are read from (slots become marker characters in a colour
of their own).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from archive.paper_words import masked
from pipeline.docx_package import Package
from pipeline.manifest import Field, Manifest

TIGHTEST = 0.75  # of the natural width: narrower than that, Chinese is hard to read
NARROW = 0.62  # ems of a letter or a digit, at most but for a few
VARIANTS = 512  # flattened at a time; they share their literals, so that one is a few kB
# What markup is made of, and what XML 1.0 cannot say at all (its section 2.2); no roster holds the latter.
_SPECIAL = re.compile(r"[&<>\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_UNSAYABLE = "\ufffd"


@dataclass(frozen=True, slots=True)
class Slot:
    """One mark's place: a field or a box. `rows` names the list whose rows it repeats with, "" for none.

    `scales`: its run may be given a horizontal scale of its own.
    `size` is the font size in points; `alone` says that its paragraph, a table cell's say, has nothing else, and
    `align` (left, center, right) how that paragraph is aligned.
    """

    kind: str
    name: str
    rows: str
    size: float
    alone: bool
    align: str
    colour: str
    scales: bool

    @property
    def key(self) -> str:
        """What layouts call the slot; a row's number goes into the braces."""
        return f"{self.rows}.{{}}.{self.name}" if self.rows else self.name


@dataclass(frozen=True, slots=True)
class ColourOf:
    """Where a slot's colour goes in its run's properties."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class If:
    """Nodes that are there only if the optional clause holds."""

    clause: str
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A table row that repeats for every item of a list."""

    rows: str
    nodes: tuple["Node", ...]


Node = bytes | Slot | ColourOf | If | Loop  # bytes: literal XML
# Given a slot and the row it repeats in (0 outside rows): its colour element, and the text of its run.
Paint = Callable[[Slot, int], tuple[str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A template ready to be filled: its parts with marks as trees, its other members packed."""

    manifest: Manifest
    parts: Mapping[str, tuple[Node, ...]]
    package: Package

    def render(self, clauses: Sequence[str], counts: Mapping[str, int], paint: Paint) -> bytes:
        """The .docx with the given clauses and numbers of rows, every slot as `paint` says."""
        held = frozenset(clauses)

        def painted(nodes: Sequence[Node]) -> Iterator[bytes]:
            for node, row in _leaves(nodes, held, counts):
                if isinstance(node, bytes):
                    yield node
                elif isinstance(node, Slot):
                    yield xml_text(paint(node, row)[1]).encode()
                else:
                    yield paint(node.slot, row)[0].encode()

        return self.package.docx(
            (name.encode(), b"".join(painted(nodes))) for name, nodes in self.parts.items()
        )


@dataclass(frozen=True, slots=True)
class Content:
    """A contract's frozen values, as printed: fields by name, rows of lists, the clauses that hold."""

    fields: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]]
    clauses: tuple[str, ...]

    def value(self, key: str) -> str:
        """The value of a field (`phone`) or of a row's field (`members.1.name`)."""
        if "." not in key:
            return self.fields[key]
        rows, number, name = key.split(".")
        return self.rows[rows][int(number) - 1][name]


def masked_content(content: Content) -> Content:
    """What a contract says, people's numbers masked."""

    def row(values: Mapping[str, str]) -> dict[str, str]:
        return {name: masked(value) for name, value in values.items()}

    rows = {name: [row(one) for one in listed] for name, listed in content.rows.items()}
    return Content(row(content.fields), rows, content.clauses)


def contract_docx(compiled: Compiled, content: Content) -> bytes:
    """The contract itself: values in place of fields, boxes left empty, tick boxes as □."""
    counts = tuple((name, len(rows)) for name, rows in content.rows.items())
    parts = []
    for part in _flattened(compiled, content.clauses, counts):
        pieces = part.pieces.copy()
        for value in part.values:
            text = content.value(value.key)
            if len(text) > value.ems:
                pieces[value.before] += _scale(text, value)
            pieces[value.position] = xml_text(text if value.alone else _centred(text, value.ems)).encode()
        parts.append((part.name, b"".join(pieces)))
    return compiled.package.docx(parts)


@dataclass(frozen=True, slots=True)
class _Value:
    """A value among a part's pieces: where its run's properties end and where it stands, and its blank's ems."""

    before: int
    position: int
    key: str
    ems: int
    alone: bool
    scales: bool


@dataclass(frozen=True, slots=True)
class _FlatPart:
    """A part of one variant: its pieces in order, and which of them are values."""

    name: bytes
    pieces: list[bytes]
    values: tuple[_Value, ...]


@lru_cache(maxsize=VARIANTS)
def _flattened(
    compiled: Compiled, clauses: tuple[str, ...], counts: tuple[tuple[str, int], ...]
) -> tuple[_FlatPart, ...]:
    """The parts that every contract with these clauses and numbers of rows has in common."""
    return tuple(
        _flat(compiled.manifest, name, _leaves(nodes, frozenset(clauses), dict(counts)))
        for name, nodes in compiled.parts.items()
    )


def _flat(manifest: Manifest, name: str, leaves: "Iterator[tuple[_Leaf, int]]") -> _FlatPart:
    pieces: list[bytes] = []
    values: list[_Value] = []
    before = 0
    for node, row in leaves:
        if isinstance(node, bytes):
            pieces.append(node)
        elif isinstance(node, ColourOf):
            before = len(pieces)
            pieces.append(node.slot.colour.encode())
        elif node.kind == "box":
            pieces.append("□".encode() if manifest.boxes[node.name].kind == "tick" else b"")
        else:
            ems = int(blank_of(manifest, node).width / 25.4 * 72 / node.size)
            values.append(_Value(before, len(pieces), node.key.format(row), ems, node.alone, node.scales))
            pieces.append(b"")
    return _FlatPart(name.encode(), pieces, tuple(values))


def _scale(text: str, value: _Value) -> bytes:
    """The scale at which a text wider than its blank fits it, as print.pdf has it; none where it would not."""
    wide = _ems(text)
    if not value.scales or not value.ems < wide <= value.ems / TIGHTEST:
        return b""
    return b'<w:w w:val="%d"/>' % int(100 * value.ems / wide)


def _ems(text: str) -> float:
    """How wide a text is at most, but for a few letters, in ems."""
    return sum(1.0 if character > "\xff" or character == "·" else NARROW for character in text)


def xml_text(value: str) -> str:
    """The value as XML text; a character that XML has no way to say becomes U+FFFD, which is seen."""
    return _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], _UNSAYABLE), value)


def blank_of(manifest: Manifest, slot: Slot) -> Field:
    """The manifest's entry for a field's slot."""
    return manifest.rows[slot.rows][slot.name] if slot.rows else manifest.fields[slot.name]


def _centred(value: str, ems: int) -> str:
    """The value with ideographic spaces around it, so that the underline is as long as the blank."""
    spare = max(0, int(ems - _ems(value)))
    return "\u3000" * (spare // 2) + value + "\u3000" * (spare - spare // 2)


_Leaf = bytes | Slot | ColourOf


def _leaves(
    nodes: Sequence[Node], clauses: frozenset[str], counts: Mapping[str, int], row: int = 0
) -> Iterator[tuple[_Leaf, int]]:
    """The nodes that are there, in order, each with the row it repeats in."""
    for node in nodes:
        if isinstance(node, If):
            if node.clause in clauses:
                yield from _leaves(node.nodes, clauses, counts, row)
        elif isinstance(node, Loop):
            for number in range(1, counts.get(node.rows, 0) + 1):
                yield from _leaves(node.nodes, clauses, counts, number)
        else:
            yield node, row
