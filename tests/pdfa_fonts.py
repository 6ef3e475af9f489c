"""Rules of PDF/A-2u for fonts and the text shown in them: embedded, measured, and every code a character.

Reference: ISO 19005-2, 6.2.11; ISO 32000-1, 9.6 and 9.7; the clause stands before every fault.
"""

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import pikepdf

from tests.font_programs import Cff, Program, TrueType, Type1

WIDTH_OFF = 1.0  # thousandths of the font size
BLANK = re.compile(r"[\s\u3000\u00a0\u00ad\u200b]*")
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)endbf", re.DOTALL)
_ITEM = re.compile(rb"<([0-9A-Fa-f]+)>|\[([^\]]*)\]")
_FORBIDDEN = {0, 0xFEFF, 0xFFFE}


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a kind of font embeds: the descriptor's entry, the subtype of that stream, how it is read."""

    entry: str
    subtype: str | None
    read: Any


KINDS = {
    "/CIDFontType2": _Kind("/FontFile2", None, TrueType),
    "/CIDFontType0": _Kind("/FontFile3", "/CIDFontType0C", Cff),
    "/TrueType": _Kind("/FontFile2", None, lambda data: TrueType(data, symbolic=True)),
    "/Type1": _Kind("/FontFile", None, Type1),
}


def font_faults(font: pikepdf.Object, used: Set[bytes], where: str) -> Iterator[str]:
    """What a font breaks, `used` being all that is shown in it: a string of codes each."""
    if font.get("/Subtype") == "/Type0":
        descendants = list(font.get("/DescendantFonts", []))
        if len(descendants) != 1:
            yield f"6.2.11.2 {where}: not one descendant font"
            return
        yield from _composite(font, descendants[0], used, where)
    elif font.get("/Subtype") in ("/TrueType", "/Type1"):
        yield from _simple(font, used, where)
    else:
        yield f"6.2.11.2 {where}: {font.get('/Subtype')} is no kind of font that we write"


def _composite(font: Any, descendant: Any, used: Set[bytes], where: str) -> Iterator[str]:
    if font.get("/Encoding") not in ("/Identity-H", "/Identity-V"):
        yield f"6.2.11.3.3 {where}: the encoding is {font.get('/Encoding')}"
        return
    system = descendant.get("/CIDSystemInfo", {})
    if [str(system.get(key, "")) for key in ("/Registry", "/Ordering")] != ["Adobe", "Identity"]:
        yield f"6.2.11.3.1 {where}: the character collection is not Adobe-Identity"
    if descendant.get("/BaseFont") != font.get("/BaseFont"):
        yield f"6.2.11.2 {where}: two names of one font"
    program: Program | None = yield from _program(descendant, where)
    maps = descendant.get("/CIDToGIDMap")
    is_type2 = descendant.get("/Subtype") == "/CIDFontType2"
    if is_type2 and maps != "/Identity" and not isinstance(maps, pikepdf.Stream):
        yield f"6.2.11.3.2 {where}: no CIDToGIDMap"
        return
    if program is None:
        return
    table = maps.read_bytes() if isinstance(maps, pikepdf.Stream) else None
    widths = _cid_widths(descendant)
    default = float(descendant.get("/DW", 1000))
    texts = yield from _texts(font, where)
    for shown in used:
        if len(shown) % 2:
            yield f"6.2.11.2 {where}: half a code is shown"
    for code in sorted({shown[at : at + 2] for shown in used for at in range(0, len(shown) - 1, 2)}):
        cid = int.from_bytes(code, "big")
        glyph = int.from_bytes(table[2 * cid : 2 * cid + 2], "big") if table is not None else cid
        yield from _code(program, program.glyph(glyph), widths.get(cid, default), texts, code, where)


def _simple(font: Any, used: Set[bytes], where: str) -> Iterator[str]:
    program: Program | None = yield from _program(font, where)
    if program is None:
        return
    flags = int(font.FontDescriptor.get("/Flags", 0))
    if not flags & 4 or flags & 32:
        yield f"6.2.11.6 {where}: not marked as symbolic"
    if "/Encoding" in font:
        yield f"6.2.11.6 {where}: a symbolic font with an encoding"
    first, widths = int(font.get("/FirstChar", 0)), [float(width) for width in font.get("/Widths", [])]
    texts = yield from _texts(font, where)
    for value in sorted({value for shown in used for value in shown}):
        width = widths[value - first] if 0 <= value - first < len(widths) else -1.0
        yield from _code(program, program.glyph(value), width, texts, bytes([value]), where)


