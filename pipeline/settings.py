"""huyue.toml: what an office says about itself."""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from archive.archival_numbers import Codes
from archive.errors import ArchiveCodeBad, FondsMissing
from pipeline.errors import BadSettings
from pipeline.toml_text import decode

CODE = re.compile(r"[0-9A-Za-z]{1,10}")  # a part of an archival number


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The office's own: `station` is the service station's name, "" for the town's; `warning_words` are words
    that `template check` warns of beside its own.
    """

    station: str = ""
    warning_words: tuple[str, ...] = ()


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit that contracts of scope unit are made with.

    `village` is where it lies (a code or a written form); `head` is who signs for it.
    """

    name: Annotated[str, Meta(min_length=1)]
    village: Annotated[str, Meta(min_length=1)]
    head: str = ""


class RosterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the office's rosters are read: `columns` gives a column's label or letter its field's name."""

    columns: dict[str, str] = msgspec.field(default_factory=dict)


class ArchiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What archival numbers are made of: the fonds, the category, and units' codes by a division's code."""

    fonds: str = ""
    category: str = "WS"
    units: dict[str, str] = msgspec.field(default_factory=dict)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    office: Office = Office()
    roster: RosterSettings = RosterSettings()
    archive: ArchiveSettings = ArchiveSettings()
    units: tuple[Unit, ...] = ()


def read_settings(path: Path) -> Settings:
    """The settings of an archive; defaults where the file is not there. Raises BadSettings."""
    if not path.is_file():
        return Settings()
    return decode(path.read_bytes(), path, Settings, BadSettings)


def archive_codes(path: Path, divisions: Collection[str]) -> Codes:
    """What archival numbers are made of, by the settings; `divisions` are the codes that there are.

    Raises BadSettings, FondsMissing, ArchiveCodeBad.
    """
    said = read_settings(path).archive
    if not said.fonds:
        raise FondsMissing(file=path)
    written = {"fonds": said.fonds, "category": said.category}
    written |= {f"units 里的 {division}": unit for division, unit in said.units.items()}
    for key, value in written.items():
        if not CODE.fullmatch(value):
            raise ArchiveCodeBad(file=path, key=key, value=value, detail="要 1 到 10 个字母或数字。")
    for division in said.units:
        if division not in divisions:
            raise ArchiveCodeBad(file=path, key="units", value=division, detail="没有这个区划代码。")
    return Codes(path, said.fonds, said.category, said.units)
