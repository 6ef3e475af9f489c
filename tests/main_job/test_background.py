"""Backgrounds of layouts: their pieces, and those that an older version made."""

import io

import msgspec
import pikepdf

from pipeline.background import read_background
from pipeline.fill import Content
from pipeline.intake.text_layer import TextLayers
from pipeline.layout import Layout
from pipeline.shipped import shipped_layout, shipped_variants
from pipeline.stock import stock_templates


def layout_of(number: int) -> Layout:
    template = stock_templates()[number - 1]
    found = shipped_layout(shipped_variants(template)[0].key(template.sha256))
    assert found is not None
    return found


def in_one_piece(layout: Layout) -> Layout:
    """The layout as an older version kept it: a page's content whole, and nothing said of its fields."""
    with pikepdf.open(io.BytesIO(layout.background)) as document:
        for page in document.pages:
            page.contents_coalesce()
            del page.obj.HuyueFields
        out = io.BytesIO()
        document.save(out)
    return msgspec.structs.replace(layout, background=out.getvalue())


def contents(layout: Layout) -> Content:
    """A value for every field that says which it is."""
    names = [place.name for sheet in layout.sheets for place in sheet.fields]
    return Content({name: f"值{at}" for at, name in enumerate(names) if "." not in name}, {}, ())


def test_every_field_follows_one_piece_of_its_sheet() -> None:
    for number in range(2, 7):
        layout = layout_of(number)
        for pieces, places in zip(read_background(layout.background), layout.sheets, strict=True):
            assert sorted(at for piece in pieces for at in piece.fields) == list(range(len(places.fields)))
            assert all(piece.form.content for piece in pieces)


def test_the_text_of_a_sheet_reads_in_order() -> None:
    layout = layout_of(4)
    content = contents(layout)
    words = "".join(one.text for one in TextLayers().of(layout, "451225100201-2026-04-000001-P", content, 1))
    place = {value: words.index(value) for value in content.fields.values() if f"{value}" in words}
    assert words.index("外出地点") < place[content.fields["stay_to"]] < words.index("外出日期")


def test_a_background_of_an_older_version_still_says_what_was_printed() -> None:
    layout = layout_of(4)
    content, old = contents(layout), in_one_piece(layout)
    for sheet in range(1, len(layout.sheets) + 1):
        now = TextLayers().of(layout, "451225100201-2026-04-000001-P", content, sheet)
        before = TextLayers().of(old, "451225100201-2026-04-000001-P", content, sheet)
        assert sorted("".join(one.text for one in before)) == sorted("".join(one.text for one in now))
        assert len(read_background(old.background)[sheet - 1]) == 1
