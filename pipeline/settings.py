"""huyue.toml: what an office says about itself."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from pipeline.errors import BadSettings
from pipeline.toml_text import decode


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


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    office: Office = Office()
    roster: RosterSettings = RosterSettings()
    units: tuple[Unit, ...] = ()


def read_settings(path: Path) -> Settings:
    """The settings of an archive; defaults where the file is not there. Raises BadSettings."""
    if not path.is_file():
        return Settings()
    return decode(path.read_bytes(), path, Settings, BadSettings)
