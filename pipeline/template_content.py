"""What a template's document must not hold: changes not yet accepted, foreign content, links to elsewhere."""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from pipeline import marks
from pipeline.marks import W
from pipeline.template import DOCUMENT
from pipeline.template_problem import ERROR, WARNING, TemplateProblem

_O = "{urn:schemas-microsoft-com:office:office}"
_WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
_CHANGES = frozenset(
    f"{W}{name}"
    for name in (
        "ins del moveFrom moveTo cellIns cellDel cellMerge rPrChange pPrChange tblPrChange tblPrExChange "
        "trPrChange tcPrChange tblGridChange sectPrChange numberingChange"
    ).split()
)
_OBJECTS = frozenset({f"{W}object", f"{W}control", f"{_O}OLEObject", f"{W}altChunk"})
_FIELDS = frozenset({"PAGE", "NUMPAGES", "SECTIONPAGES"})
_CODE = re.compile(r"^\s*\\?([A-Za-z]+)")
_A4 = (11906, 16838)  # twentieths of a point
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")


def content_problems(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    """Everything in the document's parts that is refused, with its place and the remedy."""
    for name in marks.story_parts(members):
        root = marks.parse(members[name])
        for paragraph, place in marks.paragraphs(root, name):
            yield from _in_paragraph(paragraph, place)
        yield from _outside_paragraphs(root, name)
    yield from _notes(members)
    yield from _members(members)
    yield from _page(marks.parse(members["word/document.xml"]))


def _in_paragraph(paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
    own = [
        element
        for element in paragraph.iter()
        if next(element.iterancestors(f"{W}p"), None) is paragraph or element is paragraph
    ]
    if any(element.tag in _CHANGES for element in own):
        yield _error(place, "有没有处理的修订。请在 Word 的“审阅”里点“接受所有修订”，再关闭“修订”后保存。")
    if any(element.tag in _OBJECTS for element in own):
        yield _error(place, "有嵌入的对象或控件（OLE）。请删去，改用普通文字、表格或图片。")
    for code in _codes(own):
        kind = _CODE.match(code)
        if not kind or kind[1].upper() not in _FIELDS:
            shown = kind[1].upper() if kind else code.strip()
            yield _error(
                place, f"有不支持的域“{shown}”，只可以用页码和总页数。请选中它按 Ctrl+Shift+F9 变成文字。"
            )
    if marks.MARK.search(marks.text_of(paragraph)) and _is_rotated(paragraph):
        yield _error(place, "标记写在竖排或旋转的文字里，填不进去。请改成横排。")


def _codes(elements: list[etree._Element]) -> Iterator[str]:
    """The codes of a paragraph's fields, however they are written."""
    code: str | None = None
    for element in elements:
        if element.tag == f"{W}fldSimple":
            yield element.get(f"{W}instr") or ""
        elif element.tag == f"{W}fldChar" and element.get(f"{W}fldCharType") == "begin":
            code = ""
        elif element.tag == f"{W}instrText" and code is not None:
            code += element.text or ""
        elif element.tag == f"{W}fldChar" and code is not None:
            yield code
            code = None


def _is_rotated(paragraph: etree._Element) -> bool:
    cell = next(paragraph.iterancestors(f"{W}tc"), None)
    direction = cell.find(f"{W}tcPr/{W}textDirection") if cell is not None else None
    if direction is not None and direction.get(f"{W}val") not in ("lrTb", "lr", None):
        return True
    for shape in paragraph.iterancestors(f"{_WPS}wsp"):
        body = shape.find(f"{_WPS}bodyPr")
        if body is not None and (body.get("vert", "horz") != "horz" or body.get("rot", "0") != "0"):
            return True
    return False


def _outside_paragraphs(root: etree._Element, name: str) -> Iterator[TemplateProblem]:
    """Changes to whole rows, tables and sections, and chunks of other files."""
    place = {"d": "正文", "h": "页眉", "f": "页脚"}[name.removeprefix("word/")[0]]
    outside = [element for element in root.iter() if next(element.iterancestors(f"{W}p"), None) is None]
    if any(element.tag in _CHANGES for element in outside):
        yield _error(
            place, "表格或版面有没有处理的修订。请在 Word 的“审阅”里点“接受所有修订”，再关闭“修订”后保存。"
        )
    if any(element.tag == f"{W}altChunk" for element in outside):
        yield _error(place, "夹带了另一个文件的内容。请用 Word 打开后另存为 .docx。")


def _notes(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    for name in _NOTES:
        if name in members:
            for paragraph, place in marks.paragraphs(marks.parse(members[name]), name):
                if "{{" in marks.text_of(paragraph):
                    yield _error(place, "脚注和尾注里不能写标记。请把它移到正文。")


def _members(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    names = [name.lower() for name in members]
    types = members.get("[Content_Types].xml", b"")
    if any(name.endswith("vbaproject.bin") for name in names) or b"macroEnabled" in types:
        yield _error(DOCUMENT, "带有宏。请另存为不带宏的 .docx。")
    if any(re.match(r"word/(embeddings|activex)/", name) for name in names):
        yield _error(DOCUMENT, "带有嵌入的文件或控件（OLE）。请删去嵌入的对象后保存。")
    if "word/comments.xml" in names:
        yield TemplateProblem(DOCUMENT, "带有批注，打印出来可能看得见。请在“审阅”里删除所有批注。", WARNING)
    for name, data in members.items():
        if name.endswith(".rels"):
            for relation in marks.parse(data):
                if relation.get("TargetMode") == "External":
                    kind = (relation.get("Type") or "").rpartition("/")[2]
                    what = _LINKS.get(kind, "内容")
                    yield _error(
                        DOCUMENT,
                        f"链接到外面的{what}“{(relation.get('Target') or '')[:60]}”。请取消链接，{_INSTEAD.get(kind, '把内容放进文档里')}。",
                    )


_LINKS = {"hyperlink": "网址", "image": "图片", "attachedTemplate": "文档模板", "oleObject": "对象"}
_INSTEAD = {
    "hyperlink": "只留文字",
    "image": "把图片直接插入文档",
    "attachedTemplate": "在“开发工具”的“文档模板”里改为 Normal.dotm",
}


def _page(root: etree._Element) -> Iterator[TemplateProblem]:
    for section in root.iter(f"{W}sectPr"):
        size = section.find(f"{W}pgSz")
        found = (
            (int(float(size.get(f"{W}w") or 0)), int(float(size.get(f"{W}h") or 0)))
            if size is not None
            else (0, 0)
        )
        if any(abs(one - other) > 30 for one, other in zip(found, _A4, strict=True)):
            yield _error("页面设置", "纸张不是竖放的 A4。请改成 A4（21 × 29.7 厘米）、纵向。")
        grid = section.find(f"{W}docGrid")
        if grid is not None and grid.get(f"{W}type") not in (None, "default"):
            yield TemplateProblem(
                "页面设置",
                "设了文档网格，换一台电脑排版会走样。请在“页面设置—文档网格”里选“无网格”。",
                WARNING,
            )


def _error(where: str, message: str) -> TemplateProblem:
    return TemplateProblem(where, message, ERROR)
