"""Backgrounds of layouts: what is printed on every contract of a variant, with values put in between.

A background is a PDF with a page a sheet. Its content is in pieces, each complete in itself, and the page says
which fields are printed after which piece: a contract's page draws piece, values, piece, so that its text reads
in the order of the document. Text is written with glyphs of installed faces under their ids, so that a batch
embeds each face once, whatever the number of layouts.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import deflate
import msgspec
import numpy as np
import pikepdf
import pypdfium2 as pdfium

from pipeline import fonts, installed_fonts
from pipeline.fonts import Face
from pipeline.layout import TITLE
from pipeline.pdf import LEVEL, Form, PdfWriter
from pipeline.shipped import shipped_face

_SHOWS = frozenset(("Tj", "TJ", "'", '"'))
_STATE = frozenset("w J j M d ri i gs cm rg RG g G k K cs CS sc scn SC SCN Tc Tw Tz TL Tf Tr Ts".split())
_PATH = frozenset("m l c v y h re".split())
_CLIP = frozenset(("W", "W*"))
_OTHER_FILL = frozenset(("g", "k", "sc", "scn", "cs"))
_PAINT = frozenset("S s f F f* B B* b b* n".split())
_BLOCK = re.compile(rb"begin(bfchar|bfrange)(.*?)endbf", re.DOTALL)
_HEX = re.compile(rb"<([0-9A-Fa-f]*)>")
ADVANCE = 2.0  # thousandths of the font size that two fonts' advances may differ by and be one font's
LOOK = 100  # dpi at which two renderings are compared
DIFFERENT = 0.02  # of the ink of a page: two renderings that differ by more are not the same

Instruction = tuple[Sequence[Any], Any]
# The marker that text in a fill colour belongs to (0–1 each), None for any other colour.
MarkerOf = Callable[[float, float, float], int | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sheet's background, and the sheet's fields (by their place among them) that follow it."""

    form: Form
    fields: tuple[int, ...]


@dataclass(slots=True)
class _Cut:
    """A piece in the making: its instructions, and the markers found right after it."""

    instructions: list[Instruction] = field(default_factory=list)
    markers: list[int] = field(default_factory=list)


def make_background(
    pdf: bytes,
    marker_of: MarkerOf,
    fields: Sequence[Mapping[int, int]],
    undrawn: Set[int],
    frames: Sequence[bytes],
) -> bytes:
    """The background of a rendered layout, its markers taken out.

    `fields` gives, for each page, the place of each marker's field among the sheet's; the markers of `undrawn`
    stay as text that is not drawn; `frames` is drawn on top of each page. Where the fonts of the rendering are
    not those of this machine, they are kept as they are.
    """
    with pikepdf.open(io.BytesIO(pdf)) as source:
        _drop_idle_fonts(source)
        pages = [
            _cut(page, marker_of, places, undrawn) for page, places in zip(source.pages, fields, strict=True)
        ]
        kept = _written(source, pages, fields, frames, {})
        known = {name: glyphs for name, glyphs in _own_fonts(source).items() if glyphs is not None}
        if not known:
            return kept
        try:
            shared = _written(source, pages, fields, frames, known)
        except KeyError:  # a code that its font does not explain
            return kept
    return shared if _same(kept, shared) else kept


@lru_cache(maxsize=256)
def read_background(background: bytes) -> tuple[tuple[Piece, ...], ...]:
    """The pieces of every sheet."""
    source = pikepdf.open(io.BytesIO(background))
    return tuple(_read_page(source, page) for page in source.pages)


def pieces_as_pages(background: bytes, sheet: int) -> bytes:
    """A PDF with a page for each piece of a sheet (from 0): to read the text of each."""
    out = io.BytesIO()
    writer = PdfWriter(out, TITLE)
    for piece in read_background(background)[sheet]:
        writer.page(b"/P Do\n", {"P": writer.form(piece.form)})
    writer.close()
    return out.getvalue()


