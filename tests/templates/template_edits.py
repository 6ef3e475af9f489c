"""Real templates, edited as Word, an office or an attacker might, for tests to load and check."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from contract_templates import stock_folder
from pipeline.template import Template, load_template
from pipeline.template_check import static_problems
from pipeline.template_problem import TemplateProblem

STOCK = sorted(folder for folder in stock_folder().iterdir() if (folder / "contract.toml").exists())
NAMES = [folder.name for folder in STOCK]
Members = dict[str, bytes]


def stock(number: str) -> Path:
    """The folder of the stock template with that number."""
    return next(folder for folder in STOCK if folder.name.startswith(number))


def members_of(docx: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def edited(
    folder: Path,
    tmp_path: Path,
    docx: Callable[[Members], None] | None = None,
    toml: Callable[[str], str] | None = None,
) -> Path:
    """A copy of a template's folder with its document's members and its manifest's text changed."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    if docx is not None:
        members = members_of((copy / "contract.docx").read_bytes())
        docx(members)
        with zipfile.ZipFile(copy / "contract.docx", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    if toml is not None:
        text = (copy / "contract.toml").read_text(encoding="utf-8")
        changed = toml(text)
        assert changed != text, "the manifest was not changed"
        (copy / "contract.toml").write_text(changed, encoding="utf-8")
    return copy


def swap(old: str, new: str, part: str = "word/document.xml", times: int = 1) -> Callable[[Members], None]:
    """An edit of a part's XML: the first `times` occurrences of `old` become `new`."""

    def edit(members: Members) -> None:
        text = members[part].decode()
        assert old in text, f"{old} is not in {part}"
        members[part] = text.replace(old, new, times).encode()

    return edit


def swap_toml(old: str, new: str) -> Callable[[str], str]:
    """An edit of a manifest: the first `old` becomes `new`."""
    return lambda text: text.replace(old, new, 1)


def retouched(pattern: str, new: str, part: str = "word/document.xml") -> Callable[[Members], None]:
    """An edit of a part's XML by a regular expression, once."""

    def edit(members: Members) -> None:
        text, times = re.subn(pattern, new, members[part].decode(), count=1, flags=re.DOTALL)
        assert times, f"{pattern} is not in {part}"
        members[part] = text.encode()

    return edit


def relation(kind: str, target: str, mode: str = ' TargetMode="External"') -> Callable[[Members], None]:
    """An edit that adds a relationship of the document."""
    base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    return swap(
        "</Relationships>",
        f'<Relationship Id="rId90" Type="{base}{kind}" Target="{target}"{mode}/></Relationships>',
        "word/_rels/document.xml.rels",
    )


def problems(folder: Path) -> list[TemplateProblem]:
    """What the check says of a template's folder."""
    return static_problems(load_template(folder))


def loaded(number: str) -> Template:
    return load_template(stock(number))
