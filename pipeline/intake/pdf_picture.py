"""Images of PDFs taken over as they are, where a PDF/A-2 may hold them so (ISO 19005-2, 6.1.7, 6.2.4 and 6.2.8)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pikepdf

from archive.pdf_file import packed
from archive.signed_pdf import Picture

DRAWING = "Do BI ID EI"  # the operators that draw images
FORMS_DEEP = 4  # how deep forms are looked into
FORMS_MOST = 1000  # forms that one page may draw, one within another
PROFILE_MOST = 1 << 20  # bytes
IMAGE_FILTERS = ("/CCITTFaxDecode", "/JBIG2Decode", "/DCTDecode", "/JPXDecode")
KEPT_FILTERS = (*IMAGE_FILTERS, "/FlateDecode", "/RunLengthDecode")
SHORT = {"/CCF": "/CCITTFaxDecode", "/DCT": "/DCTDecode", "/Fl": "/FlateDecode", "/RL": "/RunLengthDecode"}
PARAMETERS = {  # that say how a stream is packed; all are numbers or true or false
    "/CCITTFaxDecode": ("K", "Columns", "Rows", "BlackIs1", "EncodedByteAlign", "EndOfLine", "EndOfBlock",
                        "DamagedRowsBeforeError"),
    "/DCTDecode": ("ColorTransform",),
    "/FlateDecode": ("Predictor", "Colors", "BitsPerComponent", "Columns"),
}  # fmt: skip
GRAY, RGB = b"/DeviceGray", b"/DeviceRGB"
DEVICES = {"/DeviceGray": GRAY, "/G": GRAY, "/CalGray": GRAY, "/DeviceRGB": RGB, "/RGB": RGB}
PROFILE_CLASSES = (b"mntr", b"prtr", b"scnr", b"spac")

Space = tuple[bytes, tuple[tuple[bytes, bytes], ...]]  # as PDF text, and the streams that it refers to


class MissingImage(Exception):
    """A page draws what is not in the file."""


def drawn_images(page: pikepdf.Page) -> list[pikepdf.Stream | None]:
    """The images a page draws, in order, also those of its forms; None for one within the content itself.

    Raises MissingImage where one is not in the file, as after the loss of a part of it.
    """
    found: list[pikepdf.Stream | None] = []
    forms = 0

    def walk(content: Any, resources: Any, deep: int) -> None:
        nonlocal forms
        for instruction in pikepdf.parse_content_stream(content, DRAWING):
            if isinstance(instruction, pikepdf.ContentStreamInlineImage):
                found.append(None)
                continue
            if str(instruction.operator) != "Do":
                continue
            named = _lookup(resources, str(instruction.operands[0]))
            if str(named.get("/Subtype")) == "/Image":
                found.append(named)
            elif str(named.get("/Subtype")) == "/Form" and deep < FORMS_DEEP:
                forms += 1
                if forms > FORMS_MOST:
                    raise MissingImage("too many forms")
                walk(named, named.get("/Resources", resources), deep + 1)

    if "/Contents" in page.obj:
        walk(page, page.resources, 0)
    return found


def has_images(page: pikepdf.Page) -> bool:
    """Whether the page has images that it may draw."""
    return any(isinstance(one, pikepdf.Stream) for one in page.resources.get("/XObject", {}).values())


def _lookup(resources: Any, name: str) -> Any:
    named = resources.get("/XObject", {}).get(name)
    if not isinstance(named, pikepdf.Stream):
        raise MissingImage(name)
    return named


def kept_picture(image: pikepdf.Stream) -> Picture | None:
    """The image as it lies in the file; None for one that a PDF/A-2 cannot hold so, or not alone.

    What is packed by LZW or not at all is packed anew, without loss. The caller knows that it is not masked, and of a
    stencil that it is painted in black, on nothing.
    """
    stencil = bool(image.get("/ImageMask", False))
    filters, parameters = _filters(image)
    last = filters[-1] if filters else ""
    space = (GRAY, ()) if stencil else _space(image.get("/ColorSpace"))
    if space is None and not (last == "/JPXDecode" and "/ColorSpace" not in image):
        return None
    data = _data(image, filters, parameters)
    if last not in KEPT_FILTERS or (len(filters) > 1 and last not in IMAGE_FILTERS):
        last, parameters, data = "/FlateDecode", [{}], packed(data)
    if last == "/JPXDecode" and not _jpx_conforms(data):
        return None
    colours, streams = space or (b"", ())
    entries = b"/Width %d/Height %d" % (int(image.Width), int(image.Height))
    if last != "/JPXDecode":
        entries += b"/BitsPerComponent %d" % int(
            image.get("/BitsPerComponent", 8 if last == "/DCTDecode" else 1)
        )
    if colours:
        entries += b"/ColorSpace " + colours
    if "/Decode" in image:
        entries += b"/Decode[%b]" % b" ".join(_number(one) for one in image.Decode)
    entries += b"/Filter" + last.encode()
    said, more = _parameters(last, parameters[-1] if parameters else {})
    return Picture(entries + said, data, streams + more)


def is_masked(image: pikepdf.Stream) -> bool:
    """Whether the file says that what is under the image shows through."""
    return any(name in image for name in ("/SMask", "/Mask", "/SMaskInData"))


def unpacked_size(image: pikepdf.Stream) -> int | None:
    """How many bytes the image has when nothing packs it any more; None where its colours are of another kind."""
    if image.get("/ImageMask", False):
        bits = 1
    else:
        space = image.get("/ColorSpace")
        known = _space(space)
        if known is not None:
            colours = 3 if known[0] == RGB or b"/N 3" in b"".join(entries for entries, _ in known[1]) else 1
            bits = int(image.BitsPerComponent) * (1 if known[0].startswith(b"[/Indexed") else colours)
        elif str(space) in ("/DeviceCMYK", "/CMYK"):
            bits = int(image.BitsPerComponent) * 4
        else:
            return None
    return (int(image.Width) * bits + 7) // 8 * int(image.Height)


def _filters(image: pikepdf.Stream) -> tuple[list[str], list[Any]]:
    """A stream's filters by their full names, and the parameters of each, {} for none."""
    names, parameters = image.get("/Filter"), image.get("/DecodeParms")
    listed = list(names) if isinstance(names, pikepdf.Array) else [] if names is None else [names]
    given = list(parameters) if isinstance(parameters, pikepdf.Array) else [parameters]
    given += [None] * (len(listed) - len(given))
    full = [SHORT.get(str(name), str(name)) for name in listed]
    return full, [one if isinstance(one, pikepdf.Dictionary) else {} for one in given[: len(full)]]


