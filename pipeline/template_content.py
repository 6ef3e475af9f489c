"""What a template's text must not hold: changes not yet accepted, fields, objects, pages that are no A4."""

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from pipeline import marks
from pipeline.marks import W
from pipeline.run_styles import RunStyles
from pipeline.template import DOCUMENT
from pipeline.template_problem import WARNING, TemplateProblem, error

_O = "{urn:schemas-microsoft-com:office:office}"
_CHANGES = frozenset(
    f"{W}{name}"
    for name in (
        "ins del moveFrom moveTo cellIns cellDel cellMerge rPrChange pPrChange tblPrChange tblPrExChange "
        "trPrChange tcPrChange tblGridChange sectPrChange numberingChange"
    ).split()
)
_OBJECTS = frozenset(
    {f"{W}object", f"{W}control", f"{_O}OLEObject", f"{W}altChunk", f"{W}subDoc", f"{W}movie"}
)
# Text of drawings and formulas: no contract's value gets there.
_OTHER_TEXT = frozenset(
    {
        "{http://schemas.openxmlformats.org/drawingml/2006/main}t",
        "{http://schemas.openxmlformats.org/officeDocument/2006/math}t",
    }
)
_WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
EMU = 12_700  # a point
_FIELDS = frozenset({"PAGE", "NUMPAGES", "SECTIONPAGES"})
_CODE = re.compile(r"^\s*\\?([A-Za-z]+)")
_A4 = (11906, 16838)  # twentieths of a point
_UNITS = {"": 1.0, "pt": 20.0, "pc": 240.0, "pi": 240.0, "in": 1440.0, "cm": 1440 / 2.54, "mm": 144 / 2.54}
_BESIDE = re.compile(r"word/(?!glossary/).*\.xml")  # building blocks (glossary) are never printed
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")


