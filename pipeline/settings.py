"""huyue.toml: what an office says about itself."""

from pathlib import Path

import msgspec

from archive.errors import BadSettings


class Office(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The office's own names; `station` is the service station's, "" for the town's."""

    station: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    office: Office = Office()


def read_settings(path: Path) -> Settings:
    """The settings of an archive; defaults where the file is not there. Raises BadSettings."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Settings)
    except FileNotFoundError:
        return Settings()
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise BadSettings(file=path, detail=str(problem)) from None
