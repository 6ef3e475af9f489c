"""A template's document, compiled: XML is parsed once, then contracts are made without parsing any.

Every field and box gets a run of its own; the document is cut there, and where optional clauses and
repeated rows begin and end, into the tree of pipeline.fill.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from lxml import etree

from pipeline import marks
from pipeline.fill import ColourOf, Compiled, If, Loop, Node, Slot
from pipeline.manifest import Manifest
from pipeline.marks import W
from pipeline.template import Template, open_docx

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"  # noncharacters: no text has them
_CUT = re.compile(f"<\\?huyue ([^?]*)\\?>|{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
# What stands before w:color in run properties (ECMA-376 part 1, 17.3.2).
_BEFORE_COLOUR = frozenset(
    f"{W}{name}"
    for name in (
        "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid "
        "vanish webHidden"
    ).split()
)
DEFAULT_SIZE = 10.0  # points, where a document says nothing (ECMA-376 part 1, 17.3.2.38)


@lru_cache(maxsize=64)
def compile_template(template: Template) -> Compiled:
    """Compile a template that `pipeline.template_check` has found sound."""
    members = open_docx(template.docx)
    sizes = _Sizes(members.get("word/styles.xml"))
    parts: dict[str, tuple[Node, ...]] = {}
    for name in marks.story_parts(members):
        root = marks.parse(members[name])
        if marks.heal(root):
            cutter = _Cutter(template.manifest, sizes)
            cutter.structure(root)
            for paragraph in root.iter(f"{W}p"):
                cutter.isolate(paragraph)
            text = etree.tostring(root, encoding="unicode")
            head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            parts[name] = (head, *_tree(_tokens(text), cutter.slots))
    return Compiled(template.manifest, parts, members)


class _Cutter:
    """Cuts one part: marks become runs with sentinels, clauses and row loops processing instructions."""

    def __init__(self, manifest: Manifest, sizes: "_Sizes") -> None:
        self.slots: list[Slot] = []
        self._alone = False
        self._sizes = sizes
        self._fields = {field.label: ("", name) for name, field in manifest.fields.items()}
        for rows, fields in manifest.rows.items():
            self._fields |= {field.label: (rows, name) for name, field in fields.items()}
        self._boxes = {box.label: name for name, box in manifest.boxes.items()}
        self._clauses = {clause.label: name for name, clause in manifest.clauses.items()}

    def structure(self, root: etree._Element) -> None:
        """Put instructions around optional paragraphs and rows and around rows that repeat."""
        repeated: set[etree._Element] = set()
        for paragraph in list(root.iter(f"{W}p")):
            for mark in self._marks(paragraph):
                row = next(paragraph.iterancestors(f"{W}tr"), None)
                if mark.kind == "clause":
                    first = row is not None and next(row.iter(f"{W}p")) is paragraph
                    _surround(
                        row if row is not None and first else paragraph, f"if:{self._clauses[mark.label]}"
                    )
                elif (
                    mark.kind == "field"
                    and self._fields[mark.label][0]
                    and row is not None
                    and row not in repeated
                ):
                    repeated.add(row)
                    _surround(row, f"loop:{self._fields[mark.label][0]}")

    def _marks(self, paragraph: etree._Element) -> list[marks.Mark]:
        text = "".join(text.text or "" for text in marks.text_runs(paragraph))
        return [marks.read(inner) for inner in marks.MARK.findall(text)]

    def isolate(self, paragraph: etree._Element) -> None:
        """Give every field and box of a paragraph a run of its own."""
        whole = "".join(text.text or "" for text in marks.text_runs(paragraph)).strip()
        self._alone = marks.MARK.fullmatch(whole) is not None
        for text in marks.text_runs(paragraph):
            if marks.MARK.search(text.text or ""):
                self._split(text)

    def _split(self, text: etree._Element) -> None:
        run = text.getparent()
        parent = run.getparent() if run is not None else None
        if run is None or parent is None:
            return
        properties = run.find(f"{W}rPr")
        before = [child for child in text.itersiblings(preceding=True) if child is not properties][::-1]
        after = list(text.itersiblings())
        pieces: list[etree._Element] = []

        def add(children: Sequence[etree._Element]) -> etree._Element:
            piece = etree.Element(f"{W}r")
            if properties is not None:
                piece.append(copy.deepcopy(properties))
            piece.extend(children)
            if children:
                pieces.append(piece)
            return piece

        add(before)
        for index, part in enumerate(marks.MARK.split(text.text or "")):
            if index % 2 == 0:
                add([_text(part)] if part else [])
                continue
            mark = marks.read(part)
            if mark.kind != "clause":
                number = len(self.slots)
                piece = add([_text(f"{_OPEN}text:{number}{_CLOSE}")])
                colour = _cut_colour(piece, f"{_OPEN}colour:{number}{_CLOSE}")
                self.slots.append(self._slot(mark, run, colour))
        add(after)
        place = parent.index(run)
        parent.remove(run)
        for offset, piece in enumerate(pieces):
            parent.insert(place + offset, piece)

    def _slot(self, mark: marks.Mark, run: etree._Element, colour: str) -> Slot:
        rows, name = ("", self._boxes[mark.label]) if mark.kind == "box" else self._fields[mark.label]
        return Slot(mark.kind, name, rows, self._sizes.of(run), self._alone, colour)


class _Sizes:
    """Font sizes by the styles of a document, in points."""

    def __init__(self, styles: bytes | None) -> None:
        root = marks.parse(styles) if styles else etree.Element(f"{W}styles")
        self._styles = {str(style.get(f"{W}styleId")): style for style in root.iter(f"{W}style")}
        self._default = next(
            (
                str(style.get(f"{W}styleId"))
                for style in root.iter(f"{W}style")
                if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") == "1"
            ),
            "",
        )
        defaults = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}sz")
        self._least = _points(defaults) if defaults is not None else DEFAULT_SIZE

    def of(self, run: etree._Element) -> float:
        """The run's own size, else its character style's, its paragraph style's, the document's."""
        own = run.find(f"{W}rPr/{W}sz")
        if own is not None:
            return _points(own)
        paragraph = next(run.iterancestors(f"{W}p"))
        for style in (run.find(f"{W}rPr/{W}rStyle"), paragraph.find(f"{W}pPr/{W}pStyle")):
            found = self._of_style(style.get(f"{W}val") if style is not None else "")
            if found is not None:
                return found
        return self._of_style(self._default) or self._least

    def _of_style(self, style_id: str | None) -> float | None:
        seen: set[str] = set()
        while style_id and style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            size = style.find(f"{W}rPr/{W}sz")
            if size is not None:
                return _points(size)
            based = style.find(f"{W}basedOn")
            style_id = based.get(f"{W}val") if based is not None else None
        return None


def _points(size: etree._Element) -> float:
    """A w:sz, which counts half points."""
    return float(str(size.get(f"{W}val"))) / 2


def _text(content: str) -> etree._Element:
    element = etree.Element(f"{W}t")
    element.text = content
    element.set(_SPACE, "preserve")
    return element


def _surround(element: etree._Element, what: str) -> None:
    end = etree.ProcessingInstruction("huyue", "end")
    end.tail, element.tail = element.tail, None
    element.addprevious(etree.ProcessingInstruction("huyue", what))
    element.addnext(end)


def _cut_colour(run: etree._Element, sentinel: str) -> str:
    """Put the sentinel where w:color stands in the run's properties; returns what stood there, as XML."""
    properties = run.find(f"{W}rPr")
    if properties is None:
        properties = etree.Element(f"{W}rPr")
        run.insert(0, properties)
    old = properties.find(f"{W}color")
    colour = ""
    if old is not None:
        colour = f'<w:color w:val="{old.get(f"{W}val")}"/>'
        properties.remove(old)
    last = None
    for child in properties:
        if child.tag in _BEFORE_COLOUR:
            last = child
    if last is None:
        properties.text = sentinel
    else:
        last.tail = sentinel
    return colour


def _tokens(text: str) -> Iterator[str | tuple[str, str]]:
    """Literal XML, and (what, which) at each cut: if, loop, end, text, colour."""
    position = 0
    for cut in _CUT.finditer(text):
        if cut.start() > position:
            yield text[position : cut.start()]
        what, _, which = (cut[1] or cut[2]).partition(":")
        yield what, which
        position = cut.end()
    yield text[position:]


def _tree(tokens: Iterator[str | tuple[str, str]], slots: Sequence[Slot]) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for token in tokens:
        match token:
            case str():
                nodes.append(token)
            case ("text", which):
                nodes.append(slots[int(which)])
            case ("colour", which):
                nodes.append(ColourOf(slots[int(which)]))
            case ("if", which):
                nodes.append(If(which, _tree(tokens, slots)))
            case ("loop", which):
                nodes.append(Loop(which, _tree(tokens, slots)))
            case _:
                break
    return tuple(nodes)