def _program(font: Any, where: str) -> Any:
    """Yields faults; returns the embedded program, None where there is none to read."""
    kind = KINDS.get(str(font.get("/Subtype")))
    descriptor = font.get("/FontDescriptor")
    if kind is None or descriptor is None:
        yield f"6.2.11.4.1 {where}: no font descriptor, or {font.get('/Subtype')} is unknown"
        return None
    if descriptor.get("/FontName") != font.get("/BaseFont"):
        yield f"6.2.11.2 {where}: two names of one font"
    held = [key for key in ("/FontFile", "/FontFile2", "/FontFile3") if key in descriptor]
    if held != [kind.entry]:
        yield f"6.2.11.4.1 {where}: embeds {held}, not {kind.entry}"
        return None
    stream = descriptor[kind.entry]
    if kind.subtype is not None and stream.get("/Subtype") != kind.subtype:
        yield f"6.2.11.4.1 {where}: the program's subtype is {stream.get('/Subtype')}"
        return None
    data = stream.read_bytes()
    lengths = [int(stream[key]) for key in ("/Length1", "/Length2", "/Length3") if key in stream]
    if kind.subtype is None and sum(lengths) != len(data):
        yield f"6.2.11.4.1 {where}: the program's lengths are wrong"
    try:
        return kind.read(data)
    except (IndexError, KeyError, ValueError, AttributeError) as error:
        yield f"6.2.11.4.1 {where}: the program cannot be read ({error!r})"
        return None


def _code(
    program: Program, glyph: int | None, width: float, texts: dict[bytes, str], code: bytes, where: str
) -> Iterator[str]:
    text, named = texts.get(code, ""), f"{where}, code {code.hex()}"
    forbidden = sorted(_FORBIDDEN & set(map(ord, text)))
    if not text or forbidden:
        yield f"6.2.11.7.2 {named}: no character{''.join(f', U+{one:04X}' for one in forbidden)}"
    if glyph is None:
        yield f"6.2.11.4.1 {named}: the program has no such glyph"
    elif glyph == 0:
        yield f"6.2.11.8 {named}: .notdef is shown"
    else:
        if not forbidden and not BLANK.fullmatch(text) and program.empty(glyph):
            yield f"6.2.11.4.1 {named}: the glyph of {text} is empty"
        if abs(program.width(glyph) - width) > WIDTH_OFF:
            yield f"6.2.11.5 {named}: is {width:g} wide, in the program {program.width(glyph):g}"


def _cid_widths(descendant: Any) -> dict[int, float]:
    """The array /W (ISO 32000-1, 9.7.4.3)."""
    found: dict[int, float] = {}
    items = list(descendant.get("/W", []))
    while items:
        first = int(items.pop(0))
        second = items.pop(0)
        if isinstance(second, pikepdf.Array):
            found |= {first + place: float(width) for place, width in enumerate(second)}
        else:
            found |= dict.fromkeys(range(first, int(second) + 1), float(items.pop(0)))
    return found


def _texts(font: Any, where: str) -> Any:
    """Yields faults; returns what ToUnicode says of each code."""
    stream = font.get("/ToUnicode")
    if not isinstance(stream, pikepdf.Stream):
        yield f"6.2.11.7.2 {where}: no ToUnicode"
        return {}
    try:
        return dict(_mapped(stream.read_bytes()))
    except ValueError:
        yield f"6.2.11.7.2 {where}: a ToUnicode that is no UTF-16"
        return {}


def _mapped(cmap: bytes) -> Iterator[tuple[bytes, str]]:
    for kind, body in _BLOCK.findall(cmap):
        items = [bytes.fromhex(one.decode()) if one else many for one, many in _ITEM.findall(body)]
        if kind == b"bfchar":
            for code, text in zip(items[::2], items[1::2], strict=True):
                yield code, text.decode("utf-16-be")
            continue
        for low, high, text in zip(items[::3], items[1::3], items[2::3], strict=True):
            listed = [bytes.fromhex(one.decode()) for one in re.findall(rb"<([0-9A-Fa-f]+)>", text)]
            for step in range(int.from_bytes(high, "big") - int.from_bytes(low, "big") + 1):
                code = (int.from_bytes(low, "big") + step).to_bytes(len(low), "big")
                value = listed[step] if listed else text[:-1] + bytes([text[-1] + step])
                yield code, value.decode("utf-16-be")
