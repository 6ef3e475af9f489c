"""Ways of breaking PDF/A-2u, a rule each: what the checker must say, and the change that makes it true.

A change of objects is written to a file like the good one; a change of bytes is made in the file itself.
"""

import io
import re
import struct
from collections.abc import Callable
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

Change = Callable[[pikepdf.Pdf], object]


def written(pdf: pikepdf.Pdf) -> bytes:
    """The document as a file of the good one's kind: no object streams, lines as PDF/A has them, one /ID twice."""
    out = io.BytesIO()
    none = pikepdf.StreamDecodeLevel.none
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, stream_decode_level=none,
             compress_streams=False, preserve_pdfa=True, fix_metadata_version=False, static_id=True)  # fmt: skip
    return same_id(out.getvalue())


def same_id(data: bytes) -> bytes:
    start = data.rindex(b"/ID [<") + 6
    identity = data[start : data.index(b">", start)]
    return data[: start + len(identity) + 2] + identity + data[start + 2 * len(identity) + 2 :]


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """The first `old` of the file becomes `new`, of the same length."""

    def change(data: bytes) -> bytes:
        assert old in data and len(old) == len(new)
        return data.replace(old, new, 1)

    return change


BYTES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "no header at the very beginning": ("6.1.2", swap(b"%PDF-1.7", b"%PDF_1.7")),
    "no bytes above 127 in the second line": ("6.1.2", swap(b"%\xe2\xe3", b"%aa")),
    "bytes after the end": ("6.1.3 there are bytes after", lambda data: data + b"\n "),
    "no /ID": ("6.1.3 no /ID", lambda data: data[: data.rindex(b"/ID[")] + b">>" + data[data.rindex(b"\nstartxref") :]),
    "two /ID": ("6.1.3 the two strings", lambda data: data[: data.rindex(b">]>>") - 4] + b"0000" + data[data.rindex(b">]>>") :]),
    "an entry of 19 bytes": ("6.1.4", lambda data: data.replace(b"65535 f \n", b"65535 f\n", 1)),
    "a space before the table's first line": ("6.1.4", swap(b"\nxref\n0 ", b"\nxref 0 ")),
    "one object more in /Size": ("6.1.4", lambda data: data.replace(b"<</Size ", b"<</Size 1", 1)),
    "endobj on the line of its object": ("6.1.9", swap(b"\nendobj\n", b" endobj\n")),
    "an object on the line of the word obj": ("6.1.9", swap(b" 0 obj\n<<", b" 0 obj <<")),
    "a carriage return alone after stream": ("6.1.7.1", swap(b"stream\n", b"stream\r")),
    "no line end before endstream": ("6.1.7.1", swap(b"\nendstream", b" endstream")),
    "metadata with a filter": ("6.6.2.1", swap(b"/Type/Metadata", b"/Filter[     ]")),
    "pages counted wrong": ("/Count is", swap(b"/Count 2/Kids", b"/Count 3/Kids")),
    "a length one too short": ("6.1.7.1", swap(b"/Length 116", b"/Length 115")),
}  # fmt: skip


def content(more: bytes) -> Change:
    """The first page's content goes on with `more`."""
    return lambda pdf: pdf.pages[0].contents_add(more)


def font(pdf: pikepdf.Pdf, kind: str) -> Any:
    """A font of a kind; of a composite one, the Type0 font that pages name."""
    for one in pdf.objects:
        if isinstance(one, Dictionary) and one.get("/Type") == "/Font":
            inner: Any = one.DescendantFonts[0] if "/DescendantFonts" in one else one
            if inner.Subtype == kind and ("/DescendantFonts" in one) == kind.startswith("/CIDFont"):
                return one
    raise LookupError(kind)


def in_font(kind: str, change: Callable[[Any, Any], object]) -> Change:
    """A change of a font, and of its descendant (or itself)."""

    def made(pdf: pikepdf.Pdf) -> None:
        one = font(pdf, kind)
        change(one, one.DescendantFonts[0] if "/DescendantFonts" in one else one)

    return made


def entry(key: str, value: object, *path: str) -> Callable[[Any, Any], object]:
    """Sets an entry of the descendant, or of what lies under `path` in it."""

    def change(_: Any, target: Any) -> None:
        for step in path:
            target = target[step]
        target[key] = value

    return change


