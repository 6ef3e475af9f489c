"""The CMap by which a PDF reader gets text back from a font's codes (ISO 32000-1, 9.10.3)."""

from collections.abc import Mapping


def to_unicode(codes: Mapping[int, str]) -> bytes:
    """The CMap for two-byte codes, each with the text it stands for."""
    rows = [
        b"<%04X><%b>" % (code, text.encode("utf-16-be").hex().encode())
        for code, text in sorted(codes.items())
    ]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    body = b"\n".join(b"%d beginbfchar\n%b\nendbfchar" % (len(block), b"\n".join(block)) for block in blocks)
    return (
        b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)"
        b"/Supplement 0>>def/CMapName/Adobe-Identity-UCS def/CMapType 2 def 1 begincodespacerange<0000><FFFF>"
        b"endcodespacerange\n" + body + b"\nendcmap CMapName currentdict/CMap defineresource pop end end\n"
    )
