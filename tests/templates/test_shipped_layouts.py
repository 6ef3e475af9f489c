"""The layouts that ship are what the templates give: rendered again, and compared.

Three variants of each template in the usual run, every one with HUYUE_FULL=1.
"""

import io
import random
from collections.abc import Sequence
from contextlib import closing

import pypdfium2 as pdfium
import pytest

from pipeline import fonts, shipped
from pipeline.background import read_background
from pipeline.layout import Layout, Variant
from pipeline.make_shipped import rendered_layouts
from pipeline.pdf import PdfWriter
from pipeline.render_layout import render
from pipeline.shipped import MEMBERS, shipped_face, shipped_layout, shipped_variants
from pipeline.stock import stock_templates
from tests.conftest import FULL

NEAR = 0.1  # mm


OF_EACH = 3  # variants of a template that are rendered again in the usual run


@pytest.fixture(scope="module")
def rendered() -> list[Layout]:
    if FULL:
        return list(rendered_layouts())
    chosen = random.Random(5)  # noqa: S311
    few = []
    for template in stock_templates():
        variants = shipped_variants(template)
        few += [(template, one) for one in chosen.sample(variants, min(OF_EACH, len(variants)))]
    return list(render(few))


def test_every_variant_of_the_six_ships() -> None:
    for template in stock_templates():
        variants = shipped_variants(template)
        clauses = 2 ** len(template.manifest.clauses)
        assert len(variants) == clauses * (MEMBERS if template.manifest.rows else 1)
        for variant in variants:
            found = shipped_layout(variant.key(template.sha256))
            assert found is not None, (template.manifest.name, variant)
            assert (found.template, found.template_version) == (
                template.manifest.name,
                template.manifest.version,
            )
        assert shipped_layout(Variant(("no_such_clause",)).key(template.sha256)) is None


def test_rendered_again_boxes_and_fields_lie_where_they_did_and_the_text_is_the_same(
    rendered: Sequence[Layout],
) -> None:
    assert len(rendered) > 6
    for layout in rendered:
        kept = shipped_layout(layout.key)
        assert kept is not None, layout.template
        assert len(kept.sheets) == len(layout.sheets)
        for mine, theirs in zip(kept.sheets, layout.sheets, strict=True):
            assert [(box.name, box.kind, box.required) for box in mine.boxes] == [
                (box.name, box.kind, box.required) for box in theirs.boxes
            ]
            for box, other in zip(mine.boxes, theirs.boxes, strict=True):
                assert (box.x, box.y, box.w, box.h) == pytest.approx(
                    (other.x, other.y, other.w, other.h), abs=NEAR
                )
            assert [(one.name, one.style, one.size) for one in mine.fields] == [
                (one.name, one.style, one.size) for one in theirs.fields
            ]
            for place, other_place in zip(mine.fields, theirs.fields, strict=True):
                assert place.rectangle() == pytest.approx(other_place.rectangle(), abs=NEAR)
        assert texts(kept.background) == texts(layout.background)


def test_a_shipped_background_is_the_rendered_one_to_the_byte(rendered: Sequence[Layout]) -> None:
    for layout in random.Random(2).sample(rendered, min(12, len(rendered))):  # noqa: S311
        kept = shipped_layout(layout.key)
        assert kept is not None
        assert kept.background == layout.background


def texts(pdf: bytes) -> list[str]:
    with closing(pdfium.PdfDocument(pdf)) as document:
        return [str(page.get_textpage().get_text_range()) for page in document]


def test_where_a_face_is_not_installed_the_shipped_glyphs_are_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    template = stock_templates()[0]
    key = shipped_variants(template)[0].key(template.sha256)
    here = shipped_layout(key)
    assert here is not None
    faces = {face.id for pieces in read_background(here.background) for face in pieces[0].form.faces}
    monkeypatch.setattr(fonts, "by_id", lambda face_id: None)
    read_background.cache_clear()
    elsewhere = shipped_layout(key)
    assert elsewhere is not None
    assert texts(elsewhere.background) == texts(here.background)
    out = io.BytesIO()
    writer = PdfWriter(out, "别处")
    for pieces in read_background(elsewhere.background):
        assert {face.id for face in pieces[0].form.faces} == faces
        assert not any(face is fonts.by_id(face.id) for face in pieces[0].form.faces)
        for piece in pieces:
            writer.form(piece.form)
    writer.close()
    assert shipped_face("Nobody.00000000", {1: "a"}) is None
    some = next(iter(faces))
    assert shipped_face(some, {60_000: "龘"}) is None
    read_background.cache_clear()
    assert pictures(elsewhere.background) == pictures(here.background)


def pictures(pdf: bytes) -> list[bytes]:
    with closing(pdfium.PdfDocument(pdf)) as document:
        return [page.render(scale=1).to_numpy().tobytes() for page in document]


def test_nothing_ships_that_no_template_asks_for() -> None:
    keys = {
        variant.key(template.sha256)
        for template in stock_templates()
        for variant in shipped_variants(template)
    }
    assert set(shipped._shipped().layouts) == keys