def characters(change: Callable[[bytes], bytes]) -> Callable[[Any, Any], object]:
    """A change of ToUnicode's text."""

    def made(one: Any, _: Any) -> None:
        new = change(one.ToUnicode.read_bytes())
        assert new != one.ToUnicode.read_bytes()
        one.ToUnicode.write(new)

    return made


def first_character(code: bytes) -> Callable[[bytes], bytes]:
    """The first code of a ToUnicode stands for UTF-16 `code`."""
    return lambda cmap: re.sub(rb"(beginbfchar\s*<\w+>\s*)<\w+>", rb"\1<" + code + b">", cmap, count=1)


def show(kind: str, code: bytes, known: bool = True) -> Change:
    """The first page shows one more code in a font, which ToUnicode knows as A; a composite one says it has no width."""

    def change(pdf: pikepdf.Pdf) -> None:
        one = font(pdf, kind)
        if known:
            one.ToUnicode.write(
                one.ToUnicode.read_bytes() + b"1 beginbfchar\n<%b> <0041>\nendbfchar\n" % code
            )
        if "/DescendantFonts" in one:
            one.DescendantFonts[0].W.extend([int(code, 16), Array([0])])
        pdf.pages[0].Resources.Font["/Zz"] = one
        pdf.pages[0].contents_add(b"BT /Zz 9 Tf <%b> Tj ET" % code)

    return change


def resource(kind: str, value: object) -> Change:
    """The first page has one more resource."""

    def change(pdf: pikepdf.Pdf) -> None:
        resources = pdf.pages[0].Resources
        if kind not in resources:
            resources[kind] = Dictionary()
        resources[kind]["/Zz"] = value(pdf) if callable(value) else value

    return change


def state(**entries: object) -> Change:
    return resource("/ExtGState", Dictionary({f"/{key}": value for key, value in entries.items()}))


def stream(data: bytes = b"", **entries: object) -> Callable[[pikepdf.Pdf], object]:
    def made(pdf: pikepdf.Pdf) -> object:
        return pdf.make_indirect(
            pikepdf.Stream(pdf, data, {f"/{key}": value for key, value in entries.items()})
        )

    return made


def form(key: str, value: object) -> Change:
    """The first page has one more form, with an entry."""
    common = {"Subtype": Name.Form, "BBox": [0, 0, 9, 9], "Resources": Dictionary()}
    return resource("/XObject", stream(b"", **common | {key: value}))


def image(**entries: object) -> Change:
    """The logo's image has other entries."""

    def change(pdf: pikepdf.Pdf) -> None:
        logo = next(one for one in pdf.objects if isinstance(one, pikepdf.Stream) and "/SMask" in one)
        for key, value in entries.items():
            logo[f"/{key}"] = value

    return change


def root(key: str, value: object) -> Change:
    return lambda pdf: pdf.Root.__setitem__(f"/{key}", value(pdf) if callable(value) else value)


def page(key: str, value: object) -> Change:
    return lambda pdf: pdf.pages[0].obj.__setitem__(f"/{key}", value)


def annotation(**entries: object) -> Change:
    one = {"/Type": Name.Annot, "/Rect": [0, 0, 9, 9]} | {f"/{key}": value for key, value in entries.items()}
    return page("Annots", Array([Dictionary(one)]))


def xmp(old: bytes, new: bytes) -> Change:
    def change(pdf: pikepdf.Pdf) -> None:
        packet = pdf.Root.Metadata.read_bytes()
        assert old in packet
        pdf.Root.Metadata.write(packet.replace(old, new))

    return change


def profile(at: int, new: bytes) -> Change:
    """Other bytes of the ICC profile, from `at` on."""

    def change(pdf: pikepdf.Pdf) -> None:
        one: Any = pdf.Root.OutputIntents[0]
        icc = one.DestOutputProfile.read_bytes()
        one.DestOutputProfile.write(icc[:at] + new + icc[at + len(new) :])

    return change


def intent(key: str, value: object = None) -> Change:
    """An entry of the output intent, taken out where there is no value."""

    def change(pdf: pikepdf.Pdf) -> None:
        one: Any = pdf.Root.OutputIntents[0]
        if value is None:
            del one[f"/{key}"]
        else:
            one[f"/{key}"] = value

    return change


def jpeg_2000() -> bytes:
    """Of four channels."""
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), "red").save(out, "JPEG2000")
    return out.getvalue()


def lost_page(pdf: pikepdf.Pdf) -> None:
    pdf.Root["/Lost"] = pdf.make_indirect(
        Dictionary(Type=Name.Page, MediaBox=[0, 0, 9, 9], Parent=pdf.Root.Pages)
    )


