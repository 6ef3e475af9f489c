"""A contract template: its document and its manifest, as bytes that never change once printed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Template:
    """One version of a template; `sha256` is over the document's and the manifest's bytes."""

    manifest: Manifest
    toml: bytes
    docx: bytes
    sha256: str

    def __hash__(self) -> int:
        return hash(self.sha256)
