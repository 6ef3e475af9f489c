"""Fonts that values are printed with: found by file name, measured, subset for embedding.

A style (song, kai, hei) is a list of faces in order of preference: the office's own where installed, then
free ones, then fonts that hold rare characters; each character is printed by the first face that has it.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import uharfbuzz as hb

from archive.errors import FontMissing

_RARE = ("HanaMinA.ttf", "HanaMinB.ttf", "BabelStoneHan.ttf", "simsunb.ttf", "SimsunExtG.ttf")
_SONG = ("simsun.ttc", "NotoSerifCJK-Regular.ttc")
STYLES = {
    "song": (*_SONG, *_RARE),
    "kai": ("simkai.ttf", "LXGWWenKai-Regular.ttf", "LXGWWenKai-Regular.ttc", *_SONG, *_RARE),
    "hei": ("simhei.ttf", "NotoSansCJK-Regular.ttc", *_SONG, *_RARE),
}
# In a collection, the face for mainland forms.
_FACE_NAMES = ("Noto Serif CJK SC", "Noto Sans CJK SC", "SimSun", "LXGW WenKai")


@dataclass(slots=True)
class Face:
    """One font file's face; advances in thousandths of the font size."""

    path: Path
    index: int
    hb_face: Any
    hb_font: Any
    cmap: dict[int, int] = field(default_factory=dict)

    def glyph(self, character: str) -> int:
        """The glyph's number, 0 where the face lacks the character."""
        code = ord(character)
        found = self.cmap.get(code)
        if found is None:
            found = self.cmap[code] = self.hb_font.get_nominal_glyph(code) or 0
        return found

    def advance(self, glyph: int) -> float:
        return float(self.hb_font.get_glyph_h_advance(glyph) * 1000 / self.hb_face.upem)

    @property
    def key(self) -> tuple[str, int]:
        """What names the face in this process."""
        return str(self.path), self.index

    @property
    def postscript_name(self) -> str:
        return str(self.hb_face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or self.path.stem)

    @property
    def is_cff(self) -> bool:
        return "CFF " in self.hb_face.table_tags

    def subset(self, glyphs: Iterable[int]) -> Any:
        """A face with only these glyphs, under their old numbers."""
        wanted = hb.SubsetInput()
        wanted.flags = hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NOTDEF_OUTLINE | hb.SubsetFlags.NO_HINTING
        wanted.glyph_set.update([0, *glyphs])
        wanted.layout_feature_tag_set.clear()
        return hb.subset(self.hb_face, wanted)


@cache
def faces(style: str) -> tuple[Face, ...]:
    """The faces of a style that are installed. Raises FontMissing where not even its first kinds are."""
    installed = _installed()
    found = tuple(_open(installed[name.lower()]) for name in STYLES[style] if name.lower() in installed)
    if not any(face.glyph("国") for face in found):
        raise FontMissing(detail="、".join(STYLES[style][:2]))
    return found


def missing(style: str, text: str) -> str:
    """The characters of `text` that no face of the style has."""
    return "".join(character for character in text if find(style, character) is None)


@lru_cache(maxsize=200_000)
def find(style: str, character: str) -> tuple[Face, int] | None:
    """The first face of a style that has a character, and its glyph there; None where no face has it."""
    for face in faces(style):
        glyph = face.glyph(character)
        if glyph:
            return face, glyph
    return None


@cache
def _open(path: Path) -> Face:
    blob = hb.Blob.from_file_path(str(path))
    index = 0
    if path.suffix.lower() == ".ttc":
        for candidate in range(16):
            face = hb.Face(blob, candidate)
            if face.get_name(hb.OTNameIdPredefined.FULL_NAME) in _FACE_NAMES:
                index = candidate
                break
    face = hb.Face(blob, index)
    return Face(path, index, face, hb.Font(face))


@cache
def _installed() -> dict[str, Path]:
    """Font files by lower-case name, the user's own before the system's."""
    wanted = {name.lower() for names in STYLES.values() for name in names}
    found: dict[str, Path] = {}
    for root in _folders():
        for folder, _folders_below, names in os.walk(root):
            for name in sorted(names):
                if name.lower() in wanted:
                    found.setdefault(name.lower(), Path(folder, name))
    return found


def _folders() -> tuple[Path, ...]:
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", "")) / "Microsoft/Windows/Fonts"
        return local, Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
    home = Path.home()
    return (
        home / ".local/share/fonts",
        home / ".fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
    )