def _read_page(source: pikepdf.Pdf, page: pikepdf.Page) -> tuple[Piece, ...]:
    own = dict(page.obj.Resources.items())
    if "/HuyueFields" not in page.obj:  # made by an older version, in one piece
        page.contents_coalesce()
        content = bytes(deflate.zlib_compress(page.obj.Contents.read_bytes(), LEVEL))
        return (Piece(Form(content, {}, own, source), ()),)
    faces: dict[Face, Mapping[int, str]] = {}
    for name, font in dict(own.get("/Font", pikepdf.Dictionary()).items()).items():
        characters = _characters(font) if "." in name else {}
        face = fonts.by_id(name[1:]) or shipped_face(name[1:], characters) if characters else None
        if face is not None:
            faces[face] = characters
    names = {name for name in own["/Font"] if "." in name} if "/Font" in own else set()
    if names and len(faces) == len(names):
        del own["/Font"]
    order = msgspec.json.decode(str(page.obj.HuyueFields), type=list[tuple[int, ...]])
    return tuple(
        Piece(Form(stream.read_raw_bytes(), faces, own, source), places)
        for stream, places in zip(page.obj.Contents, order, strict=True)
    )


class _State:
    """The graphics state of a content stream so far, as the instructions that bring it about, level by level."""

    def __init__(self) -> None:
        self.levels: list[list[Instruction]] = [[]]
        self._fills: list[int | None] = [None]
        self._path: list[Instruction] = []

    @property
    def fill(self) -> int | None:
        """The marker whose colour text is written in."""
        return self._fills[-1]

    @fill.setter
    def fill(self, marker: int | None) -> None:
        self._fills[-1] = marker

    def follow(self, name: str, instruction: Instruction) -> None:
        """Take an instruction's part in the state."""
        if name == "q":
            self.levels.append([])
            self._fills.append(self.fill)
        elif name == "Q" and len(self.levels) > 1:
            self.levels.pop()
            self._fills.pop()
        elif name in _STATE:
            self.levels[-1].append(instruction)
        elif name in _PATH or name in _CLIP:
            self._path.append(instruction)
        elif name in _PAINT:
            if any(str(operator) in _CLIP for _, operator in self._path):
                self.levels[-1] += [*self._path, ([], pikepdf.Operator("n"))]
            self._path = []

    def again(self) -> list[Instruction]:
        """What brings the state about from the beginning."""
        found = [*self.levels[0]]
        for level in self.levels[1:]:
            found += [([], pikepdf.Operator("q")), *level]
        return found


def _cut(page: pikepdf.Page, marker_of: MarkerOf, places: Mapping[int, int], undrawn: Set[int]) -> list[_Cut]:
    """The page's content without text in marker colours, cut where a field's marker stood."""
    cuts, state = [_Cut()], _State()
    text: list[Instruction] | None = None  # a text object, held until it is known whether it writes anything
    found: list[int] = []
    written, stood = False, 0
    for instruction in pikepdf.parse_content_stream(page):
        operands: list[Any] = list(instruction.operands)
        operator = instruction.operator
        name = str(operator)
        if name in ("rg", "RG"):
            marker = marker_of(*(float(value) for value in operands))
            if name == "rg":
                state.fill = marker
            if marker is not None:
                operands = [0, 0, 0]
        elif name in _OTHER_FILL:
            state.fill = None
        state.follow(name, (operands, operator))
        if name == "BT":
            text, found, written, stood = [], [], False, len(state.levels[-1])
        shown: list[Instruction] = [(operands, operator)]
        if name in _SHOWS and state.fill in undrawn:
            shown = [_mode(3), *shown, _mode(0)]
        elif name in _SHOWS and state.fill is not None:
            found.append(state.fill)
            continue
        written = written or name in _SHOWS
        (cuts[-1].instructions if text is None else text).extend(shown)
        if name == "ET" and text is not None:
            if written or not found:
                cuts[-1].instructions += text
            else:  # what it set goes with it
                del state.levels[-1][stood:]
            text = None
            for marker in dict.fromkeys(found):
                if marker in places:
                    _cut_here(cuts, state, marker)
    return cuts