def without_resources(pdf: pikepdf.Pdf) -> None:
    del next(
        one for one in pdf.objects if isinstance(one, pikepdf.Stream) and one.get("/Subtype") == "/Form"
    )["/Resources"]


ACTION = Dictionary(S=Name.Launch, F=String("a.exe"))
LZW = bytes.fromhex("800b6050220c0c8501")  # of the standard's example
ICC_CMYK = bytes(36) + b"acsp"
OBJECTS: dict[str, tuple[str, Change]] = {
    "odd hexadecimal digits": ("6.1.6", content(b"/Zz <</A <123>>> BDC EMC")),
    "a long string": ("6.1.13", root("Zz", String("a" * 32768))),
    "a long name": ("6.1.13", root("Zz", Name("/" + "a" * 128))),
    "a large integer": ("6.1.13", root("Zz", 2**31)),
    "a large real": ("6.1.13", content(b"4" + b"0" * 38 + b".0 w")),
    "another filter": ("6.1.7.2", root("Zz", stream(LZW, Filter=Name.LZWDecode))),
    "a stream elsewhere": ("6.1.7.1", root("Zz", stream(F=String("a.bin")))),
    "q 29 deep": ("6.1.13", content(b"q " * 29 + b"Q " * 29)),
    "Q without q": ("Q without q", content(b"Q")),
    "q without Q": ("without its end", content(b"q")),
    "an unknown operator": ("is no operator", content(b"1 1e-05")),
    "BX does not excuse it": ("is no operator", content(b"BX zz EX")),
    "an operand too many": ("w with 2 operands", content(b"1 2 w")),
    "an inline image": ("6.1.10", content(b"BI /W 1 /H 1 /BPC 8 /CS /G ID a EI")),
    "text outside of a text object": ("outside of BT", content(b"1 2 Td")),
    "a text object in another": ("BT where it cannot be", content(b"BT BT ET")),
    "a form drawn in a text object": ("Do within BT", content(b"BT /0 Do ET")),
    "text without a font": ("text without a font", lambda pdf: pdf.pages[0].contents_add(b"BT (a) Tj ET ", prepend=True)),
    "a resource that is not there": ("/Zz is not in its resources", content(b"/Zz Do")),
    "a form without resources": ("no resources of its own", without_resources),
    "a colour in CMYK": ("6.2.4.3", content(b"0 0 0 1 k")),
    "a colour space of CMYK": ("6.2.4.3", resource("/ColorSpace", Name.DeviceCMYK)),
    "an index into CMYK": ("6.2.4.3", resource("/ColorSpace", Array([Name.Indexed, Name.DeviceCMYK, 0, String("aaaa")]))),
    "a profile that is none": ("6.2.4.2", resource("/ColorSpace", lambda pdf: Array([Name.ICCBased, stream(ICC_CMYK, N=3)(pdf)]))),
    "33 colorants": ("6.1.13", resource("/ColorSpace", Array([Name.DeviceN, Array([Name(f"/C{n}") for n in range(33)]), Name.DeviceGray]))),
    "an image in CMYK": ("6.2.4.3", image(ColorSpace=Name.DeviceCMYK)),
    "an image to be interpolated": ("interpolated", image(Interpolate=True)),
    "an image with alternates": ("alternates", image(Alternates=Array())),
    "three bits a component": ("3 bits a component", image(BitsPerComponent=3)),
    "an intent nobody knows": ("6.2.6", image(Intent=Name.Zz)),
    "an intent set in content": ("6.2.6", content(b"/Zz ri")),
    "a soft mask in colours": ("soft mask that is not grey", lambda pdf: image(SMask=stream(
        b"aaa", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8, ColorSpace=Name.DeviceRGB)(pdf))(pdf)),
    "a mask of eight bits": ("mask of more than a bit", resource("/XObject", stream(
        b"a", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8, ImageMask=True))),
    "a JPEG 2000 of four channels": ("6.2.8.3", resource("/XObject", stream(
        jpeg_2000(), Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8, Filter=Name.JPXDecode))),
    "a PostScript object": ("6.2.9", resource("/XObject", stream(b"", Type=Name.XObject, Subtype=Name.PS))),
    "a form from elsewhere": ("6.2.9", form("Ref", Dictionary(F=String("a.pdf"), Page=0))),
    "a form with OPI": ("6.2.9", form("OPI", Dictionary())),
    "an object that is neither image nor form": ("neither image nor form", resource("/XObject", Dictionary())),
    "a transfer function": ("transfer function", state(TR=Name.Identity)),
    "another transfer function": ("transfer function", state(TR2=Name.Identity)),
    "a halftone's phase": ("transfer function", state(HTP=Array([0, 0]))),
    "a halftone of type 6": ("has a halftone", state(HT=Dictionary(HalftoneType=6))),
    "an unknown blend mode": ("6.2.10", state(BM=Name.Zz)),
    "one of two blend modes unknown": ("6.2.10", state(BM=Array([Name.Normal, Name.Zz]))),
    "no font program": ("embeds []", in_font("/CIDFontType2", lambda _, one: one.FontDescriptor.__delitem__("/FontFile2"))),
    "a program of another kind": ("embeds ['/FontFile3']", in_font("/CIDFontType2", lambda _, one: (
        entry("/FontFile3", one.FontDescriptor.FontFile2, "/FontDescriptor")(_, one), one.FontDescriptor.__delitem__("/FontFile2")))),
    "CFF said to be Type1C": ("program's subtype", in_font("/CIDFontType0", entry("/Subtype", Name.Type1C, "/FontDescriptor", "/FontFile3"))),
    "a program that is none": ("cannot be read", in_font("/CIDFontType0", lambda _, one: one.FontDescriptor.FontFile3.write(b"\1\0\4\1"))),
    "a program's length": ("lengths are wrong", in_font("/CIDFontType2", entry("/Length1", 9, "/FontDescriptor", "/FontFile2"))),
    "no map from CID to glyph": ("6.2.11.3.2", in_font("/CIDFontType2", lambda _, one: one.__delitem__("/CIDToGIDMap"))),
    "another character collection": ("6.2.11.3.1", in_font("/CIDFontType0", entry("/Ordering", String("GB1"), "/CIDSystemInfo"))),
    "another encoding": ("6.2.11.3.3", in_font("/CIDFontType0", lambda one, _: one.__setitem__("/Encoding", Name("/GBK-EUC-H")))),
    "another name of the font": ("two names", in_font("/CIDFontType0", lambda one, _: one.__setitem__("/BaseFont", Name.Zz))),
    "another name of the program": ("two names", in_font("/CIDFontType0", entry("/FontName", Name.Zz, "/FontDescriptor"))),
    "widths of CFF": ("6.2.11.5", in_font("/CIDFontType0", lambda _, one: one.W.__getitem__(1).__setitem__(0, 1002))),
    "widths of TrueType": ("6.2.11.5", in_font("/CIDFontType2", lambda _, one: one.W.__getitem__(1).__setitem__(0, 1))),
    "the width of what /W leaves out": ("6.2.11.5", in_font("/CIDFontType0", lambda _, one: (one.__delitem__("/W"), entry("/DW", 7)(_, one)))),
    "widths of a simple TrueType": ("6.2.11.5", in_font("/TrueType", lambda _, one: one.Widths.__setitem__(1, 1))),
    "widths of Type 1": ("6.2.11.5", in_font("/Type1", lambda _, one: one.Widths.__setitem__(1, 998))),
    "widths that end too soon": ("6.2.11.5", in_font("/Type1", lambda _, one: one.Widths.__delitem__(len(one.Widths) - 1))),
    "a symbolic font with an encoding": ("with an encoding", in_font("/TrueType", entry("/Encoding", Name.WinAnsiEncoding))),
    "not symbolic": ("not marked as symbolic", in_font("/Type1", entry("/Flags", 32, "/FontDescriptor"))),
    "no ToUnicode": ("6.2.11.7.2", in_font("/CIDFontType0", lambda one, _: one.__delitem__("/ToUnicode"))),
    "a code without a character": ("no character", in_font("/CIDFontType2", characters(lambda _: b""))),
    "a code for U+0000": ("U+0000", in_font("/CIDFontType0", characters(first_character(b"0000")))),
    "a code for U+FEFF": ("U+FEFF", in_font("/CIDFontType0", characters(first_character(b"FEFF")))),
    "a code for U+FFFE": ("U+FFFE", in_font("/Type1", characters(first_character(b"FFFE")))),
    "a code for half a character": ("6.2.11.7.2", in_font("/CIDFontType0", characters(first_character(b"D842")))),
    ".notdef of CFF": ("6.2.11.8", show("/CIDFontType0", b"0000")),
    ".notdef of TrueType": ("6.2.11.8", show("/CIDFontType2", b"0000")),
    ".notdef of a simple TrueType": ("6.2.11.8", show("/TrueType", b"00")),
    "a glyph that CFF's subset lacks": ("no such glyph", show("/CIDFontType0", b"FF00")),
    "a glyph that TrueType's subset has empty": ("is empty", show("/CIDFontType2", b"0001")),
    "half a code": ("half a code", show("/CIDFontType0", b"00", known=False)),
    "an annotation without its looks": ("6.3.3", annotation(Subtype=Name.Square, F=4)),
    "an annotation not printed": ("6.3.2", annotation(Subtype=Name.Link)),
    "a film": ("6.3.1", annotation(Subtype=Name.Movie, F=4, AP=Dictionary(N=Dictionary()))),
    "a program to start": ("6.5.1", annotation(Subtype=Name.Link, F=4, A=ACTION)),
    "a script": ("6.5.1", root("Zz", Dictionary(JS=String("a")))),
    "scripts by name": ("6.5.1", root("Names", Dictionary(JavaScript=Dictionary()))),
    "a program started on opening": ("6.5.1", root("OpenAction", ACTION)),
    "actions of a page": ("6.5.2", page("AA", Dictionary())),
    "actions of the document": ("6.5.2", root("AA", Dictionary())),
    "a form to fill in": ("6.4.1", root("AcroForm", Dictionary())),
    "embedded files": ("6.8", root("Names", Dictionary(EmbeddedFiles=Dictionary()))),
    "an embedded file": ("6.8", root("Zz", Dictionary(Type=Name.Filespec, EF=Dictionary()))),
    "layers": ("6.9", root("OCProperties", Dictionary())),
    "other presentations": ("6.10", root("Names", Dictionary(AlternatePresentations=Dictionary()))),
    "steps of a presentation": ("6.10", page("PresSteps", Dictionary())),
    "requirements": ("6.11", root("Requirements", Array())),
    "permissions": ("6.1.12", root("Perms", Dictionary())),
    "a language that is none": ("6.7.4", root("Lang", String("中文"))),
    "no metadata": ("6.6.2.1", lambda pdf: pdf.Root.__delitem__("/Metadata")),
    "an encoding in the packet": ("6.6.2.1", xmp(b'd"?>', b'd" encoding="UTF-8"?>')),
    "metadata that are no XML": ("6.6.2.1", xmp(b"</rdf:RDF>", b"")),
    "an unknown schema": ("6.6.2.3.1", xmp(b"<dc:title>", b'<z:z xmlns:z="urn:z">z</z:z><dc:title>')),
    "part 1": ("6.6.4", xmp(b"part>2", b"part>1")),
    "level B": ("6.6.4", xmp(b"conformance>U", b"conformance>B")),
    "another title": ("6.6.3", lambda pdf: pdf.docinfo.__setitem__("/Title", String("别的"))),
    "another producer": ("6.6.3", lambda pdf: pdf.docinfo.__setitem__("/Producer", String("别的"))),
    "no output intent": ("6.2.3 not one", lambda pdf: pdf.Root.__delitem__("/OutputIntents")),
    "an output intent for print": ("6.2.3 not one", intent("S", Name.GTS_PDFX)),
    "no identifier": ("no identifier", intent("OutputConditionIdentifier")),
    "no profile": ("has no profile", intent("DestOutputProfile")),
    "a profile of four colours": ("/N 4", lambda pdf: pdf.Root.OutputIntents[0].DestOutputProfile.__setitem__("/N", 4)),
    "a profile longer than it says": ("size is not", profile(0, struct.pack(">I", 9))),
    "a profile without its signature": ("no signature", profile(36, b"aaaa")),
    "a profile of version 4.4": ("version", profile(8, b"\x04\x40")),
    "a profile of no device": ("of no device", profile(12, b"link")),
    "a profile of CMYK": ("not of RGB", profile(16, b"CMYK")),
    "a profile without a tag": ("lacks a tag", profile(132, b"zzzz")),
    "a tag outside the profile": ("lies outside", profile(136, b"\x7f")),
    "a page as large as a field": ("6.1.13", page("MediaBox", Array([0, 0, 14401, 800]))),
    "a page no one can see": ("6.1.13", page("CropBox", Array([0, 0, 2, 2]))),
    "a page outside the tree": ("every page once", lost_page),
    "a page of another parent": ("/Parent is not", page("Parent", Dictionary())),
}  # fmt: skip
