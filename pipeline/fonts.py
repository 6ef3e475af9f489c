"""Fonts that are printed with: found by file name, measured, subset for embedding.

A style (song, kai, hei) is a list of faces in order of preference: the office's own where installed, then
free ones, then fonts that hold rare characters; each character is printed by the first face that has it.
A face is known by its id, whatever machine it is on, so that what one layout embeds another need not.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import uharfbuzz as hb

from pipeline.errors import FontMissing
from pipeline.installed_fonts import cff_index, font_files, installed_faces

_RARE = ("HanaMinA.ttf", "HanaMinB.ttf", "BabelStoneHan.ttf", "simsunb.ttf", "SimsunExtG.ttf")
_SONG = ("simsun.ttc", "NotoSerifCJK-Regular.ttc")
STYLES = {
    "song": (*_SONG, *_RARE),
    "kai": ("simkai.ttf", "LXGWWenKai-Regular.ttf", "LXGWWenKai-Regular.ttc", *_SONG, *_RARE),
    "hei": ("simhei.ttf", "NotoSansCJK-Regular.ttc", *_SONG, *_RARE),
}
# Tables that a font in a PDF does not need.
_TABLES = (
    b"BASE",
    b"GDEF",
    b"GPOS",
    b"GSUB",
    b"OS/2",
    b"VORG",
    b"cmap",
    b"gasp",
    b"name",
    b"post",
    b"vhea",
    b"vmtx",
)
_NOT_IN_A_PDF = [int.from_bytes(tag, "big") for tag in _TABLES]
# In a collection, the face for mainland forms.
_FACE_NAMES = ("Noto Serif CJK SC", "Noto Sans CJK SC", "SimSun", "LXGW WenKai")


class Face:
    """One face of a font; advances are in thousandths of the font size. `source`: its file, and its place in it."""

    def __init__(
        self, hb_face: Any, name: str, face_id: str = "", source: tuple[Path, int] | None = None
    ) -> None:
        self._face, self._font = hb_face, hb.Font(hb_face)
        self.source = source
        self.postscript_name = str(hb_face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or name)
        head = hashlib.sha256(hb_face.reference_table("head").data).hexdigest()[:8]
        self.id = face_id or f"{_plain(self.postscript_name)}.{head}"
        self.is_cff = "CFF " in hb_face.table_tags
        self._by_cid = self.is_cff and _is_cid_keyed(hb_face.reference_table("CFF ").data[:2000])

    def glyph(self, character: str) -> int:
        """The glyph's number, 0 where the face lacks the character."""
        return self._font.get_nominal_glyph(ord(character)) or 0

    def advance(self, glyph: int) -> float:
        return float(self._font.get_glyph_h_advance(glyph) * 1000 / self._face.upem)

    def program(self, glyphs: Iterable[int]) -> bytes:
        """A font program with only these glyphs, as a PDF embeds it: the CFF table, or a TrueType file.

        A code of the PDF is the glyph's number here. In a CID-keyed CFF that is its CID, which a subset keeps;
        elsewhere glyphs keep their places.
        """
        subset = self._subset(glyphs, keep_numbers=not self._by_cid)
        return bytes(subset.reference_table("CFF ").data if self.is_cff else subset.blob.data)

    def font_file(self, glyphs: Iterable[int]) -> bytes:
        """A font file with only these glyphs, under their numbers: a face to print with where it is not installed."""
        return bytes(self._subset(glyphs, keep_numbers=True).blob.data)

    def _subset(self, glyphs: Iterable[int], *, keep_numbers: bool) -> Any:
        wanted = hb.SubsetInput()
        wanted.flags = hb.SubsetFlags.NOTDEF_OUTLINE | hb.SubsetFlags.NO_HINTING
        if keep_numbers:
            wanted.flags |= hb.SubsetFlags.RETAIN_GIDS
        wanted.glyph_set.update([0, *glyphs])
        wanted.layout_feature_tag_set.clear()
        wanted.drop_table_tag_set.update(_NOT_IN_A_PDF)
        return hb.subset(self._face, wanted)


def _is_cid_keyed(cff: bytes) -> bool:
    """Whether a CFF table is CID-keyed with CIDs that are its glyphs' numbers, as Adobe-Identity-0 has them.

    Its top DICT then begins with the operator ROS (Adobe Technical Note 5176, 9).
    """
    _, after_names = cff_index(cff, cff[2])
    top, _ = cff_index(cff, after_names)
    return b"\x0c\x1e" in top[:12]


def _plain(name: str) -> str:
    """A font's name as it stands in an id: what a PDF can call it without escapes."""
    return re.sub("[^A-Za-z0-9-]", "", name)


@dataclass(slots=True)
class Style:
    """A style's faces, and what has been looked up in them."""

    faces: tuple[Face, ...]
    found: dict[str, tuple[Face, int, float] | None] = field(default_factory=dict)

    def find(self, character: str) -> tuple[Face, int, float] | None:
        """The first face that has a character, its glyph and its advance in ems; None where no face has it."""
        try:
            return self.found[character]
        except KeyError:
            self.found[character] = found = self._search(character)
            return found

    def _search(self, character: str) -> tuple[Face, int, float] | None:
        for face in self.faces:
            glyph = face.glyph(character)
            if glyph:
                return face, glyph, face.advance(glyph) / 1000
        return None


@cache
def style(name: str) -> Style:
    """A style with those of its faces that are installed. Raises FontMissing where not even its first kinds are."""
    installed = _wanted_files()
    found = tuple(_open(installed[file.lower()], None) for file in STYLES[name] if file.lower() in installed)
    if not any(face.glyph("国") for face in found):
        raise FontMissing(detail="、".join(STYLES[name][:2]))
    return Style(found)


def missing(name: str, text: str) -> str:
    """The characters of `text` that no face of the style has."""
    known = style(name)
    return "".join(character for character in text if known.find(character) is None)


@cache
def by_id(face_id: str) -> Face | None:
    """The installed face of that id, None where it is not installed."""
    name = face_id.rpartition(".")[0]
    for one in installed_faces():
        if name in map(_plain, one.program_names):
            face = _open(one.path, one.index)
            if face.id == face_id:
                return face
    return None


def installed(path: Path, index: int) -> Face:
    """The face at a place in an installed file."""
    return _open(path, index)


def from_file(data: bytes, postscript_name: str, face_id: str) -> Face:
    """The face of a `font_file`."""
    return Face(hb.Face(hb.Blob(data), 0), postscript_name, face_id)


@cache
def _open(path: Path, index: int | None) -> Face:
    blob = hb.Blob.from_file_path(str(path))
    if index is None:
        names = (
            hb.Face(blob, number).get_name(hb.OTNameIdPredefined.FULL_NAME)
            for number in range(hb.Face(blob, 0).count)
        )
        index = next((number for number, name in enumerate(names) if name in _FACE_NAMES), 0)
    return Face(hb.Face(blob, index), path.stem, source=(path, index))


@cache
def _wanted_files() -> dict[str, Path]:
    """The files of the styles by lower-case name, the user's own before the system's."""
    wanted = {name.lower() for names in STYLES.values() for name in names}
    found: dict[str, Path] = {}
    for path in font_files():
        if path.name.lower() in wanted:
            found.setdefault(path.name.lower(), path)
    return found
