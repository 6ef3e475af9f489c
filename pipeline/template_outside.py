"""What a template's document must not hold because it comes from outside: links to elsewhere, programs, bombs.

Nothing that a document points to is ever fetched: whatever points out of it is refused here, and LibreOffice
is forbidden to look as well (pipeline/libreoffice.py).
"""

import io
import re
from collections.abc import Iterator, Mapping

from lxml import etree
from PIL import Image

from pipeline import marks
from pipeline.marks import W
from pipeline.template import DOCUMENT
from pipeline.template_problem import WARNING, TemplateProblem, error

MAX_PIXELS = 40_000_000  # a picture of a whole A4 at 600 dpi has 35 million
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
_ELSEWHERE = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*:|//|\\\\)")  # a scheme or drive, a network share
_STYLE_LINK = re.compile(r"url\(\s*['\"]?(?!#|data:)|@import", re.IGNORECASE)
_LINKS = {"hyperlink": "网址", "image": "图片", "attachedTemplate": "文档模板", "oleObject": "对象"}
_INSTEAD = {
    "hyperlink": "只留文字",
    "image": "把图片直接插入文档",
    "attachedTemplate": "在“开发工具”的“文档模板”里改为 Normal.dotm",
}


def outside_problems(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    """Everything in the package that points out of it, could run, or would unpack too large."""
    yield from _programs(members)
    for name, data in members.items():
        kind = name.lower()
        if kind.endswith(".rels"):
            yield from _relations(data)
        elif kind.endswith(".svg"):
            yield from _drawing(name, data)
        elif kind.endswith(".xml"):
            yield from _sources(marks.parse(data))
        elif kind.endswith(_PICTURES):
            yield from _picture(name, data)


def _programs(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    names = [name.lower() for name in members]
    types = members.get("[Content_Types].xml", b"").lower()
    if any(name.endswith("vbaproject.bin") for name in names) or b"macroenabled" in types:
        yield _error("带有宏。请另存为不带宏的 .docx。")
    if any(re.match(r"word/(embeddings|activex)/", name) for name in names):
        yield _error("带有嵌入的文件或控件（OLE）。请删去嵌入的对象后保存。")
    if "word/comments.xml" in names:
        yield TemplateProblem(DOCUMENT, "带有批注，打印出来可能看得见。请在“审阅”里删除所有批注。", WARNING)
    settings = members.get("word/settings.xml")
    if settings and marks.parse(settings).find(f"{W}mailMerge") is not None:
        yield _error("带有邮件合并的数据源。请在“邮件”—“开始邮件合并”里选“普通 Word 文档”后保存。")


def _relations(data: bytes) -> Iterator[TemplateProblem]:
    for relation in marks.parse(data):
        target = relation.get("Target") or ""
        if (relation.get("TargetMode") or "").lower() == "external" or _ELSEWHERE.match(target):
            kind = (relation.get("Type") or "").rpartition("/")[2]
            yield _link(target, kind)


def _link(target: str, kind: str) -> TemplateProblem:
    what, instead = _LINKS.get(kind, "内容"), _INSTEAD.get(kind, "把内容放进文档里")
    return _error(f"链接到外面的{what}“{target[:60]}”。请取消链接，{instead}。")


def _sources(root: etree._Element) -> Iterator[TemplateProblem]:
    """Old drawings (VML) may name a file themselves, without a relationship."""
    for element in root.iter(etree.Element):
        if not str(element.tag).startswith("{urn:schemas-microsoft-com:"):
            continue
        for name, value in element.attrib.items():
            if etree.QName(name).localname in ("src", "href", "althref") and _points_out(str(value)):
                yield _link(str(value), "image")


def _drawing(name: str, data: bytes) -> Iterator[TemplateProblem]:
    """An SVG picture must be whole in itself."""
    remedy = f"图片 {name.rpartition('/')[2]} 是 SVG，而且{{}}。请在画图软件里另存为 PNG 再插入。"
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        yield _error(remedy.format("带有 DOCTYPE 声明"))
        return
    try:
        root = marks.parse(data)
    except etree.XMLSyntaxError:
        yield _error(remedy.format("已经损坏"))
        return
    for element in root.iter(etree.Element):
        values = [
            str(value)
            for key, value in element.attrib.items()
            if etree.QName(key).localname in ("href", "src")
        ]
        styles = [element.text or "", *map(str, element.attrib.values())]
        if any(map(_points_out, values)) or any(_STYLE_LINK.search(style) for style in styles):
            yield _error(remedy.format("链接到外面的内容"))
            return


def _points_out(value: str) -> bool:
    return not value.strip().startswith(("#", "data:")) and bool(value.strip())


def _picture(name: str, data: bytes) -> Iterator[TemplateProblem]:
    short = name.rpartition("/")[2]
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
    except Image.DecompressionBombError:
        width, height = MAX_PIXELS, 2
    except (OSError, ValueError, SyntaxError):
        yield _error(f"图片 {short} 打不开。请删去，换一张 PNG 或 JPEG。")
        return
    if width * height > MAX_PIXELS:
        yield _error(f"图片 {short} 太大（超过 {MAX_PIXELS // 10_000} 万像素）。请在画图软件里缩小后再插入。")


def _error(message: str) -> TemplateProblem:
    return error(DOCUMENT, message)
