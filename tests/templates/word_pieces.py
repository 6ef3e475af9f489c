"""Pieces of a document as Word and WPS write them, for tests to put into a template."""

from tests.templates.template_edits import Members

SPACES = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" mc:Ignorable="w14" '
)
EMU = 36_000  # a millimetre


def run(text: str, properties: str = "") -> str:
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}<w:t>{text}</w:t></w:r>"


def paragraph(*runs: str) -> str:
    return f"<w:p>{''.join(runs)}</w:p>"


def table(*rows: tuple[str, ...]) -> str:
    """A table with a paragraph of the given XML in each cell."""
    cells = ("".join(f"<w:tc><w:tcPr/>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl><w:tblPr/>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def text_box(choice: str, fallback: str, *, x: int, y: int, w: int, h: int) -> str:
    """A run with a text box, on the page at x, y (mm): for Word 2010 and later, and again for older programs."""
    place = "".join(
        f'<wp:position{axis} relativeFrom="page"><wp:posOffset>{at * EMU}</wp:posOffset></wp:position{axis}>'
        for axis, at in (("H", x), ("V", y))
    )
    size = f'cx="{w * EMU}" cy="{h * EMU}"'
    return (
        '<w:r><w:rPr><w:noProof/></w:rPr><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>'
        '<wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="251659264" behindDoc="0" '
        f'locked="0" layoutInCell="1" allowOverlap="1"><wp:simplePos x="0" y="0"/>{place}<wp:extent {size}/>'
        '<wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapNone/><wp:docPr id="2" name="文本框 2"/>'
        "<wp:cNvGraphicFramePr/><a:graphic><a:graphicData "
        'uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:cNvSpPr txBox="1"/>'
        f'<wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/>'
        "</a:prstGeom><a:noFill/></wps:spPr>"
        f"<wps:txbx><w:txbxContent>{choice}</w:txbxContent></wps:txbx>"
        '<wps:bodyPr rot="0" vert="horz" wrap="square" lIns="0" tIns="0" rIns="0" bIns="0"><a:noAutofit/>'
        "</wps:bodyPr></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice>"
        '<mc:Fallback><w:pict><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" '
        'path="m,l,21600r21600,l21600,xe"/><v:shape id="文本框 2" type="#_x0000_t202" style="position:absolute;'
        f'margin-left:{x}mm;margin-top:{y}mm;width:{w}mm;height:{h}mm">'
        f"<v:textbox><w:txbxContent>{fallback}</w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>"
    )


def insert(members: Members, xml: str) -> None:
    """Put XML into the document's body, before its title."""
    _change(members, "<w:body>", f"<w:body>{xml}")


def insert_into_title(members: Members, xml: str) -> None:
    """Put a run's XML into the title's paragraph."""
    _change(members, '<w:pPr><w:pStyle w:val="P01"/></w:pPr>', f'<w:pPr><w:pStyle w:val="P01"/></w:pPr>{xml}')


def _change(members: Members, old: str, new: str) -> None:
    text = members["word/document.xml"].decode()
    if SPACES not in text:
        text = text.replace("<w:document ", f"<w:document {SPACES}", 1)
    assert old in text
    members["word/document.xml"] = text.replace(old, new, 1).encode()


def add_header(members: Members, xml: str) -> None:
    """Give the document a header with the given paragraphs."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/header"
    types, rels, body = "[Content_Types].xml", "word/_rels/document.xml.rels", "word/document.xml"
    members["word/header1.xml"] = (
        '<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">' + xml + "</w:hdr>"
    ).encode()
    members[types] = members[types].replace(
        b"</Types>",
        b'<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        b'wordprocessingml.header+xml"/></Types>',
    )
    members[rels] = members[rels].replace(
        b"</Relationships>",
        f'<Relationship Id="rId80" Type="{kind}" Target="header1.xml"/></Relationships>'.encode(),
    )
    text = members[body].decode()
    assert "<w:sectPr>" in text
    members[body] = text.replace(
        "<w:sectPr>", '<w:sectPr><w:headerReference w:type="default" r:id="rId80"/>', 1
    ).encode()
