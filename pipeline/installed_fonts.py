"""The fonts that are installed on this machine: their files, families and PostScript names."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import uharfbuzz as hb

_ENDINGS = (".ttf", ".otf", ".ttc", ".otc")
_FAMILY = (hb.OTNameIdPredefined.FONT_FAMILY, hb.OTNameIdPredefined.TYPOGRAPHIC_FAMILY)
# Of a collection, the face for mainland forms comes before those for other places.
_PLACES = ("SC", "CN", "")


@dataclass(frozen=True, slots=True)
class InstalledFace:
    """One face of a font file; `families` are its family's names in every language it has them in.

    `program_names` are what a PDF that embeds the face may call it: its PostScript name, and its CFF table's.
    """

    path: Path
    index: int
    families: frozenset[str]
    program_names: tuple[str, ...]

    def face(self) -> hb.Face:
        """The face itself."""
        return hb.Face(hb.Blob.from_file_path(str(self.path)), self.index)


@cache
def font_files() -> tuple[Path, ...]:
    """Every font file, the user's own before the system's."""
    return tuple(
        Path(folder, name)
        for root in _folders()
        for folder, _below, names in sorted(os.walk(root))
        for name in sorted(names)
        if name.lower().endswith(_ENDINGS)
    )


@cache
def installed_faces() -> tuple[InstalledFace, ...]:
    """Every face of every font file; a file that is no font is passed over."""
    return tuple(face for path in font_files() for face in _faces_of(path))


@cache
def families() -> frozenset[str]:
    """The names of all installed families, in every language."""
    return frozenset(name for face in installed_faces() for name in face.families)


def embedded_as(name: str) -> list[InstalledFace]:
    """The faces that a PDF may embed under a font name (without its subset's tag), likely ones first.

    LibreOffice names a CFF font by a part of it, whose name begins with the font's.
    """
    found = [
        face
        for face in installed_faces()
        if any(name == one or name.startswith(f"{one}-") for one in face.program_names)
    ]
    return sorted(found, key=lambda face: _place_of(face.families))


@cache
def has_character(character: str) -> bool:
    """Whether any installed face has the character."""
    code = ord(character)
    return any(hb.Font(one.face()).get_nominal_glyph(code) for one in installed_faces())


def _place_of(names: frozenset[str]) -> int:
    last = {name.rpartition(" ")[2] for name in names}
    return next((order for order, place in enumerate(_PLACES) if place in last), len(_PLACES))


def _faces_of(path: Path) -> Iterator[InstalledFace]:
    try:
        blob = hb.Blob.from_file_path(str(path))
        count = hb.Face(blob, 0).count
    except (OSError, hb.HarfBuzzError):
        return
    for index in range(count):
        face = hb.Face(blob, index)
        names = frozenset(
            name
            for entry in face.list_names()
            if entry.name_id in _FAMILY and (name := face.get_name(entry.name_id, entry.language))
        )
        postscript = face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or path.stem
        yield InstalledFace(path, index, names, tuple(dict.fromkeys((postscript, _cff_name(face)))))


def _cff_name(face: hb.Face) -> str:
    """What a face's CFF table calls its font; where there is none, a name no font has."""
    table = face.reference_table("CFF ").data[:600] if "CFF " in face.table_tags else b""
    if len(table) < 5:
        return "?"
    return cff_index(table, table[2])[0].decode("latin-1")


def cff_index(cff: bytes, position: int) -> tuple[bytes, int]:
    """The first item of an INDEX of a CFF table, and where the INDEX ends (Adobe Technical Note 5176, 5)."""
    count, size = int.from_bytes(cff[position : position + 2], "big"), cff[position + 2]
    offsets = position + 3
    base = offsets + (count + 1) * size - 1

    def end_of(item: int) -> int:
        return base + int.from_bytes(cff[offsets + item * size : offsets + (item + 1) * size], "big")

    return bytes(cff[end_of(0) : end_of(1)]), end_of(count)


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
