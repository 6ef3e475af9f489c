"""A document as one HTML file: nothing is fetched from anywhere, and it prints on A4."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement, tostring
from lxml.html.builder import E

from archive.reports.charts import as_svg
from archive.reports.document import Block, Chart, Document, Heading, Item, Paragraph, Table, ToFill
from archive.workbook import write_whole

# Nothing but what is in the file may be shown or run.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 11pt/1.7 "SimSun", "Noto Serif CJK SC", serif; max-width: 190mm; margin: 2em auto; padding: 0 1em;
  counter-reset: one; color: #000; background: #fff }
h1 { font-size: 18pt; text-align: center; line-height: 1.4 }
.under { text-align: center; text-indent: 0 }
h2, h3, caption, th { font-family: "SimHei", "Noto Sans CJK SC", sans-serif }
h2 { font-size: 13pt; counter-increment: one; counter-reset: two item }
h2::before { content: counter(one, simp-chinese-informal) "、" }
h3 { font-size: 12pt; counter-increment: two; counter-reset: item }
h3::before { content: "（" counter(two, simp-chinese-informal) "）" }
p { text-indent: 2em; margin: .4em 0 }
p.item { counter-increment: item }
p.item::before { content: counter(item) ". " }
p.note { text-indent: 0; font-size: 8.5pt; line-height: 1.4; margin: .1em 0; color: #333 }
p.signed { text-align: right }
.room { border-bottom: 1px solid #000; display: inline-block; width: 20em }
table { border-collapse: collapse; table-layout: fixed; width: 100%; margin: 1.2em 0 .3em; font-size: 9.5pt; line-height: 1.35 }
caption { padding: .3em; font-size: 11pt; text-align: center }
th, td { border: 1px solid #666; padding: .2em .3em; text-align: center; print-color-adjust: exact;
  -webkit-print-color-adjust: exact }
th { background: #e7e6e6; position: sticky; top: 0 }
td.left { text-align: left }
thead { display: table-header-group }
tr, figure { break-inside: avoid }
h2, h3, caption { break-after: avoid }
p.note { break-before: avoid }
figure { margin: 1.2em 0; text-align: center }
figure svg { max-width: 100%; height: auto }
@page { size: A4; margin: 20mm 15mm }
@media print { body { max-width: none; margin: 0; padding: 0 } th { position: static } }
"""


def write_html(path: Path, document: Document) -> None:
    """Write the file. Raises OSError."""
    write_whole(path, as_html(document))


def as_html(document: Document) -> bytes:
    """The document as HTML in UTF-8; every text is set as text."""
    body = E.body(
        E.h1(document.title),
        *(E.p(text, {"class": "under"}) for text in document.lines),
        *(element for block in document.blocks for element in _block(block)),
        *(E.p(text, {"class": "signed"}) for text in document.signed),
    )
    head = E.head(
        E.meta(charset="utf-8"),
        E.meta({"http-equiv": "Content-Security-Policy", "content": POLICY}),
        E.meta(name="viewport", content="width=device-width, initial-scale=1"),
        E.title(document.title),
        E.style(STYLE),
    )
    whole: bytes = tostring(E.html(head, body, lang="zh-CN"), doctype="<!DOCTYPE html>", encoding="utf-8")
    return whole


def _block(block: Block) -> Iterator[HtmlElement]:
    match block:
        case Heading(level, text):
            yield (E.h2 if level == 1 else E.h3)(text)
        case Paragraph(text):
            yield E.p(text)
        case Item(text):
            yield E.p(text, {"class": "item"})
        case ToFill(label):
            yield E.p(f"{label}：" if label else "", E.span({"class": "room"}))
        case Table():
            yield _table(block)
            yield from (E.p(text, {"class": "note"}) for text in block.notes)
        case Chart():
            yield E.figure(_svg(block), E.figcaption(block.caption))


def _table(table: Table) -> HtmlElement:
    rows = (
        E.tr(*(_cell(table, line, column, text) for column, text in enumerate(row)))
        for line, row in enumerate(table.rows)
    )
    head = E.tr(*(E.th(*_lines(text), scope="col") for text in table.head))
    whole = sum(table.widths)
    columns = E.colgroup(*(E.col(style=f"width:{100 * width / whole:.1f}%") for width in table.widths))
    return E.table(E.caption(table.caption), columns, E.thead(head), E.tbody(*rows))


def _cell(table: Table, line: int, column: int, text: str) -> HtmlElement:
    cell = E.td(*_lines(text))
    if column < table.left:
        cell.set("class", "left")
    if colour := table.shades.get((line, column)):
        cell.set("style", f"background:#{colour}")
    return cell


def _lines(text: str) -> Iterator[str | HtmlElement]:
    for at, line in enumerate(text.split("\n")):
        if at:
            yield E.br()
        yield line


def _svg(chart: Chart) -> etree._Element:
    drawn = etree.fromstring(as_svg(chart).encode())
    for metadata in drawn.findall("{*}metadata"):
        drawn.remove(metadata)
    drawn.set("role", "img")
    drawn.set("aria-label", chart.caption)
    return drawn
