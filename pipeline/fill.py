"""The .docx of one contract: a compiled template filled by joining strings (compile_template.py makes it).

A compiled part is a tree of literal XML, slots, conditions and row loops. The same tree makes a contract
(slots become values) and the page that layouts are read from (slots become marker characters in a colour
of their own).
"""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from pipeline.manifest import Field, Manifest

EPOCH = (1980, 1, 1, 0, 0, 0)  # the only time in a .docx of ours: the earliest that a zip can say


@dataclass(frozen=True, slots=True)
class Slot:
    """One mark's place: a field or a box. `rows` names the list whose rows it repeats with, "" for none.

    `size` is the font size in points; `alone` says that its paragraph, a table cell's say, has nothing else.
    """

    kind: str
    name: str
    rows: str
    size: float
    alone: bool
    colour: str

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


Node = str | Slot | ColourOf | If | Loop
# Given a slot and the row it repeats in (0 outside rows): its colour element, and the text of its run.
Paint = Callable[[Slot, int], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Compiled:
    """A template ready to be filled: its parts with marks as trees, its other members as they are."""

    manifest: Manifest
    parts: Mapping[str, tuple[Node, ...]]
    members: Mapping[str, bytes]

    def render(self, clauses: Sequence[str], counts: Mapping[str, int], paint: Paint) -> bytes:
        """The .docx with the given clauses and numbers of rows, every slot as `paint` says."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in self.members.items():
                if name in self.parts:
                    pieces: list[str] = []
                    _render(self.parts[name], frozenset(clauses), counts, paint, 0, pieces)
                    data = "".join(pieces).encode()
                info = zipfile.ZipInfo(name, EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, data)
        return out.getvalue()

    def slots(self) -> list[Slot]:
        """Every slot of the document, in its parts' order."""
        return [slot for nodes in self.parts.values() for slot in _slots(nodes)]


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


def contract_docx(compiled: Compiled, content: Content) -> bytes:
    """The contract itself: values in place of fields, boxes left empty, tick boxes as □."""

    def paint(slot: Slot, row: int) -> tuple[str, str]:
        if slot.kind == "box":
            return slot.colour, "□" if compiled.manifest.boxes[slot.name].kind == "tick" else ""
        value = content.value(slot.key.format(row))
        if not slot.alone:
            blank = blank_of(compiled.manifest, slot)
            value = _centred(value, blank.width / 25.4 * 72 / slot.size)
        return slot.colour, value

    return compiled.render(content.clauses, {name: len(rows) for name, rows in content.rows.items()}, paint)


def blank_of(manifest: Manifest, slot: Slot) -> Field:
    """The manifest's entry for a field's slot."""
    return manifest.rows[slot.rows][slot.name] if slot.rows else manifest.fields[slot.name]


def _centred(value: str, ems: float) -> str:
    """The value with ideographic spaces around it, so that the underline is as long as the blank."""
    spare = max(0, int(ems) - len(value))
    return "\u3000" * (spare // 2) + value + "\u3000" * (spare - spare // 2)


def _render(
    nodes: Sequence[Node],
    clauses: frozenset[str],
    counts: Mapping[str, int],
    paint: Paint,
    row: int,
    out: list[str],
) -> None:
    for node in nodes:
        match node:
            case str():
                out.append(node)
            case Slot():
                out.append(escape(paint(node, row)[1]))
            case ColourOf():
                out.append(paint(node.slot, row)[0])
            case If():
                if node.clause in clauses:
                    _render(node.nodes, clauses, counts, paint, row, out)
            case Loop():
                for number in range(1, counts.get(node.rows, 0) + 1):
                    _render(node.nodes, clauses, counts, paint, number, out)


def _slots(nodes: Sequence[Node]) -> list[Slot]:
    found: list[Slot] = []
    for node in nodes:
        if isinstance(node, Slot):
            found.append(node)
        elif isinstance(node, If | Loop):
            found += _slots(node.nodes)
    return found