def _data(image: pikepdf.Stream, filters: list[str], parameters: list[Any]) -> bytes:
    """The stream as its last filter wants it, if that is an image's, or as it is; else unpacked."""
    if len(filters) == 1 and filters[0] in KEPT_FILTERS:
        return image.read_raw_bytes()
    if not filters or filters[-1] not in IMAGE_FILTERS:
        return image.read_bytes(pikepdf.StreamDecodeLevel.specialized)
    with pikepdf.new() as scratch:
        outer = pikepdf.Stream(scratch, image.read_raw_bytes())
        outer.Filter = pikepdf.Array([pikepdf.Name(name) for name in filters[:-1]])
        outer.DecodeParms = pikepdf.Array([pikepdf.Dictionary(dict(one.items())) for one in parameters[:-1]])
        return outer.read_bytes()


def _parameters(last: str, given: Any) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]]:
    """How the stream is packed, as PDF text, and the stream that it refers to, if any."""
    if last == "/JBIG2Decode":
        shared = given.get("/JBIG2Globals")
        if shared is None:
            return b"", ()
        return b"/DecodeParms<</JBIG2Globals %d 0 R>>", ((b"", shared.read_bytes()),)
    said = [
        b"/%b %b" % (name.encode(), _number(given[f"/{name}"]))
        for name in PARAMETERS.get(last, ())
        if f"/{name}" in given
    ]
    return (b"/DecodeParms<<%b>>" % b"".join(said), ()) if said else (b"", ())


def _number(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return f"{Decimal(value):f}".encode()


def _space(space: Any) -> Space | None:
    """A colour space that is grey or red, green and blue, or a palette of such; None for any other."""
    if isinstance(space, pikepdf.Name):
        device = DEVICES.get(str(space))
        return None if device is None else (device, ())
    if not isinstance(space, pikepdf.Array) or not len(space):
        return None
    kind = str(space[0])
    if len(space) == 1:
        return _space(space[0])
    if kind == "/ICCBased":
        return _of_profile(space[1])
    if kind in ("/Indexed", "/I") and len(space) == 4:
        base = _space(space[1])
        if base is None or base[0].startswith(b"[/Indexed"):
            return None
        lookup = space[3].read_bytes() if isinstance(space[3], pikepdf.Stream) else bytes(space[3])
        highest = min(int(space[2]), 255)
        return b"[/Indexed %b %d <%b>]" % (base[0], highest, lookup[:768].hex().encode()), base[1]
    return None


def _of_profile(profile: Any) -> Space | None:
    """A space by its ICC profile (6.2.4.2); by its number of colours where the profile itself may not stay."""
    count = int(profile.get("/N", 0))
    if count not in (1, 3):
        return None
    icc = profile.read_bytes()
    sound = icc[36:40] == b"acsp" and icc[8:10] <= b"\x04\x20" and icc[12:16] in PROFILE_CLASSES
    if not sound or icc[16:20] != (b"GRAY" if count == 1 else b"RGB ") or len(icc) > PROFILE_MOST:
        return (GRAY if count == 1 else RGB), ()
    return b"[/ICCBased %d 0 R]", ((b"/N %d/Filter/FlateDecode" % count, packed(icc)),)


def _jpx_conforms(data: bytes) -> bool:
    """Whether it is a JPEG 2000 file of grey or sRGB, of one depth, without palette or opacity (6.2.8.3)."""
    boxes = dict(_boxes(data))
    header = list(_boxes(boxes.get(b"jp2h", b"")))
    about = dict(header)
    colours = [body for kind, body in header if kind == b"colr"]
    size = about.get(b"ihdr", b"")
    if len(size) != 14 or len(colours) != 1 or {b"bpcc", b"pclr", b"cdef"} & about.keys():
        return False
    channels, depth = int.from_bytes(size[8:10], "big"), size[10]
    wanted = {1: 17, 3: 16}.get(channels)  # greyscale, sRGB (ISO 15444-1, table I.10)
    return depth <= 37 and colours[0][0] == 1 and int.from_bytes(colours[0][3:7], "big") == wanted


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of a JPEG 2000 file, or within one: type and content (ISO 15444-1, I.4)."""
    at = 0
    while at + 8 <= len(data):
        length, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = at + length if length else len(data)
        if end < start:
            return
        yield data[at + 4 : at + 8], data[start:end]
        at = end