def content_problems(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    """Everything in the document's parts that is refused, with its place and the remedy."""
    styles = RunStyles(members.get("word/styles.xml"))
    for name in marks.story_parts(members):
        root = marks.parse(members[name])
        for paragraph, place in marks.paragraphs(root, name):
            yield from _in_paragraph(paragraph, place)
            yield from _cut_off(paragraph, place, styles)
        yield from _outside_paragraphs(root, name)
    yield from _elsewhere(members)
    yield from _page(marks.parse(members["word/document.xml"]))


def _in_paragraph(paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
    own = [element for element in paragraph.iter() if _paragraph_of(element) is paragraph]
    if any(element.tag in _CHANGES for element in own):
        yield error(place, "有没有处理的修订。请在 Word 的“审阅”里点“接受所有修订”，再关闭“修订”后保存。")
    if any(element.tag in _OBJECTS for element in own):
        yield error(place, "有嵌入的对象或控件（OLE）。请删去，改用普通文字、表格或图片。")
    for code in _codes(own):
        kind = _CODE.match(code)
        if not kind or kind[1].upper() not in _FIELDS:
            shown = kind[1].upper() if kind else code.strip()
            yield error(
                place, f"有不支持的域“{shown}”，只可以用页码和总页数。请选中它按 Ctrl+Shift+F9 变成文字。"
            )
    if any("{{" in (element.text or "") for element in own if element.tag in _OTHER_TEXT):
        yield error(place, "标记写在公式、艺术字或图形里，填不进去。请移到普通文字里。")


def _cut_off(paragraph: etree._Element, place: str, styles: RunStyles) -> Iterator[TemplateProblem]:
    """Pictures in the line of a paragraph whose lines are lower: their tops are not printed."""
    spacings = [paragraph.find(f"{W}pPr/{W}spacing")]
    spacings += [style.find(f"{W}pPr/{W}spacing") for style in styles.of_paragraph(paragraph)]
    ruled = next((one for one in spacings if one is not None and one.get(f"{W}line")), None)
    if ruled is None or ruled.get(f"{W}lineRule") != "exact":
        return
    height = _twips(ruled.get(f"{W}line")) / 20  # points
    for extent in paragraph.iterfind(f".//{_WP}inline/{_WP}extent"):
        high = extent.get("cy") or ""
        if _paragraph_of(extent) is paragraph and high.isdecimal() and int(high) / EMU > height + 1:
            message = "图片所在段落的行距是“固定值”，图片上面会切掉。请把这一段的行距改成“单倍行距”。"
            yield TemplateProblem(place, message, WARNING)
            return


def _paragraph_of(element: etree._Element) -> etree._Element | None:
    return element if element.tag == f"{W}p" else next(element.iterancestors(f"{W}p"), None)


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


def _outside_paragraphs(root: etree._Element, name: str) -> Iterator[TemplateProblem]:
    """Changes to whole rows, tables and sections, and chunks of other files."""
    place = {"d": "正文", "h": "页眉", "f": "页脚"}[name.removeprefix("word/")[0]]
    outside = [element for element in root.iter() if next(element.iterancestors(f"{W}p"), None) is None]
    if any(element.tag in _CHANGES for element in outside):
        yield error(
            place, "表格或版面有没有处理的修订。请在 Word 的“审阅”里点“接受所有修订”，再关闭“修订”后保存。"
        )
    if any(element.tag in (f"{W}altChunk", f"{W}subDoc") for element in outside):
        yield error(place, "夹带了另一个文件的内容。请用 Word 打开后另存为 .docx。")


def _elsewhere(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    """Notes and whatever else Word keeps beside the text: no marks, no fields, no objects there."""
    stories = set(marks.story_parts(members))
    for name in sorted(members):
        if not _BESIDE.fullmatch(name) or name in stories:
            continue
        root = marks.parse(members[name])
        noted = name in _NOTES
        for paragraph, place in marks.paragraphs(root, name):
            yield from _in_paragraph(paragraph, place if noted else f"{DOCUMENT} 的 {name}")
            if noted and "{{" in marks.text_of(paragraph):
                yield error(place, "脚注和尾注里不能写标记。请把它移到正文。")
        if not noted and "{{" in "".join(map(str, root.itertext())):
            yield error(f"{DOCUMENT} 的 {name}", "标记写在图表、图形或批注里，填不进去。请移到正文。")


def _twips(said: str | None) -> float:
    """A length in twentieths of a point, with or without a unit (22.9.2.14); 0 where it is none."""
    found = re.fullmatch(r"([0-9.]{1,20})(mm|cm|in|pt|pc|pi)?", (said or "").strip())
    try:
        return float(found[1]) * _UNITS[found[2] or ""] if found else 0.0
    except ValueError:
        return 0.0


def _page(root: etree._Element) -> Iterator[TemplateProblem]:
    if root.find(f"{W}body/{W}sectPr") is None:  # without it a program takes its own paper
        yield error("页面设置", "没有写纸张大小。请用 Word 打开，把页面设置改成 A4、纵向，再保存。")
    for section in root.iter(f"{W}sectPr"):
        size = section.find(f"{W}pgSz")
        found = [_twips(size.get(f"{W}{side}")) if size is not None else 0.0 for side in "wh"]
        if any(abs(one - other) > 30 for one, other in zip(found, _A4, strict=True)):
            yield error("页面设置", "纸张不是竖放的 A4。请改成 A4（21 × 29.7 厘米）、纵向。")
        direction = section.find(f"{W}textDirection")
        if direction is not None and direction.get(f"{W}val") not in marks.LEVEL:
            yield error("页面设置", "文字方向是竖排。请在“页面设置—文字方向”里选“水平”。")
        grid = section.find(f"{W}docGrid")
        if grid is not None and grid.get(f"{W}type") not in (None, "default"):
            yield TemplateProblem(
                "页面设置",
                "设了文档网格，换一台电脑排版会走样。请在“页面设置—文档网格”里选“无网格”。",
                WARNING,
            )