def _drop_idle_fonts(source: pikepdf.Pdf) -> None:
    """Take fonts from form objects that write nothing: LibreOffice names all of a page's in each."""
    for value in source.objects:
        form = isinstance(value, pikepdf.Stream) and value.get("/Subtype") == "/Form"
        if form and "/Resources" in value and b"Tf" not in value.read_bytes():
            kept = {key: item for key, item in value.Resources.items() if key != "/Font"}
            value.Resources = pikepdf.Dictionary(kept)


def _mode(mode: int) -> Instruction:
    """Text from here on is drawn (0), or only there to be read (3)."""
    return [mode], pikepdf.Operator("Tr")


def _cut_here(cuts: list[_Cut], state: _State, marker: int) -> None:
    """End the piece where a marker stood; what is between two markers without text begins no new one."""
    if any(marker in cut.markers for cut in cuts):
        return
    started = any(str(operator) in _SHOWS for _, operator in cuts[-1].instructions)
    if len(cuts) > 1 and not started:
        cuts[-2].markers.append(marker)
        return
    cuts[-1].instructions += [([], pikepdf.Operator("Q"))] * (len(state.levels) - 1)
    cuts[-1].markers.append(marker)
    cuts.append(_Cut(state.again()))


def _written(
    source: pikepdf.Pdf,
    pages: Sequence[Sequence[_Cut]],
    fields: Sequence[Mapping[int, int]],
    frames: Sequence[bytes],
    known: Mapping[str, "_Font"],
) -> bytes:
    """The background as a PDF; text in `known` fonts is written with their faces."""
    out = io.BytesIO()
    writer = PdfWriter(out, TITLE)
    for page, cuts, places, frame in zip(source.pages, pages, fields, frames, strict=True):
        own = {key: value for key, value in page.obj.Resources.items() if key != "/ProcSet"}
        theirs = dict(own.get("/Font", pikepdf.Dictionary()).items())
        names = {name: known[key] for name, font in theirs.items() if (key := str(font.objgen)) in known}
        if len(names) == len(theirs):
            own.pop("/Font", None)
        else:
            names = {}
        pieces = [_content(writer, cut.instructions, names) for cut in cuts]
        pieces[-1] += frame
        order = msgspec.json.encode([[places[marker] for marker in cut.markers] for cut in cuts]).decode()
        writer.background_page(pieces, own, source, order)
    writer.close()
    return out.getvalue()


def _content(writer: PdfWriter, instructions: Sequence[Instruction], names: Mapping[str, "_Font"]) -> bytes:
    """A content stream; its text in fonts of `names` rewritten for their faces."""
    kept: list[Instruction] = []
    current: _Font | None = None
    held: list[_Font | None] = []
    for operands, operator in instructions:
        name = str(operator)
        if name == "q":
            held.append(current)
        elif name == "Q":
            current = held.pop() if held else None
        elif name == "Tf":
            current = names.get(str(operands[0]))
            if current is not None:
                resource = writer.use(current.face, {}).decode("ascii")
                operands = [pikepdf.Name(resource), operands[1]]
        elif name in _SHOWS and current is not None:
            operands = [_rewritten(writer, current, operand) for operand in operands]
        kept.append((operands, operator))
    return pikepdf.unparse_content_stream(kept)


def _rewritten(writer: PdfWriter, font: "_Font", shown: Any) -> Any:
    """A string to show, or an array of strings and shifts, in the face's glyphs."""
    if isinstance(shown, pikepdf.Array):
        return pikepdf.Array([_rewritten(writer, font, part) for part in shown])
    if not isinstance(shown, pikepdf.String):
        return shown
    raw = bytes(shown)
    codes = [raw[at : at + font.size] for at in range(0, len(raw), font.size)]
    glyphs = [font.glyphs[code] for code in codes]
    writer.use(font.face, dict(glyphs))
    return pikepdf.String(b"".join(glyph.to_bytes(2, "big") for glyph, _ in glyphs))


