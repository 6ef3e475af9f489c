"""Making the file of shipped layouts: the stock templates rendered in every variant that ships (`make layouts`)."""

import lzma
import sys
import zlib
from collections.abc import Iterator

import msgspec

from pipeline import shipped
from pipeline.background import read_background
from pipeline.fonts import Face
from pipeline.layout import Layout
from pipeline.render_layout import render
from pipeline.shipped import Shipped, ShippedFace, ShippedLayout, ShippedSheet
from pipeline.stock import stock_templates


def rendered_layouts() -> Iterator[Layout]:
    """The layouts that ship, rendered now. Raises LibreOfficeMissing."""
    wanted = [
        (template, variant)
        for template in stock_templates()
        for variant in shipped.shipped_variants(template)
    ]
    return render(wanted)


def pack(layouts: Iterator[Layout]) -> bytes:
    """The file that ships, of layouts whose pages have no resources but faces that are installed here."""
    glyphs: dict[Face, set[int]] = {}
    packed: dict[str, ShippedLayout] = {}
    for layout in layouts:
        sheets = []
        for pieces in read_background(layout.background):
            form = pieces[0].form
            if form.own:
                raise ValueError(f"{layout.template}: a page has {', '.join(form.own)} of its own")
            for face, used in form.faces.items():
                glyphs.setdefault(face, set()).update(used)
            sheets.append(
                ShippedSheet(
                    tuple(zlib.decompress(piece.form.content) for piece in pieces),
                    msgspec.json.encode([piece.fields for piece in pieces]).decode(),
                    {face.id: dict(used) for face, used in form.faces.items()},
                )
            )
        packed[layout.key] = ShippedLayout(layout.geometry(), tuple(sheets))
    faces = {
        face.id: ShippedFace(face.postscript_name, tuple(sorted(used)), face.font_file(used))
        for face, used in sorted(glyphs.items(), key=lambda item: item[0].id)
    }
    return lzma.compress(msgspec.msgpack.encode(Shipped(packed, faces)), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    """Write the file."""
    data = pack(rendered_layouts())
    beside = shipped.FILE.with_suffix(".new")
    beside.write_bytes(data)
    beside.replace(shipped.FILE)
    sys.stdout.write(f"{shipped.FILE.name}: {len(data):,} bytes\n")


if __name__ == "__main__":
    main()
