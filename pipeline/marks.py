"""Marks in a template's document: `{{乙方姓名}}`, `{{成员.姓名}}`, `{{框:乙方签名}}`, `{{若:归期未定}}`.

Word splits a mark over runs as it likes; `heal` puts each into one run again. A template is untrusted: XML
is parsed without entities and without the network. Where a mark stands is said as a clerk would find it in
Word: 正文第3段, 表格2第1行第2格, 页眉第1段.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MARK = re.compile(r"\{\{([^{}]*)\}\}")
BOX, CLAUSE = "框", "若"
# Control and formatting characters, as text pasted from a web page has them.
INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
LEVEL = ("lrTb", "lr", None)  # the text direction of text that is not rotated
_STORY = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, huge_tree=False
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `kind` is field, box or clause; `label` is what the manifest calls it."""

    kind: str
    label: str


def read(inner: str) -> Mark:
    """The mark that stands between double braces; a full-width colon counts as a colon, what is not seen for nothing."""
    inner = INVISIBLE.sub("", inner).strip()
    head, colon, label = inner.replace("：", ":").partition(":")
    if colon and head.strip() in (BOX, CLAUSE):
        return Mark("box" if head.strip() == BOX else "clause", label.strip())
    return Mark("field", inner)


def parse(data: bytes) -> etree._Element:
    """A part's XML. Raises lxml.etree.XMLSyntaxError."""
    return etree.fromstring(data, _PARSER)


def story_parts(members: Iterable[str] | Mapping[str, bytes]) -> list[str]:
    """The parts that marks may stand in, the document first."""
    return sorted(
        (name for name in members if _STORY.fullmatch(name)), key=lambda name: ("document" not in name, name)
    )


def paragraphs(root: etree._Element, part: str) -> Iterator[tuple[etree._Element, str]]:
    """Every paragraph of a part, in order, with its place in Chinese.

    Paragraphs are counted without the empty ones, tables without those inside tables; a text box's fallback
    for old programs repeats the box and is passed over.
    """
    story = _STORIES.get(re.sub(r".*/|\d*\.xml$", "", part), part)
    places = _Places(root)
    count = 0
    for paragraph in root.iter(f"{W}p"):
        holder = _holder(paragraph)
        if holder is None:
            count += bool(text_of(paragraph))
            yield paragraph, f"{story}第{max(count, 1)}段"
        elif not _in_fallback(paragraph):
            if holder.tag == f"{W}txbxContent":
                yield paragraph, f"{story}文本框{places.boxes[holder]}"
            else:
                yield paragraph, ("" if story == "正文" else story) + places.of_cell(holder)


def text_of(paragraph: etree._Element) -> str:
    """A paragraph's own text, marks and all."""
    return "".join(text.text or "" for text in text_runs(paragraph))


def marks_of(paragraph: etree._Element) -> list[Mark]:
    """The marks of a paragraph's own text."""
    return [read(inner) for inner in MARK.findall(text_of(paragraph))]


def rows_of(table: etree._Element) -> list[etree._Element]:
    """A table's own rows, not those of tables inside it."""
    return [row for row in table.iter(f"{W}tr") if next(row.iterancestors(f"{W}tbl")) is table]


def cells_of(row: etree._Element) -> list[etree._Element]:
    """A row's own cells."""
    return [cell for cell in row.iter(f"{W}tc") if next(cell.iterancestors(f"{W}tr")) is row]


_STORIES = {"document": "正文", "header": "页眉", "footer": "页脚", "footnotes": "脚注", "endnotes": "尾注"}


def _holder(element: etree._Element) -> etree._Element | None:
    """The cell or text box that an element is in, if it is in one."""
    return next(element.iterancestors(f"{W}tc", f"{W}txbxContent"), None)


def _in_fallback(element: etree._Element) -> bool:
    return next(element.iterancestors(f"{MC}Fallback"), None) is not None


class _Places:
    """The places of a part's cells and text boxes; each is worked out once, for a part may have thousands."""

    def __init__(self, root: etree._Element) -> None:
        boxes = (box for box in root.iter(f"{W}txbxContent") if not _in_fallback(box))
        self.boxes = {box: number for number, box in enumerate(boxes, 1)}
        tables = (table for table in root.iter(f"{W}tbl") if _holder(table) is None)
        self._tables = {table: number for number, table in enumerate(tables, 1)}
        self._rows: dict[etree._Element, int] = {}
        self._cells: dict[etree._Element, str] = {}

    def of_cell(self, cell: etree._Element) -> str:
        """As 表格1第2行第3格."""
        if cell not in self._cells:
            row = next(cell.iterancestors(f"{W}tr"))
            for column, one in enumerate(cells_of(row), 1):
                self._cells[one] = self._place(one, row, column)
        return self._cells[cell]

    def _place(self, cell: etree._Element, row: etree._Element, column: int) -> str:
        table = next(cell.iterancestors(f"{W}tbl"))
        if table not in self._tables:
            outer = _holder(table)
            if outer is None or outer.tag == f"{W}txbxContent":
                return "文本框里的表格"
            return f"{self.of_cell(outer)}里的小表格"
        if row not in self._rows:
            self._rows |= {one: number for number, one in enumerate(rows_of(table), 1)}
        return f"表格{self._tables[table]}第{self._rows[row]}行第{column}格"


def text_runs(paragraph: etree._Element) -> list[etree._Element]:
    """The text elements of a paragraph's own runs, in order; a text box's paragraphs are their own."""
    return [text for text in paragraph.iter(f"{W}t") if next(text.iterancestors(f"{W}p")) is paragraph]


def heal(root: etree._Element) -> bool:
    """Join every mark that is split over runs into the run it begins in; whether the part has any mark."""
    found = False
    for paragraph in root.iter(f"{W}p"):
        texts = text_runs(paragraph)
        whole = "".join(text.text or "" for text in texts)
        if "{{" not in whole:
            continue
        found = True
        for match in reversed(list(MARK.finditer(whole))):
            _join(texts, match.start(), match.end())
    return found


def _join(texts: list[etree._Element], start: int, end: int) -> None:
    """Move the characters from start to end of the paragraph's text into the run that start is in."""
    position, first = 0, None
    for text in texts:
        content = text.text or ""
        begins, ends = position, position + len(content)
        position = ends
        if begins <= start < ends:
            first = text
            if end <= ends:
                return
            head = content
        elif first is not None and begins < end:
            cut = min(end, ends) - begins
            head += content[:cut]
            text.text = content[cut:]
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    if first is not None:
        first.text = head
