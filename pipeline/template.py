"""A contract template: its document and its manifest, as bytes that never change once printed."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from archive.errors import ManifestFaulty, TemplateMissing
from contract_templates import stock_folder
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


def load_template(folder: Path) -> Template:
    """The template in a folder: contract.docx and contract.toml.

    Raises TemplateMissing where one of them is not there, ManifestFaulty where the manifest is wrong.
    """
    data = []
    for name in ("contract.toml", "contract.docx"):
        try:
            data.append((folder / name).read_bytes())
        except OSError:
            raise TemplateMissing(file=folder / name) from None
    toml, docx = data
    manifest = decode_manifest(toml, folder / "contract.toml")
    return Template(manifest, toml, docx, hashlib.sha256(docx + b"\0" + toml).hexdigest())


def stock_templates() -> list[Template]:
    """The six that ship with the program, by number."""
    folders = sorted(path.parent for path in stock_folder().glob("*/contract.toml"))
    return sorted(map(load_template, folders), key=lambda template: template.manifest.number)


def decode_manifest(toml: bytes, file: str | Path) -> Manifest:
    """The manifest that TOML bytes say. Raises ManifestFaulty naming `file`, the key and the remedy."""
    try:
        return msgspec.toml.decode(toml, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise ManifestFaulty(file=file, detail=_in_chinese(str(problem))) from None


_WORDS = (
    (r"Object missing required field `(.*?)`", r"缺少“\1”"),
    (r"Object contains unknown field `(.*?)`", r"不认识“\1”"),
    (r"Expected `(.*?)`, got `(.*?)`", r"应为 \1，写成了 \2"),
    (r"Expected `(.*?)`", r"应为 \1"),
    (r"Invalid enum value (.*?) - ", r"不能写 \1 - "),
    (r" - at `key` in `\$\.?(.*?)`", r"（在 \1 的名字里）"),
    (r" - at `\$\.?(.*?)`", r"（在 \1）"),
)


def _in_chinese(problem: str) -> str:
    for pattern, words in _WORDS:
        problem = re.sub(pattern, words, problem)
    return problem
