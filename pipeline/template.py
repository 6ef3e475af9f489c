"""A contract template: its document and its manifest, as bytes that never change once printed."""

import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from archive.errors import TemplateIncomplete, TemplateUnreadable
from pipeline import marks
from pipeline.manifest import Manifest
from pipeline.toml_text import decode_manifest

DOCUMENT, MANIFEST = "contract.docx", "contract.toml"

# A contract of ours is below 20 kB; letterhead pictures make some larger. Beyond this is no template.
MAX_DOCX = 10_000_000  # bytes
MAX_TOML = 200_000
MAX_UNZIPPED = 50_000_000
MAX_MEMBERS = 300

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")  # .doc, .wps, or a .docx with a password
_DOCTYPE = re.compile(rb"<!DOCTYPE|<!\0D\0O\0C\0T\0Y\0P\0E", re.IGNORECASE)


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
    """The template in a folder that holds contract.docx and contract.toml.

    Raises TemplateIncomplete, TemplateUnreadable or ManifestFaulty, each naming the file and the remedy.
    """
    docx, toml = _read(folder / DOCUMENT, MAX_DOCX), _read(folder / MANIFEST, MAX_TOML)
    manifest = decode_manifest(toml, folder / MANIFEST)
    open_docx(docx, folder / DOCUMENT)
    both = hashlib.sha256(docx).digest() + hashlib.sha256(toml).digest()
    return Template(manifest, toml, docx, hashlib.sha256(both).hexdigest())


def open_docx(data: bytes, file: str | Path = DOCUMENT) -> dict[str, bytes]:
    """The members of a .docx by name, every XML part known to be well-formed and without a DOCTYPE.

    Raises TemplateUnreadable for what is no .docx, is damaged, or would unpack too large.
    """
    if data.startswith(_OLE):
        raise TemplateUnreadable(
            file=file, detail="它是旧版 .doc 或 .wps，或者设了密码", remedy="去掉密码并另存为 .docx"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_UNZIPPED:
                raise TemplateUnreadable(file=file, detail="解开后太大", remedy="删去其中的大图片")
            members = {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
        raise TemplateUnreadable(file=file, detail="它不是 .docx，或者已经损坏", remedy=_RESAVE) from None
    if "word/document.xml" not in members:
        raise TemplateUnreadable(file=file, detail="里面没有正文，不是 Word 文档", remedy=_RESAVE)
    for name, content in members.items():
        if name.endswith((".xml", ".rels")):
            _check_xml(file, name, content)
    return members


_RESAVE = "用 Word 或 WPS 打开，另存为 .docx"


def _check_xml(file: str | Path, name: str, content: bytes) -> None:
    if _DOCTYPE.search(content[:4096]):
        raise TemplateUnreadable(file=file, detail=f"{name} 里有不允许的 DOCTYPE 声明", remedy=_RESAVE)
    try:
        marks.parse(content)
    except etree.XMLSyntaxError:
        raise TemplateUnreadable(file=file, detail=f"{name} 已经损坏", remedy=_RESAVE) from None


def _read(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise TemplateUnreadable(
                file=path, detail=f"大于 {limit / 1_000_000:g} MB", remedy="删去其中的大图片"
            )
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise TemplateIncomplete(file=path.parent, name=path.name) from None
    except OSError:
        raise TemplateUnreadable(
            file=path, detail="没有权限，或者正被别的程序占用", remedy="关闭打开它的程序"
        ) from None
