"""Marks in a template's document: `{{乙方姓名}}`, `{{成员.姓名}}`, `{{框:乙方签名}}`, `{{若:归期未定}}`.

Word splits a mark over runs as it likes; `heal` puts each into one run again. A template is untrusted: XML
is parsed without entities and without the network.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MARK = re.compile(r"\{\{([^{}]*)\}\}")
BOX, CLAUSE = "框", "若"
_STORY = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, huge_tree=False
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: `kind` is field, box or clause; `label` is what the manifest calls it."""

    kind: str
    label: str


def read(inner: str) -> Mark:
    """The mark that stands between double braces; a full-width colon counts as a colon."""
    head, colon, label = inner.strip().replace("：", ":").partition(":")
    if colon and head.strip() in (BOX, CLAUSE):
        return Mark("box" if head.strip() == BOX else "clause", label.strip())
    return Mark("field", inner.strip())


def parse(data: bytes) -> etree._Element:
    """A part's XML. Raises lxml.etree.XMLSyntaxError."""
    return etree.fromstring(data, _PARSER)


def story_parts(members: Iterable[str] | Mapping[str, bytes]) -> list[str]:
    """The parts that marks may stand in, the document first."""
    return sorted(
        (name for name in members if _STORY.fullmatch(name)), key=lambda name: ("document" not in name, name)
    )


def text_runs(paragraph: etree._Element) -> list[etree._Element]:
    """The text elements of a paragraph's own runs, in order; a text box's paragraphs are their own."""
    return [text for text in paragraph.iter(f"{W}t") if next(text.iterancestors(f"{W}p")) is paragraph]


def heal(root: etree._Element) -> bool:
    """Join every mark that is split over runs into the run it begins in; whether the part has any mark."""
    found = False
    for paragraph in root.iter(f"{W}p"):
        texts = text_runs(paragraph)
        whole = "".join(text.text or "" for text in texts)
        if "{{" not in whole:
            continue
        found = True
        for match in reversed(list(MARK.finditer(whole))):
            _join(texts, match.start(), match.end())
    return found


def _join(texts: list[etree._Element], start: int, end: int) -> None:
    """Move the characters from start to end of the paragraph's text into the run that start is in."""
    position, first = 0, None
    for text in texts:
        content = text.text or ""
        begins, ends = position, position + len(content)
        position = ends
        if begins <= start < ends:
            first = text
            if end <= ends:
                return
            head = content
        elif first is not None and begins < end:
            cut = min(end, ends) - begins
            head += content[:cut]
            text.text = content[cut:]
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    if first is not None:
        first.text = head
