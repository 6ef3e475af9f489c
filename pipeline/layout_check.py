"""How a template lies on paper: every variant rendered, and looked at where nothing may be printed."""

import io
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pypdfium2 as pdfium

from pipeline import page_code
from pipeline.errors import LayoutFaulty
from pipeline.layout import Layout, Variant, overlaps
from pipeline.manifest import Manifest
from pipeline.render_layout import render
from pipeline.template import Template
from pipeline.template_check import static_problems
from pipeline.template_problem import ERROR, TemplateProblem, error
from pipeline.template_rules import PARTY

COUNTS = (1, 2, 4, 6, 8, 10, 12)  # rows of each list that are tried
DPI = 100
INK = 200  # grey below this is ink
BESIDE = (108.0, 9.0, 67.0, 16.0)  # mm: number and sheet are printed here, left of the code


def template_problems(template: Template, more_words: Sequence[str] = ()) -> list[TemplateProblem]:
    """Everything wrong with a template: its marks and words, then how it is laid out.

    `more_words` are the office's own warning words. A template whose marks are wrong is not rendered. Raises LibreOfficeMissing.
    """
    problems = static_problems(template, more_words)
    if any(problem.severity == ERROR for problem in problems):
        return problems
    return [*problems, *layout_problems(template)]


def variants(template: Template) -> list[Variant]:
    """None, each, any two and all of the optional clauses, with every tried number of rows."""
    names = tuple(template.manifest.clauses)
    clauses = [*(chosen for size in range(3) for chosen in combinations(names, size))]
    if len(names) > 2:
        clauses.append(names)
    counts = [tuple((rows, count) for rows in template.manifest.rows) for count in COUNTS]
    return [Variant(chosen, count) for chosen in clauses for count in dict.fromkeys(counts)]


def layout_problems(template: Template) -> list[TemplateProblem]:
    """What is wrong with the template's layouts, each fault once."""
    try:
        layouts = list(render([(template, variant) for variant in variants(template)]))
    except LayoutFaulty as problem:
        return [error("排版", problem.message)]
    found = [
        fault
        for layout in layouts
        for fault in (*_faults(template.manifest, layout), *_nameless(template.manifest, layout))
    ]
    return [error("排版", fault) for fault in dict.fromkeys(found)]


def _nameless(manifest: Manifest, layout: Layout) -> Iterator[str]:
    """Who signs must stand on the first sheet."""
    printed = {place.name for place in layout.sheets[0].fields}
    for source in PARTY[manifest.scope]:
        names = {name for name, field in manifest.fields.items() if field.source == source}
        if names.isdisjoint(printed):
            labels = "、".join(manifest.fields[name].label for name in sorted(names))
            yield f"当事人的名称（{labels}）要印在第 1 页上，请移过去。"


def _faults(manifest: Manifest, layout: Layout) -> Iterator[str]:
    """Print inside a box or around the page code, and blanks broken over two lines or pages."""
    document = pdfium.PdfDocument(io.BytesIO(layout.background))
    quiet = page_code.QUIET
    free = (
        page_code.LEFT - quiet,
        page_code.TOP - quiet,
        page_code.SIDE + 2 * quiet,
        page_code.SIDE + 2 * quiet,
    )
    for number, (page, sheet) in enumerate(zip(document, layout.sheets, strict=True), 1):
        grey = (
            page.render(scale=DPI / 72, grayscale=True)
            .to_numpy()
            .reshape(-1, round(page.get_width() * DPI / 72))
        )
        values = [place.rectangle() for place in sheet.fields]
        if any(_has_ink(grey, *area) or overlaps(values, area) for area in (free, BESIDE)):
            yield f"第 {number} 页右上角（从左 105 毫米、从上 30 毫米以内）要印页码标识，那里不能有文字或线条。"
        for box in sheet.boxes:
            area = (box.x, box.y, box.w, box.h)
            if _has_ink(grey, *area) or overlaps(values, area):
                label = manifest.boxes[box.name].label
                yield f"第 {number} 页的框“{label}”里有文字或线条，请把它们移开或把空位留大。"
        for place in sheet.fields:
            if place.cut:
                yield f"第 {number} 页的空格“{manifest.label_of(place.name)}”分在了两页上，请让这一段（这一行）不跨页。"
            elif len(place.lines) > 1:
                yield f"第 {number} 页的空格“{manifest.label_of(place.name)}”断成了两行，请把它移到行首或放进表格里。"
    document.close()


def _has_ink(
    grey: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", x: float, y: float, w: float, h: float
) -> bool:
    scale = DPI / 25.4
    top, bottom = int(y * scale) + 1, int((y + h) * scale)
    left, right = int(x * scale) + 1, int((x + w) * scale)
    return bool((grey[top:bottom, left:right] < INK).any())
