"""Where a mark may not stand: in rotated or hidden text, cut by a tab, in what Word replaces, where its paragraph must stay."""

from collections.abc import Iterator

from lxml import etree

from pipeline import marks
from pipeline.marks import W
from pipeline.template_problem import WARNING, TemplateProblem, error

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
_WPG = "{http://schemas.microsoft.com/office/word/2010/wordprocessingGroup}"
_V = "{urn:schemas-microsoft-com:vml}"
_BREAKS = {
    f"{W}tab": "制表符",
    f"{W}ptab": "制表符",
    f"{W}br": "换行",
    f"{W}cr": "换行",
    f"{W}drawing": "图形",
    f"{W}pict": "图形",
    f"{W}sym": "符号",
    f"{W}noBreakHyphen": "连字符",
    f"{W}softHyphen": "连字符",
    f"{W}footnoteReference": "脚注",
    f"{W}endnoteReference": "尾注",
    f"{W}fldChar": "域",
}


def mark_problems(paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
    """What is wrong with where a paragraph's marks stand; nothing for a paragraph without any."""
    text = marks.text_of(paragraph)
    spans = [(found.start(), found.end(), found[0]) for found in marks.MARK.finditer(text)]
    if not spans:
        return
    kinds = {mark.kind for mark in marks.marks_of(paragraph)}
    if _is_rotated(paragraph):
        yield error(place, "标记写在竖排或旋转的文字里，填不进去。请改成横排。")
    if _is_on(paragraph.find(f"{W}pPr/{W}bidi")):
        yield error(place, "标记写在从右到左的段落里，填不进去。请在“段落”里把方向改成从左到右。")
    if _row_is_fixed(paragraph) and "field" in kinds:
        message = (
            "这一行的行高是“固定值”，内容长了会印到下一行去。请在“表格属性—行”里把“行高值是”改成“最小值”。"
        )
        yield TemplateProblem(place, message, WARNING)
    yield from _cut(paragraph, place, spans)
    yield from _runs(paragraph, place, spans)
    if "clause" in kinds:
        yield from _optional(paragraph, place)


def _cut(
    paragraph: etree._Element, place: str, spans: list[tuple[int, int, str]]
) -> Iterator[TemplateProblem]:
    """Marks with something else than text in them, and marks in the result of a field."""
    position = 0
    field_began: list[int] = []
    results: list[tuple[int, int]] = []
    for element in paragraph.iter():
        if next(element.iterancestors(f"{W}p"), None) is not paragraph:
            continue
        if element.tag == f"{W}t":
            position += len(element.text or "")
        elif element.tag == f"{W}fldSimple":
            inside = sum(len(text.text or "") for text in element.iter(f"{W}t"))
            results.append((position, position + inside))
        elif element.tag in _BREAKS and _in_run(element):
            for start, end, mark in spans:
                if start < position < end:
                    yield error(
                        place,
                        f"标记 {mark} 中间有{_BREAKS[str(element.tag)]}。请删去，重新连着输入这个标记。",
                    )
        if element.tag == f"{W}fldChar":
            kind = element.get(f"{W}fldCharType")
            if kind == "begin":
                field_began.append(position)
            elif kind == "end" and field_began:
                results.append((field_began.pop(), position))
    results += [(begin, position) for begin in field_began]
    for start, end, mark in spans:
        if any(begin <= start and end <= finish for begin, finish in results):
            yield error(place, f"标记 {mark} 写在页码等域里，会被换掉。请移到域的外面。")


def _in_run(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag == f"{W}r"


def _runs(
    paragraph: etree._Element, place: str, spans: list[tuple[int, int, str]]
) -> Iterator[TemplateProblem]:
    """Marks in runs whose text is not printed as it stands."""
    position = 0
    for text in marks.text_runs(paragraph):
        begins, position = position, position + len(text.text or "")
        mark = next((mark for start, end, mark in spans if begins < end and start < position), None)
        if mark is None:
            continue
        run = text.getparent()
        properties = run.find(f"{W}rPr") if run is not None else None
        if properties is not None and _is_on(properties.find(f"{W}vanish")):
            yield error(place, f"标记 {mark} 是隐藏文字，不会印出来。请在“字体”里去掉“隐藏”。")
        if properties is not None and _is_on(properties.find(f"{W}rtl")):
            yield error(place, f"标记 {mark} 是从右到左的文字，填不进去。请重新输入这个标记。")
        if next(text.iterancestors(f"{W}ruby"), None) is not None:
            yield error(place, f"标记 {mark} 加了拼音，填不进去。请去掉拼音指南。")
        for control in text.iterancestors(f"{W}sdt"):
            bound = control.find(f"{W}sdtPr")
            if bound is not None and any(str(one.tag).endswith("}dataBinding") for one in bound):
                yield error(
                    place,
                    f"标记 {mark} 写在与文档属性相连的内容控件里，会被换掉。请在控件上点右键，选“删除内容控件”，文字会留下。",
                )
                break


def _optional(paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
    """A paragraph that may be left out must not be the last of its kind, nor end a section."""
    if paragraph.find(f"{W}pPr/{W}sectPr") is not None:
        yield error(
            place, "看情况才有的这一段后面紧跟着分节符，段落没有了，分节也没有了。请在分节符前面加一个空段。"
        )
    holder = next(paragraph.iterancestors(f"{W}txbxContent", f"{W}hdr", f"{W}ftr", f"{W}body"), None)
    row = next(paragraph.iterancestors(f"{W}tr"), None)
    if holder is None or (row is not None and next(row.iterancestors(holder.tag), None) is holder):
        return
    beside = (one for one in holder.iter(f"{W}p") if next(one.iterancestors(holder.tag), None) is holder)
    if all(any(mark.kind == "clause" for mark in marks.marks_of(one)) for one in beside):
        yield error(place, "这里只有看情况才有的段落，都去掉就空了。请再加一个空段。")


def _is_rotated(paragraph: etree._Element) -> bool:
    for cell in paragraph.iterancestors(f"{W}tc"):
        direction = cell.find(f"{W}tcPr/{W}textDirection")
        if direction is not None and direction.get(f"{W}val") not in marks.LEVEL:
            return True
    for shape in paragraph.iterancestors(f"{_WPS}wsp", f"{_WPG}wgp", f"{_WPG}grpSp"):
        body = shape.find(f"{_WPS}bodyPr")
        if body is not None and (body.get("vert", "horz") != "horz" or body.get("rot", "0") != "0"):
            return True
        frames = (shape.find(f"{_WPS}spPr/{_A}xfrm"), shape.find(f"{_WPG}grpSpPr/{_A}xfrm"))
        if any(frame is not None and frame.get("rot", "0") != "0" for frame in frames):
            return True
    for old in paragraph.iterancestors():
        style = (old.get("style") or "").replace(" ", "").lower() if str(old.tag).startswith(_V) else ""
        if "layout-flow:vertical" in style or ("rotation:" in style and "rotation:0" not in style):
            return True
    return False


def _row_is_fixed(paragraph: etree._Element) -> bool:
    heights = [
        row.find(f"{W}trPr/{W}trHeight") for row in paragraph.iterancestors(f"{W}tr", f"{W}txbxContent")
    ]
    return bool(heights) and heights[0] is not None and heights[0].get(f"{W}hRule") == "exact"


def _is_on(switch: etree._Element | None) -> bool:
    """Whether an on-off property is there and on (ECMA-376 part 1, 17.17.4)."""
    return switch is not None and switch.get(f"{W}val", "true") not in ("0", "false", "off")
