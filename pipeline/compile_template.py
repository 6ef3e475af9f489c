"""A template's document, compiled: XML is parsed once, then contracts are made without parsing any.

Every field and box gets a run of its own; the document is cut there, and where optional clauses and
repeated rows begin and end, into the tree of pipeline.fill.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from xml.sax.saxutils import escape

from lxml import etree

from pipeline import marks
from pipeline.docx_package import pack
from pipeline.errors import TemplateUnreadable
from pipeline.fill import ColourOf, Compiled, If, Loop, Node, Slot
from pipeline.manifest import Manifest
from pipeline.marks import MC, W
from pipeline.run_styles import RunStyles
from pipeline.template import DOCUMENT, RESAVE, Template, open_docx

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"  # noncharacters: no text has them
_CUT = re.compile(f"<\\?huyue ([^?]*)\\?>|{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# What stands before w:color in run properties (ECMA-376 part 1, 17.3.2).
_BEFORE_COLOUR = frozenset(
    f"{W}{name}"
    for name in (
        "rStyle rFonts b bCs i iCs caps smallCaps strike dstrike outline shadow emboss imprint noProof snapToGrid "
        "vanish webHidden"
    ).split()
)
# What is of no use in a contract: places a program remembers, and would find twice in repeated rows.
_REMEMBERED = (f"{W}bookmarkStart", f"{W}bookmarkEnd", f"{W}proofErr", etree.Comment)
_IDS = re.compile(re.escape(W) + r"rsid\w*|" + re.escape(_W14) + r"(para|text)Id")
# Word does not open a file where one of these has no paragraph.
_NEVER_EMPTY = frozenset((f"{W}txbxContent", f"{W}hdr", f"{W}ftr"))


@lru_cache(maxsize=64)
def compile_template(template: Template) -> Compiled:
    """Compile a template that `pipeline.template_check` has found sound.

    Raises TemplateUnreadable for what must never reach a contract though the check was passed over.
    """
    members = {name: data for name, data in open_docx(template.docx).items() if not name.endswith("/")}
    _refuse_links(members)
    styles = RunStyles(members.get("word/styles.xml"))
    parts: dict[str, tuple[Node, ...]] = {}
    for name in marks.story_parts(members):
        root = marks.parse(members[name])
        if marks.heal(root):
            parts[name] = (_HEAD, *_cut(_tidied(root), name, template.manifest, styles))
    still = {name: data for name, data in members.items() if name not in parts}
    return Compiled(template.manifest, parts, pack(still))


def _refuse_links(members: Mapping[str, bytes]) -> None:
    """Raise TemplateUnreadable where a part is linked from elsewhere: no program may fetch it."""
    for name, data in members.items():
        if name.lower().endswith(".rels"):
            try:
                relations = marks.parse(data)
            except etree.XMLSyntaxError:  # its name is in capitals, so that open_docx has passed it over
                raise TemplateUnreadable(file=DOCUMENT, detail=f"{name} 已经损坏", remedy=RESAVE) from None
            for relation in relations:
                if (relation.get("TargetMode") or "").strip().lower() == "external":
                    target = (relation.get("Target") or "")[:60]
                    raise TemplateUnreadable(
                        file=DOCUMENT,
                        detail=f"{name} 链接到外面的“{target}”",
                        remedy="在 Word 里取消这个链接，把内容放进文档里",
                    )


def _tidied(root: etree._Element) -> etree._Element:
    """The part without what programs remember in it, and without content controls around marks."""
    if root.nsmap.get("w") != W[1:-1]:  # the colours that are put in say w:
        named = etree.Element(
            root.tag, nsmap={"w": W[1:-1]} | {p: u for p, u in root.nsmap.items() if p and p != "w"}
        )
        named.attrib.update(root.attrib)
        named.extend(list(root))
        root = named
    etree.strip_elements(root, *_REMEMBERED, with_tail=False)
    for element in root.iter(etree.Element):
        for attribute in [name for name in element.attrib if _IDS.fullmatch(str(name))]:
            del element.attrib[attribute]
    for control in list(root.iter(f"{W}sdt")):
        content, parent = control.find(f"{W}sdtContent"), control.getparent()
        text = "".join(text.text or "" for text in control.iter(f"{W}t"))
        # Word fills a bound control from elsewhere, and takes a placeholder's text for none.
        if content is not None and parent is not None and marks.MARK.search(text):
            place = parent.index(control)
            parent[place : place + 1] = list(content)
    return root


def _cut(root: etree._Element, name: str, manifest: Manifest, styles: RunStyles) -> tuple[Node, ...]:
    if _OPEN in etree.tostring(root, encoding="unicode"):
        raise TemplateUnreadable(file=DOCUMENT, detail=f"{name} 里有不是文字的字符", remedy=RESAVE)
    for alternatives in root.iter(f"{MC}AlternateContent"):
        _check_alternatives(alternatives, name)
    cutter = _Cutter(manifest, styles)
    cutter.structure(root)
    for paragraph in root.iter(f"{W}p"):
        cutter.isolate(paragraph)
    return _tree(_tokens(etree.tostring(root, encoding="unicode")), cutter.slots)


def _check_alternatives(alternatives: etree._Element, name: str) -> None:
    """Raise TemplateUnreadable where a copy of a text box, for other programs, has other marks than the first."""
    first, *others = [
        [marks.read(inner) for text in branch.iter(f"{W}t") for inner in marks.MARK.findall(text.text or "")]
        for branch in alternatives
    ] or [[]]
    for other in others:
        if other and other != first:
            shown = "、".join(dict.fromkeys(mark.label for mark in (*first, *other)))
            raise TemplateUnreadable(
                file=DOCUMENT,
                detail=f"{name} 里一个文本框存有两份内容，其中的标记不一样（{shown}）",
                remedy="在 Word 里删去这个文本框，重新插入并写上标记",
            )


class _Cutter:
    """Cuts one part: marks become runs with sentinels, clauses and row loops processing instructions."""

    def __init__(self, manifest: Manifest, styles: RunStyles) -> None:
        self.slots: list[Slot] = []
        self._alone = False
        self._styles = styles
        # Of a text box that is there in several forms: the slots of its first, and how many a form has taken.
        self._shared: dict[tuple[etree._Element, marks.Mark], list[int]] = {}
        self._taken: Counter[tuple[etree._Element, marks.Mark]] = Counter()
        self._fields = {field.label: ("", name) for name, field in manifest.fields.items()}
        for rows, fields in manifest.rows.items():
            self._fields |= {field.label: (rows, name) for name, field in fields.items()}
        self._boxes = {box.label: name for name, box in manifest.boxes.items()}
        self._clauses = {clause.label: name for name, clause in manifest.clauses.items()}

    def structure(self, root: etree._Element) -> None:
        """Put instructions around optional paragraphs and rows and around rows that repeat."""
        repeated: set[etree._Element] = set()
        for paragraph in list(root.iter(f"{W}p")):
            for mark in marks.marks_of(paragraph):
                row = next(paragraph.iterancestors(f"{W}tr"), None)
                if mark.kind == "clause":
                    self._optional(paragraph, row, f"if:{self._clauses[mark.label]}")
                elif (
                    mark.kind == "field"
                    and self._fields[mark.label][0]
                    and row is not None
                    and row not in repeated
                ):
                    repeated.add(row)
                    _surround([row], f"loop:{self._fields[mark.label][0]}")

    def _optional(self, paragraph: etree._Element, row: etree._Element | None, what: str) -> None:
        if row is not None and next(row.iter(f"{W}p")) is paragraph:
            _surround([row], what)
        elif _must_stay(paragraph):
            _surround([child for child in paragraph if child.tag != f"{W}pPr"], what)
        else:
            _surround([paragraph], what)

    def isolate(self, paragraph: etree._Element) -> None:
        """Give every field and box of a paragraph a run of its own."""
        self._alone = marks.MARK.fullmatch(marks.text_of(paragraph).strip()) is not None
        self._align = self._styles.alignment(paragraph)
        for text in marks.text_runs(paragraph):
            if marks.MARK.search(text.text or ""):
                self._split(text)

    def _split(self, text: etree._Element) -> None:
        run = text.getparent()
        parent = run.getparent() if run is not None else None
        if run is None or parent is None or run.tag != f"{W}r":
            raise TemplateUnreadable(
                file=DOCUMENT,
                detail=f"标记“{(text.text or '').strip()[:30]}”写在符号或图形里",
                remedy="改成普通文字",
            )
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
                number = self._number(mark, run)
                piece = add([_text(f"{_OPEN}text:{number}{_CLOSE}")])
                _cut_colour(piece, f"{_OPEN}colour:{number}{_CLOSE}")
        add(after)
        place = parent.index(run)
        parent.remove(run)
        for offset, piece in enumerate(pieces):
            parent.insert(place + offset, piece)

    def _number(self, mark: marks.Mark, run: etree._Element) -> int:
        """The number of the mark's slot: a new one, or, in a text box's later form, that of its first."""
        forms = [(form.getparent(), form) for form in run.iterancestors(f"{MC}Choice", f"{MC}Fallback")]
        number = None
        for alternatives, form in reversed(forms):
            if number is None and alternatives is not None and form is not alternatives[0]:
                number = self._shared[alternatives, mark][self._taken[form, mark]]
                self._taken[form, mark] += 1
        if number is None:
            number = len(self.slots)
            rows, name = ("", self._boxes[mark.label]) if mark.kind == "box" else self._fields[mark.label]
            self.slots.append(
                Slot(
                    mark.kind,
                    name,
                    rows,
                    self._styles.size(run),
                    self._alone,
                    self._align,
                    _colour_of(run),
                    run.find(f"{W}rPr/{W}spacing") is None and run.find(f"{W}rPr/{W}w") is None,
                )
            )
        for alternatives, form in forms:
            if alternatives is not None and form is alternatives[0]:
                self._shared.setdefault((alternatives, mark), []).append(number)
        return number


def _must_stay(paragraph: etree._Element) -> bool:
    """Whether a file without the paragraph would be broken: it ends a section, or a box has no other that stays."""
    parent = paragraph.getparent()
    if paragraph.find(f"{W}pPr/{W}sectPr") is not None:
        return True
    if parent is None or parent.tag not in _NEVER_EMPTY:
        return False
    if next(paragraph.itersiblings(etree.Element), None) is not None:
        return False
    return all(
        one.tag == f"{W}p" and any(mark.kind == "clause" for mark in marks.marks_of(one))
        for one in parent.iterchildren(etree.Element)
    )


def _text(content: str) -> etree._Element:
    element = etree.Element(f"{W}t")
    element.text = content
    element.set(_SPACE, "preserve")
    return element


def _surround(elements: Sequence[etree._Element], what: str) -> None:
    """Put an instruction before the first and its end after the last of some siblings."""
    end = etree.ProcessingInstruction("huyue", "end")
    last = elements[-1]
    end.tail, last.tail = last.tail, None
    elements[0].addprevious(etree.ProcessingInstruction("huyue", what))
    last.addnext(end)


def _colour_of(run: etree._Element) -> str:
    """The run's own w:color as XML, "" where it has none."""
    colour = run.find(f"{W}rPr/{W}color")
    if colour is None:
        return ""
    said = [(str(name), str(value)) for name, value in colour.items() if str(name).startswith(W)]
    return "<w:color" + "".join(f' w:{name[len(W) :]}="{escape(value)}"' for name, value in said) + "/>"


def _cut_colour(run: etree._Element, sentinel: str) -> None:
    """Put the sentinel where w:color stands in the run's properties."""
    properties = run.find(f"{W}rPr")
    if properties is None:
        properties = etree.Element(f"{W}rPr")
        run.insert(0, properties)
    for old in properties.findall(f"{W}color"):
        properties.remove(old)
    last = None
    for child in properties:
        if child.tag in _BEFORE_COLOUR:
            last = child
    if last is None:
        properties.text = sentinel
    else:
        last.tail = sentinel


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
                nodes.append(token.encode())
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
