"""What a run's and a paragraph's properties are: its own, then its styles', nearest first (ECMA-376 part 1, 17.7.2)."""

from collections.abc import Iterator

from lxml import etree

from pipeline import marks
from pipeline.marks import W

DEFAULT_SIZE = 10.0  # points, where a document says nothing (17.3.2.38)


class RunStyles:
    """The styles of a document."""

    def __init__(self, styles: bytes | None) -> None:
        root = marks.parse(styles) if styles else etree.Element(f"{W}styles")
        self._styles = {str(style.get(f"{W}styleId")): style for style in root.iter(f"{W}style")}
        self._default = next(
            (
                str(style.get(f"{W}styleId"))
                for style in root.iter(f"{W}style")
                if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") == "1"
            ),
            None,
        )
        self._defaults = root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")

    def properties(self, run: etree._Element) -> Iterator[etree._Element]:
        """The w:rPr that count for a run: its own, its character style's, its paragraph's, its table's, the document's."""
        paragraph = next(run.iterancestors(f"{W}p"))
        table = next(run.iterancestors(f"{W}tbl", f"{W}txbxContent"), None)
        own = run.find(f"{W}rPr")
        if own is not None:
            yield own
        for style in self.chain(_named(run.find(f"{W}rPr/{W}rStyle"))):
            yield from style.iterfind(f"{W}rPr")
        for style in self.of_paragraph(paragraph):
            yield from style.iterfind(f"{W}rPr")
        if table is not None:
            for style in self.chain(_named(table.find(f"{W}tblPr/{W}tblStyle"))):
                yield from style.iterfind(f"{W}rPr")
        if self._defaults is not None:
            yield self._defaults

    def size(self, run: etree._Element) -> float:
        """The font size of a run in points. Sizes for complex scripts (w:szCs) are not ours."""
        found = (_points(properties.find(f"{W}sz")) for properties in self.properties(run))
        return next((size for size in found if size is not None), DEFAULT_SIZE)

    def alignment(self, paragraph: etree._Element) -> str:
        """How a paragraph is aligned: center, right, or left for all else (17.3.1.13)."""
        said = [one.find(f"{W}pPr/{W}jc") for one in (paragraph, *self.of_paragraph(paragraph))]
        found = next((str(one.get(f"{W}val")) for one in said if one is not None), "left")
        return {"center": "center", "right": "right", "end": "right"}.get(found, "left")

    def of_paragraph(self, paragraph: etree._Element) -> Iterator[etree._Element]:
        """The styles of a paragraph, each based on the next."""
        return self.chain(_named(paragraph.find(f"{W}pPr/{W}pStyle")) or self._default)

    def chain(self, style_id: str | None) -> Iterator[etree._Element]:
        """A style and those it is based on."""
        seen: set[str] = set()
        while style_id and style_id in self._styles and style_id not in seen:
            seen.add(style_id)
            style = self._styles[style_id]
            yield style
            style_id = _named(style.find(f"{W}basedOn"))


def _named(element: etree._Element | None) -> str | None:
    """The style that a w:rStyle, w:pStyle, w:tblStyle or w:basedOn names."""
    return None if element is None else element.get(f"{W}val")


def _points(size: etree._Element | None) -> float | None:
    """A w:sz, which counts half points; None where there is none, or none that can be a size."""
    try:
        points = float(size.get(f"{W}val") or 0) / 2 if size is not None else 0
    except ValueError:
        return None
    return points if 1 <= points <= 1638 else None  # Word's own limits
