"""The four properties of an archived paper (DA/T 70-2018): authentic, complete, usable, safe; looked at one by one.

真实性: it is what was filed, by whom and when is known, the journal holds. 完整性: every sheet that the catalogue
counts is there, and nothing that is wanted of it is empty. 可用性: it opens, and says that it is PDF/A. 安全性: it
carries nothing that runs, points elsewhere or is hidden in it.
"""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

ACTIVE = ("/OpenAction", "/AA", "/AcroForm", "/Collection")  # in a document's catalog (ISO 32000-1, 7.7.2)
HIDDEN = ("/JavaScript", "/EmbeddedFiles")  # in its name tree (7.7.4)


class Check(StrEnum):
    """What is looked at, in the standard's order."""

    SAME = "same"
    KNOWN = "known"
    JOURNAL = "journal"
    SHEETS = "sheets"
    DESCRIBED = "described"
    OPENS = "opens"
    PDFA = "pdfa"
    PASSIVE = "passive"


PROPERTY = {
    Check.SAME: "真实性",
    Check.KNOWN: "真实性",
    Check.JOURNAL: "真实性",
    Check.SHEETS: "完整性",
    Check.DESCRIBED: "完整性",
    Check.OPENS: "可用性",
    Check.PDFA: "可用性",
    Check.PASSIVE: "安全性",
}
CHINESE = {
    Check.SAME: "内容与归档时登记的 SHA-256 一致",
    Check.KNOWN: "归档人、归档日期有记录",
    Check.JOURNAL: "操作日志连续，没有被改动",
    Check.SHEETS: "页数与目录一致",
    Check.DESCRIBED: "题名、编号、村、当事人、保管期限齐全",
    Check.OPENS: "能打开，没有口令",
    Check.PDFA: "是 PDF/A",
    Check.PASSIVE: "没有脚本、附件、对外链接",
}


@dataclass(slots=True)
class Checked:
    """How many papers were looked at, and for each check those that fail it, by number."""

    papers: int = 0
    failed: dict[Check, list[str]] = field(default_factory=lambda: {check: [] for check in Check})

    @property
    def sound(self) -> bool:
        return not any(self.failed.values())

    def look(self, number: str, pdf: bytes, sha256: str, sheets: int, said: dict[str, str]) -> None:
        """Look at a paper: its PDF, the SHA-256 and number of sheets that the catalogue has, what it says of it."""
        self.papers += 1
        for check in _failed(pdf, sha256, sheets, said):
            self.failed[check].append(number)


def _failed(pdf: bytes, sha256: str, sheets: int, said: dict[str, str]) -> Iterator[Check]:
    if hashlib.sha256(pdf).hexdigest() != sha256:
        yield Check.SAME
    if not (said["filed_on"] and said["filed_by"]):
        yield Check.KNOWN
    if not all(said[name] for name in ("title", "contract", "village", "party", "retention")):
        yield Check.DESCRIBED
    try:
        reader = PdfReader(io.BytesIO(pdf), strict=True)
        pages, root = len(reader.pages), reader.root_object
        metadata = root.get("/Metadata")
        conforms = metadata is not None and b"pdfaid:part" in metadata.get_object().get_data()
        passive = not _active(reader, root)
    except Exception:  # pypdf raises whatever its parser of a damaged file trips over
        yield from (Check.SHEETS, Check.OPENS, Check.PDFA, Check.PASSIVE)
        return
    if pages != sheets:
        yield Check.SHEETS
    if not conforms:
        yield Check.PDFA
    if not passive:
        yield Check.PASSIVE


def _active(reader: PdfReader, root: DictionaryObject) -> bool:
    """Whether the document runs, opens or hides something."""
    names = root.get("/Names")
    hidden = () if names is None else names.get_object()
    if any(key in root for key in ACTIVE) or any(key in hidden for key in HIDDEN):
        return True
    return any("/AA" in page or "/Annots" in page for page in reader.pages)