@dataclass(frozen=True, slots=True)
class _Font:
    """A font of a rendering: the face it is of, and the glyph and character of each of its codes."""

    face: Face
    size: int  # bytes a code
    glyphs: Mapping[bytes, tuple[int, str]]


def _own_fonts(source: pikepdf.Pdf) -> dict[str, "_Font | None"]:
    """The fonts of a PDF by object number, each with its face where one is installed that has its glyphs."""
    found: dict[str, _Font | None] = {}
    for page in source.pages:
        for font in dict(page.obj.Resources.get("/Font", pikepdf.Dictionary()).items()).values():
            key = str(font.objgen)
            if key not in found:
                found[key] = _known_font(font)
    return found


def _known_font(font: pikepdf.Object) -> "_Font | None":
    if font.get("/Subtype") not in ("/Type1", "/TrueType") or "/ToUnicode" not in font:
        return None
    first, widths = int(font.get("/FirstChar", 0)), [float(width) for width in font.get("/Widths", [])]
    texts = _to_characters(font.ToUnicode.read_bytes())
    name = str(font.BaseFont).rpartition("+")[2].removeprefix("/")
    for one in installed_fonts.embedded_as(name):
        face = fonts.installed(one.path, one.index)
        glyphs: dict[bytes, tuple[int, str]] = {}
        for code, text in texts.items():
            glyph = face.glyph(text) if len(text) == 1 else 0
            place = code[0] - first
            if (
                not glyph
                or not 0 <= place < len(widths)
                or abs(face.advance(glyph) - widths[place]) > ADVANCE
            ):
                break
            glyphs[code] = (glyph, text)
        else:
            return _Font(face, 1, glyphs)
    return None


def _characters(font: pikepdf.Object) -> dict[int, str]:
    """The characters of a composite font's glyphs, by its own ToUnicode."""
    return {
        int.from_bytes(code, "big"): text
        for code, text in _to_characters(font.ToUnicode.read_bytes()).items()
    }


def _to_characters(cmap: bytes) -> dict[bytes, str]:
    """What a ToUnicode CMap says each code stands for."""
    found: dict[bytes, str] = {}
    for kind, body in _BLOCK.findall(cmap):
        words = [bytes.fromhex(word.decode("ascii")) for word in _HEX.findall(body)]
        if kind == b"bfchar":
            found |= {code: _text(text) for code, text in zip(words[::2], words[1::2], strict=True)}
            continue
        for first, last, text in zip(words[::3], words[1::3], words[2::3], strict=True):
            for step in range(int.from_bytes(last, "big") - int.from_bytes(first, "big") + 1):
                code = (int.from_bytes(first, "big") + step).to_bytes(len(first), "big")
                found[code] = _text((int.from_bytes(text, "big") + step).to_bytes(len(text), "big"))
    return found


def _text(utf16: bytes) -> str:
    return utf16.decode("utf-16-be", "replace")


def _same(one: bytes, other: bytes) -> bool:
    """Whether two PDFs look the same."""
    with pdfium.PdfDocument(one) as first, pdfium.PdfDocument(other) as second:
        return all(
            _difference(_grey(mine), _grey(theirs)) < DIFFERENT
            for mine, theirs in zip(first, second, strict=True)
        )


def _grey(page: pdfium.PdfPage) -> "np.ndarray[Any, np.dtype[np.int16]]":
    return np.asarray(page.render(scale=LOOK / 72, grayscale=True).to_numpy(), np.int16)


def _difference(one: "np.ndarray[Any, Any]", other: "np.ndarray[Any, Any]") -> float:
    """How much two pictures of a page differ, as a share of the first one's ink."""
    return float(np.abs(one - other).sum() / max(1, (255 - one).sum()))
