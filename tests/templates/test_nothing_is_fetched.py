"""A document points out of itself in every way Word knows: the check refuses it, and LibreOffice fetches nothing."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from pipeline import libreoffice
from tests.conftest import FULL
from tests.templates.template_edits import Members, edited, problems, stock, swap

REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
PIC = "http://schemas.openxmlformats.org/drawingml/2006/picture"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
ANCHOR = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
SVG_EXT = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
VML = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
KEPT_BACK = "机密文字不得外传"


def picture(blip: str) -> str:
    """A picture as Word writes it, 2 cm a side."""
    return (
        f'<w:r><w:drawing><wp:inline xmlns:wp="{ANCHOR}"><wp:extent cx="720000" cy="720000"/>'
        f'<wp:docPr id="9" name="x"/><a:graphic xmlns:a="{DRAWING}"><a:graphicData uri="{PIC}"><pic:pic xmlns:pic="{PIC}">'
        f'<pic:nvPicPr><pic:cNvPr id="9" name="x"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>{blip}'
        '<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
        '<a:ext cx="720000" cy="720000"/></a:xfrm><a:prstGeom prst="rect"/></pic:spPr></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )


def field(code: str) -> str:
    """A field that Word would update on opening."""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText xml:space="preserve"> {code} '
        '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>x</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def linked(
    kind: str,
    target: str,
    body: str = "",
    part: str = "word/document.xml",
    mode: str = ' TargetMode="External"',
) -> Callable[[Members], None]:
    """An edit: a relationship rId90 of a part, and a paragraph at the document's beginning."""

    def edit(members: Members) -> None:
        folder, _, name = part.rpartition("/")
        rels = f"{folder}/_rels/{name}.rels"
        members.setdefault(rels, f'<Relationships xmlns="{PACKAGE}"></Relationships>'.encode())
        one = f'<Relationship Id="rId90" Type="{REL}/{kind}" Target="{target}"{mode}/>'
        swap("</Relationships>", one + "</Relationships>", rels)(members)
        if body:
            put(body)(members)

    return edit


def put(body: str) -> Callable[[Members], None]:
    """An edit: a paragraph at the document's beginning."""
    whole = body if body.startswith(("<w:p>", "<w:altChunk", "<w:subDoc")) else f"<w:p>{body}</w:p>"
    return swap("<w:body>", "<w:body>" + whole)


def in_settings(element: str, kind: str, target: str) -> Callable[[Members], None]:
    """An edit: an element of the settings that names the relationship rId90 of theirs."""

    def edit(members: Members) -> None:
        linked(kind, target, part="word/settings.xml")(members)
        swap("<w:zoom", element + "<w:zoom", "word/settings.xml")(members)

    return edit


def frame_set(target: str) -> Callable[[Members], None]:
    """An edit: web settings with a frame whose source is elsewhere."""

    def edit(members: Members) -> None:
        name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        frames = f'<w:webSettings xmlns:w="{name}" xmlns:r="{REL}"><w:frameset><w:frame><w:sourceFileName r:id="rId90"/></w:frame></w:frameset></w:webSettings>'
        members["word/webSettings.xml"] = frames.encode()
        linked("webSettings", "webSettings.xml", mode="")(members)
        linked("frame", target, part="word/webSettings.xml")(members)

    return edit


def svg(href: str) -> Callable[[Members], None]:
    """An SVG picture that holds another by link."""

    def edit(members: Members) -> None:
        drawing = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="50" height="50">'
            f'<style>@import url({href}a.css);</style><image width="50" height="50" xlink:href="{href}b.png"/></svg>'
        )
        members["word/media/image90.svg"] = drawing.encode()
        swap(
            '<Default Extension="xml"',
            '<Default Extension="svg" ContentType="image/svg+xml"/><Default Extension="xml"',
            "[Content_Types].xml",
        )(members)
        body = picture(
            f'<a:blip><a:extLst><a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip xmlns:asvg="{SVG_EXT}" '
            'r:embed="rId90"/></a:ext></a:extLst></a:blip>'
        )
        linked("image", "media/image90.svg", body, mode="")(members)
        second = picture('<a:blip r:embed="rId90"/>')
        put(second)(members)

    return edit


