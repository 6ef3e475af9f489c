"""A contract template: its document and its manifest, as bytes that never change once printed."""

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from pipeline import marks
from pipeline.errors import TemplateIncomplete, TemplateUnreadable
from pipeline.manifest import Manifest
from pipeline.toml_text import decode_manifest

DOCUMENT, MANIFEST = "contract.docx", "contract.toml"

# A contract of ours is below 20 kB; letterhead pictures make some larger. Beyond this is no template.
MAX_DOCX = 10_000_000  # bytes
MAX_TOML = 200_000
MAX_UNZIPPED = 50_000_000
MAX_MEMBERS = 300
MAX_PARAGRAPHS = 5_000
MAX_MARKS = 1_000
MAX_TAGS = 1_000_000  # of one part: a tag takes memory when it is read

_OLE = bytes.fromhex("D0CF11E0A1B11AE1")  # .doc, .wps, or a .docx with a password
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # ECMA-376 part 2 knows no other
_STRICT = "{http://purl.oclc.org/ooxml/"


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
    """The template in a folder, or a .zip of one, that holds contract.docx and contract.toml.

    Raises TemplateIncomplete, TemplateUnreadable or ManifestFaulty, each naming the file and the remedy.
    """
    if is_zip(folder):
        docx, toml = _unpacked(folder)
    else:
        docx = _read(folder / DOCUMENT, MAX_DOCX, _TOO_LARGE)
        toml = _read(folder / MANIFEST, MAX_TOML, _MISPLACED)
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
            if len({info.filename.lower() for info in infos}) < len(infos):
                raise TemplateUnreadable(
                    file=file, detail="里面有同名的部分，不是 Word 存出来的", remedy=RESAVE
                )
            if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_UNZIPPED:
                raise TemplateUnreadable(file=file, detail="解开后太大", remedy="删去其中的大图片")
            if any(info.compress_type not in _PACKED for info in infos):
                raise zipfile.BadZipFile
            members = {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
        raise TemplateUnreadable(file=file, detail="它不是 .docx，或者已经损坏", remedy=RESAVE) from None
    if "word/document.xml" not in members:
        raise TemplateUnreadable(file=file, detail="里面没有正文，不是 Word 文档", remedy=RESAVE)
    paragraphs = opened = 0
    for name, content in members.items():
        if name.lower().endswith((".xml", ".rels")):
            root = _parsed(file, name, content)
            paragraphs += sum(1 for _ in root.iter(f"{marks.W}p"))
            opened += "".join(map(str, root.itertext())).count("{{")
    if paragraphs > MAX_PARAGRAPHS:
        detail = f"有 {paragraphs} 段，超过 {MAX_PARAGRAPHS} 段，不像一份合同"
        raise TemplateUnreadable(file=file, detail=detail, remedy="检查是不是放错了文件，或者删去多余的段落")
    if opened > MAX_MARKS:
        detail = f"有 {opened} 个标记，超过 {MAX_MARKS} 个，不像一份合同"
        raise TemplateUnreadable(file=file, detail=detail, remedy="检查是不是放错了文件，或者删去多余的标记")
    return members


def is_zip(path: Path) -> bool:
    """Whether a template may be packed in this file."""
    return path.suffix.lower() == ".zip" and path.is_file()


def _unpacked(path: Path) -> tuple[bytes, bytes]:
    """The document and the manifest in a .zip, wherever in it they stand; what else is in it is not looked at."""
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(_read(path, 2 * MAX_DOCX, _TOO_LARGE))) as archive:
            for info in archive.infolist():
                name = info.filename.replace("\\", "/").rpartition("/")[2]
                limit = {DOCUMENT: MAX_DOCX, MANIFEST: MAX_TOML}.get(name)
                if limit is None or info.filename.startswith("__MACOSX/"):
                    continue
                if name in found:
                    raise TemplateUnreadable(
                        file=path, detail=f"里面有两个 {name}", remedy="一次只放一个模板"
                    )
                if info.compress_type not in _PACKED:
                    raise zipfile.BadZipFile
                with archive.open(info) as member:
                    found[name] = member.read(limit + 1)
                if len(found[name]) > limit:
                    raise TemplateUnreadable(
                        file=path, detail=f"里面的 {name} 大于 {limit / 1_000_000:g} MB", remedy=_TOO_LARGE
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError):
        raise TemplateUnreadable(file=path, detail="它不是 zip，或者已经损坏", remedy="重新打包") from None
    for name in (DOCUMENT, MANIFEST):
        if name not in found:
            raise TemplateIncomplete(file=path, name=name)
    return found[DOCUMENT], found[MANIFEST]


RESAVE = "用 Word 或 WPS 打开，另存为 .docx"
_MISPLACED = "检查是不是放错了文件"
_TOO_LARGE = "删去其中的大图片"


def _parsed(file: str | Path, name: str, content: bytes) -> etree._Element:
    """An XML part. Raises TemplateUnreadable for one that is damaged or not for us."""
    if content.count(b"<") > MAX_TAGS:
        raise TemplateUnreadable(file=file, detail=f"{name} 太大", remedy=_MISPLACED)
    try:
        root = marks.parse(content)
    except etree.XMLSyntaxError:
        raise TemplateUnreadable(file=file, detail=f"{name} 已经损坏", remedy=RESAVE) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise TemplateUnreadable(file=file, detail=f"{name} 里有不允许的 DOCTYPE 声明", remedy=RESAVE)
    if str(root.tag).startswith(_STRICT):
        raise TemplateUnreadable(
            file=file,
            detail="它存成了“Strict Open XML 文档”",
            remedy="另存为时，类型选“Word 文档 (*.docx)”，不选 Strict",
        )
    return root


def _read(path: Path, limit: int, remedy: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a folder, a pipe, a device: not to be waited for
            raise TemplateUnreadable(file=path, detail="它不是文件", remedy=_MISPLACED)
        with path.open("rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise TemplateUnreadable(file=path, detail=f"大于 {limit / 1_000_000:g} MB", remedy=remedy)
        return data
    except (FileNotFoundError, NotADirectoryError):
        raise TemplateIncomplete(file=path.parent, name=path.name) from None
    except OSError:
        raise TemplateUnreadable(
            file=path, detail="没有权限，或者正被别的程序占用", remedy="关闭打开它的程序"
        ) from None
