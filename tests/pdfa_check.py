"""A checker of PDF/A-2u for tests: the rules of ISO 19005-2 that our writer, or what it copies, could break.

It is no validator: what no print file of ours can hold (layers, forms to fill in, embedded files, signatures)
is refused whole, where the standard would allow some of it.
"""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pikepdf
from lxml import etree

from tests.pdfa_bytes import byte_faults
from tests.pdfa_content import INTENTS, OBJECTS, Content
from tests.pdfa_fonts import font_faults

FILTERS = {"/ASCIIHexDecode", "/ASCII85Decode", "/FlateDecode", "/RunLengthDecode", "/CCITTFaxDecode",
           "/JBIG2Decode", "/DCTDecode", "/JPXDecode"}  # fmt: skip
BLENDS = {f"/{name}" for name in (
    "Normal Compatible Multiply Screen Overlay Darken Lighten ColorDodge ColorBurn HardLight SoftLight "
    "Difference Exclusion Hue Saturation Color Luminosity").split()}  # fmt: skip
ACTIONS = {"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC, PDF = "{http://purl.org/dc/elements/1.1/}", "{http://ns.adobe.com/pdf/1.3/}"
PDFAID, XMP = "{http://www.aiim.org/pdfa/ns/id/}", "{http://ns.adobe.com/xap/1.0/}"
LANGUAGE = r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"
ICC_TAGS = {b"desc", b"cprt", b"wtpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"}
PAGE_LEAST, PAGE_MOST = 3, 14400  # points


def pdfa_faults(data: bytes) -> list[str]:
    """What a file breaks, each with the standard's clause; nothing for a PDF/A-2u as we write them."""
    faults = list(byte_faults(data))
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            faults += _document(pdf)
            for item in pdf.objects:
                if isinstance(item, pikepdf.Object):
                    faults += _walk(item, f"object {item.objgen[0]}")
            content = Content()
            for number, page in enumerate(pdf.pages, 1):
                faults += content.page_faults(page, f"page {number}")
            for shown in content.fonts.values():
                faults += font_faults(shown.font, shown.strings, shown.where)
    except pikepdf.PdfError as error:
        faults.append(f"6.1.1 the file cannot be read ({error})")
    return list(dict.fromkeys(faults))


def _document(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    refused = {"/AcroForm": "6.4.1", "/OCProperties": "6.9", "/Perms": "6.1.12", "/Requirements": "6.11",
               "/AA": "6.5.2", "/Collection": "6.8", "/AF": "6.8"}  # fmt: skip
    yield from (f"{clause} the catalogue has {key}" for key, clause in refused.items() if key in root)
    names: Any = root.get("/Names", {})
    refused = {"/JavaScript": "6.5.1", "/EmbeddedFiles": "6.8", "/AlternatePresentations": "6.10"}
    yield from (f"{clause} the names have {key}" for key, clause in refused.items() if key in names)
    opening = root.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") != "/GoTo":
        yield f"6.5.1 the file is opened with {opening.get('/S')}"
    if not re.fullmatch(LANGUAGE, str(root.get("/Lang", ""))):
        yield f"6.7.4 {root.get('/Lang')} is no language"
    yield from _metadata(pdf)
    yield from _intents(root)
    reached = yield from _tree(root.Pages, None)
    pages = {
        item.objgen
        for item in pdf.objects
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Page"
    }
    if set(reached) != pages or len(reached) != len(pages):
        yield "6.1.1 the page tree does not hold every page once"


def _tree(node: Any, parent: Any) -> Any:
    """Yields faults; returns the pages under a node."""
    where = f"object {node.objgen[0]}"
    if (node.get("/Parent").objgen if "/Parent" in node else None) != (parent.objgen if parent else None):
        yield f"6.1.1 {where}: /Parent is not the node above"
    if node.get("/Type") == "/Page":
        return [node.objgen]
    reached = []
    for kid in node.Kids:
        reached += yield from _tree(kid, node)
    if int(node.Count) != len(reached):
        yield f"6.1.1 {where}: /Count is {node.Count}, the pages are {len(reached)}"
    return reached


def _metadata(pdf: pikepdf.Pdf) -> Iterator[str]:
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        yield "6.6.2.1 no metadata"
        return
    if "/Filter" in stream:
        yield "6.6.2.1 the metadata are filtered"
        return
    if [str(stream.get(key)) for key in ("/Type", "/Subtype")] != ["/Metadata", "/XML"]:
        yield "6.6.2.1 the metadata's stream is not said to be XML"
    packet = stream.read_bytes()
    head = packet.partition(b"?>")[0]
    if not head.startswith(b"<?xpacket begin=") or b"bytes=" in head or b"encoding=" in head:
        yield "6.6.2.1 the metadata are no packet, or one with bytes or encoding"
    try:
        tree = etree.fromstring(packet.decode("utf-8").encode())
    except (UnicodeDecodeError, etree.XMLSyntaxError):
        yield "6.6.2.1 the metadata are no XML in UTF-8"
        return
    spaces = {
        f"{{{etree.QName(prop).namespace}}}" for each in tree.iter(f"{RDF}Description") for prop in each
    }
    if not spaces <= {DC, PDF, PDFAID, XMP}:
        yield "6.6.2.3.1 the metadata have properties of an unknown schema"
    if (tree.findtext(f".//{PDFAID}part"), tree.findtext(f".//{PDFAID}conformance")) != ("2", "U"):
        yield "6.6.4 the metadata do not say PDF/A-2u"
    info: Any = pdf.trailer.get("/Info", {})
    titles = [one.text or "" for one in tree.iterfind(f".//{DC}title/{RDF}Alt/{RDF}li")]
    if titles != [str(info.get("/Title", ""))]:
        yield "6.6.3 the metadata's title is not the information dictionary's"
    if tree.findtext(f".//{PDF}Producer") != str(info.get("/Producer", "")):
        yield "6.6.3 the metadata's producer is not the information dictionary's"


def _intents(root: Any) -> Iterator[str]:
    intents = [one for one in root.get("/OutputIntents", []) if one.get("/S") == "/GTS_PDFA1"]
    if len(intents) != 1:
        yield "6.2.3 not one output intent of PDF/A"
        return
    if "/OutputConditionIdentifier" not in intents[0]:
        yield "6.2.3 the output intent has no identifier"
    profile = intents[0].get("/DestOutputProfile")
    if not isinstance(profile, pikepdf.Stream):
        yield "6.2.3 the output intent has no profile"
        return
    if profile.get("/N") != 3:
        yield f"6.2.3 the profile has /N {profile.get('/N')}"
    yield from _profile(profile.read_bytes())


def _profile(icc: bytes) -> Iterator[str]:
    """An ICC profile for the document's RGB (ICC.1:2001-04, 6)."""
    if int.from_bytes(icc[:4], "big") != len(icc):
        yield "6.2.3 the profile's size is not what it says"
    if icc[36:40] != b"acsp":
        yield "6.2.3 the profile has no signature"
    if not b"\x02\x00" <= icc[8:10] <= b"\x04\x20":
        yield "6.2.3 the profile's version is not 2 to 4.2"
    if icc[12:16] not in (b"mntr", b"prtr", b"scnr", b"spac"):
        yield "6.2.3 the profile is of no device"
    if icc[16:20] != b"RGB " or icc[20:24] not in (b"XYZ ", b"Lab "):
        yield "6.2.3 the profile is not of RGB"
    rows = [icc[132 + 12 * n : 144 + 12 * n] for n in range(int.from_bytes(icc[128:132], "big"))]
    if not {row[:4] for row in rows} >= ICC_TAGS:
        yield "6.2.3 the profile lacks a tag"
    ends = [int.from_bytes(row[4:8], "big") + int.from_bytes(row[8:], "big") for row in rows]
    if max(ends, default=0) > len(icc):
        yield "6.2.3 a tag of the profile lies outside"


def _walk(value: Any, where: str) -> Iterator[str]:
    """A value of an object with what lies in it; other objects are walked for themselves."""
    if isinstance(value, pikepdf.Array):
        inner = list(value)
    elif isinstance(value, OBJECTS):
        if isinstance(value, pikepdf.Stream):
            yield from _stream(value, where)
        yield from _dictionary(value, where)
        inner = [item for _, item in value.items()]
        for name, check in UNDER.items():
            if name in value:
                yield from check(value[name], where)
    else:
        return
    for item in inner:
        if isinstance(item, pikepdf.Object) and not item.is_indirect:
            yield from _walk(item, where)


def _stream(stream: Any, where: str) -> Iterator[str]:
    if {"/F", "/FFilter", "/FDecodeParms"} & set(stream.keys()):
        yield f"6.1.7.1 {where}: the stream lies in another file"
    for one in _listed(stream.get("/Filter")):
        if str(one) not in FILTERS:
            yield f"6.1.7.2 {where}: the filter {one}"
    kind = stream.get("/Subtype")
    if kind == "/Image":
        yield from _image(stream, where)
    elif kind == "/Form":
        if "/OPI" in stream or "/Ref" in stream or "/PS" in stream or stream.get("/Subtype2") == "/PS":
            yield f"6.2.9 {where}: a form with OPI, Ref or PostScript"
    elif kind == "/PS":
        yield f"6.2.9 {where}: a PostScript object"


def _image(image: Any, where: str) -> Iterator[str]:
    if "/Alternates" in image or "/OPI" in image:
        yield f"6.2.8.1 {where}: an image with alternates or OPI"
    if image.get("/Interpolate", False):
        yield f"6.2.8.1 {where}: an image to be interpolated"
    if "/Intent" in image and str(image.Intent) not in INTENTS:
        yield f"6.2.6 {where}: {image.Intent} is no rendering intent"
    if str(image.get("/Filter")) == "/JPXDecode":
        yield from _jpx(image.read_raw_bytes(), where)
    elif image.get("/ImageMask", False):
        if image.get("/BitsPerComponent", 1) != 1:
            yield f"6.2.8.1 {where}: a mask of more than a bit a pixel"
    elif image.get("/BitsPerComponent") not in (1, 2, 4, 8, 16) or "/ColorSpace" not in image:
        yield f"6.2.8.1 {where}: {image.get('/BitsPerComponent')} bits a component, or no colour space"
    mask = image.get("/SMask")
    if mask is not None and mask.get("/ColorSpace") != "/DeviceGray":
        yield f"6.2.8.1 {where}: a soft mask that is not grey"


def _jpx(data: bytes, where: str) -> Iterator[str]:
    """A JPEG 2000 file: 1, 3 or 4 channels of 1 to 38 bits, alike; CMYK has no place here."""
    at = data.find(b"ihdr") + 4
    if at < 4:
        yield f"6.2.8.3 {where}: a JPEG 2000 without its header"
        return
    channels, bits = int.from_bytes(data[at + 8 : at + 10], "big"), data[at + 10]
    if channels not in (1, 3) or bits == 255 or (bits & 127) + 1 > 38:
        yield f"6.2.8.3 {where}: a JPEG 2000 of {channels} channels, {bits} for their bits"


def _dictionary(value: Any, where: str) -> Iterator[str]:
    kind = value.get("/Type")
    if "/AA" in value and kind != "/Catalog":
        yield f"6.5.2 {where}: additional actions"
    if "/JS" in value:
        yield f"6.5.1 {where}: JavaScript"
    if "/EF" in value:
        yield f"6.8 {where}: an embedded file"
    if kind in ("/Page", "/Pages"):
        yield from _page(value, where)


def _page(page: Any, where: str) -> Iterator[str]:
    if "/PresSteps" in page:
        yield f"6.10 {where}: presentation steps"
    for name in ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox"):
        if name in page:
            left, bottom, right, top = (float(one) for one in page[name])
            if not all(PAGE_LEAST <= side <= PAGE_MOST for side in (right - left, top - bottom)):
                yield f"6.1.13 {where}: {name} is too small or too large"


def _annotations(items: Any, where: str) -> Iterator[str]:
    for one in items:
        kind, flags = str(one.get("/Subtype")), int(one.get("/F", 0))
        if kind in ("/3D", "/Sound", "/Screen", "/Movie", "/FileAttachment", "/Widget"):
            yield f"6.3.1 {where}: an annotation {kind}"
        if (kind != "/Popup" and not flags & 4) or flags & 0b100100011:
            yield f"6.3.2 {where}: an annotation that is not printed"
        if kind not in ("/Popup", "/Link") and "/N" not in one.get("/AP", {}):
            yield f"6.3.3 {where}: an annotation without an appearance"


def _action(action: Any, where: str) -> Iterator[str]:
    if isinstance(action, pikepdf.Dictionary) and "/S" in action and str(action.S) not in ACTIONS:
        yield f"6.5.1 {where}: the action {action.S}"


def _states(states: Any, where: str) -> Iterator[str]:
    for name, state in states.items():
        if "/TR" in state or state.get("/TR2", "/Default") != "/Default" or "/HTP" in state:
            yield f"6.2.5 {where}: {name} has a transfer function"
        halftone = state.get("/HT")
        if isinstance(halftone, OBJECTS) and (
            halftone.get("/HalftoneType") not in (1, 5) or "/HalftoneName" in halftone
        ):
            yield f"6.2.5 {where}: {name} has a halftone"
        for one in _listed(state.get("/BM")):
            if str(one) not in BLENDS:
                yield f"6.2.10 {where}: {name} blends by {one}"


def _spaces(spaces: Any, where: str) -> Iterator[str]:
    """A resource dictionary's colour spaces, or an image's, a shading's or a group's one."""
    for _, space in spaces.items() if isinstance(spaces, pikepdf.Dictionary) else [("", spaces)]:
        yield from _space(space, where)


def _space(space: Any, where: str) -> Iterator[str]:
    name = str(space[0]) if isinstance(space, pikepdf.Array) else str(space)
    if name in ("/DeviceCMYK", "/CMYK"):
        yield f"6.2.4.3 {where}: colours in DeviceCMYK"
    elif name == "/ICCBased":
        size, icc = space[1].get("/N"), space[1].read_bytes()
        kinds = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
        if icc[36:40] != b"acsp" or icc[16:20] not in (kinds.get(size), b"Lab ") or icc[8:10] > b"\x04\x20":
            yield f"6.2.4.2 {where}: a colour space's profile is not what it says"
    elif name in ("/Indexed", "/Pattern", "/Separation", "/DeviceN") and isinstance(space, pikepdf.Array):
        if name == "/DeviceN" and len(space[1]) > 32:
            yield f"6.1.13 {where}: too many colorants"
        if len(space) > 1:
            yield from _space(space[1 if name in ("/Indexed", "/Pattern") else 2], where)


def _drawn(objects: Any, where: str) -> Iterator[str]:
    for name, one in objects.items():
        if not isinstance(one, pikepdf.Stream) or str(one.get("/Subtype")) not in ("/Image", "/Form", "/PS"):
            yield f"6.2.9 {where}: {name} is neither image nor form"


def _listed(value: Any) -> list[Any]:
    """One or many, or none, as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, pikepdf.Array) else [value]


UNDER: dict[str, Callable[[Any, str], Iterator[str]]] = {
    "/Annots": _annotations,
    "/A": _action,
    "/Next": _action,
    "/OpenAction": _action,
    "/ExtGState": _states,
    "/ColorSpace": _spaces,
    "/CS": _spaces,
    "/XObject": _drawn,
}