def ways(at: str) -> dict[str, Callable[[Members], None]]:
    """Every way of pointing at a place, a URL that ends with a slash."""
    return {
        "linked picture": linked("image", f"{at}a.png", picture('<a:blip r:link="rId90"/>')),
        "embedded picture that is elsewhere": linked(
            "image", f"{at}b.png", picture('<a:blip r:embed="rId90"/>')
        ),
        "picture elsewhere, not said to be": linked(
            "image", f"{at}b2.png", picture('<a:blip r:embed="rId90"/>'), mode=""
        ),
        "VML picture": linked(
            "image",
            f"{at}c.png",
            f'<w:r><w:pict {VML}><v:shape style="width:50pt;height:50pt"><v:imagedata r:id="rId90" r:href="rId90" '
            f'src="{at}d.png" o:href="{at}e.png"/></v:shape></w:pict></w:r>',
        ),
        "VML picture by its source": put(
            f'<w:r><w:pict {VML}><v:shape style="width:50pt;height:50pt"><v:imagedata src="{at}f.png"/></v:shape>'
            f'<v:rect style="width:9pt;height:9pt"><v:fill type="frame" src="{at}g.png"/></v:rect></w:pict></w:r>'
        ),
        "INCLUDEPICTURE": put(field(f'INCLUDEPICTURE "{at}h.png" \\d \\* MERGEFORMAT')),
        "INCLUDETEXT": put(field(f'INCLUDETEXT "{at}i.docx"')),
        "IMPORT": put(field(f'IMPORT "{at}j.png"')),
        "DDEAUTO": put(field(f'DDEAUTO soffice "{at}k.ods" "A1"')),
        "LINK": put(field(f'LINK Excel.Sheet.12 "{at}l.xlsx" "A1" \\a \\r')),
        "DATABASE": put(field(f'DATABASE \\d "{at}l.mdb" \\s "SELECT 1"')),
        "simple field": put(
            f'<w:fldSimple w:instr="INCLUDEPICTURE &quot;{at}m.png&quot;"><w:r><w:t>x</w:t></w:r></w:fldSimple>'
        ),
        "template": in_settings('<w:attachedTemplate r:id="rId90"/>', "attachedTemplate", f"{at}n.dotm"),
        "mail merge": in_settings(
            '<w:mailMerge><w:dataSource r:id="rId90"/></w:mailMerge>', "mailMergeSource", f"{at}o.csv"
        ),
        "chunk": linked("aFChunk", f"{at}p.html", '<w:altChunk r:id="rId90"/>'),
        "sub-document": linked("subDocument", f"{at}q.docx", '<w:subDoc r:id="rId90"/>'),
        "OLE link": linked(
            "oleObject",
            f"{at}r.ods",
            f'<w:r><w:object><v:shape {VML} id="s" style="width:50pt;height:50pt"/><o:OLEObject {VML} Type="Link" '
            'ProgID="Excel.Sheet.12" ShapeID="s" DrawAspect="Content" r:id="rId90" UpdateMode="Always"/></w:object></w:r>',
        ),
        "hyperlink": linked(
            "hyperlink", f"{at}s.html", '<w:hyperlink r:id="rId90"><w:r><w:t>x</w:t></w:r></w:hyperlink>'
        ),
        "style sheet": linked("styles", f"{at}t.xml"),
        "theme": linked("theme", f"{at}u.xml"),
        "header": linked("header", f"{at}v.xml"),
        "frame set": frame_set(f"{at}w.html"),
        "video": linked("video", f"{at}x.mp4", picture('<a:blip r:link="rId90"/>')),
        "drawing in SVG": svg(at),
    }


NAMES = list(ways("http://example.invalid/"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("at", ["http://127.0.0.1:9/", "file:///etc/", "\\\\192.0.2.1\\share\\"])
def test_the_check_refuses_whatever_points_elsewhere(tmp_path: Path, name: str, at: str) -> None:
    found = [
        one for one in problems(edited(stock("01"), tmp_path, ways(at)[name])) if one.severity == "error"
    ]
    assert found, name
    assert all("Word 可能打不开" not in one.message for one in found), found


class Listener:
    """A server on a free local port that counts who connects and answers nobody."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(200))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


def test_libreoffice_fetches_nothing_that_a_document_points_to(tmp_path: Path, listener: Listener) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    for name in ("i.docx", "p.html", "q.docx", "s.html"):
        (secret / name).write_text(f"<html><body>{KEPT_BACK}</body></html>", encoding="utf-8")
    documents = []
    places = [f"http://127.0.0.1:{listener.port}/", secret.as_uri() + "/"]
    places += [f"http://localhost:{listener.port}/"] if FULL else []
    for number, at in enumerate(places):
        for name, edit in ways(at).items():
            folder = edited(stock("01"), tmp_path / f"{number} {name}", edit)
            documents.append((folder / "contract.docx").rename(tmp_path / f"{number} {name}.docx"))
    out = tmp_path / "out"
    for pdf in libreoffice.to_pdf(documents, out, seconds=300):
        pages = pdfium.PdfDocument(pdf)
        text = "".join(page.get_textpage().get_text_range() for page in pages)
        pages.close()
        assert "家庭计划生育责任书" in text, pdf
        assert KEPT_BACK not in text, pdf
    assert listener.heard == []
    # The listener does hear what connects.
    with socket.create_connection(("127.0.0.1", listener.port)) as one:
        one.sendall(b"here")
        one.recv(1)
    assert listener.heard == [b"here"]
