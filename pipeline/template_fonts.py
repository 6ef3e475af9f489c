"""Fonts of a template's document that are not here, and characters of it that no installed font has."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from pipeline import fonts, marks
from pipeline.errors import FontMissing
from pipeline.installed_fonts import families, has_character
from pipeline.libreoffice import STAND_INS
from pipeline.marks import W
from pipeline.run_styles import RunStyles
from pipeline.template_problem import ERROR, WARNING, TemplateProblem

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
# Symbol fonts that LibreOffice draws with symbols of its own.
_SYMBOLS = frozenset(("symbol", "wingdings", "wingdings 2", "wingdings 3", "webdings"))
_EAST = re.compile(r"[\u2e80-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]")
_SPACE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]")
# What LibreOffice takes on Linux for a font that nothing is known of (tests/templates/test_template_fonts.py).
INSTEAD = "Noto Sans CJK SC（黑体）" if sys.platform == "linux" else "系统里的另一种字体"


def font_problems(members: Mapping[str, bytes]) -> Iterator[TemplateProblem]:
    """A warning for each font that is neither installed nor stood in for, an error for each character without a glyph.

    Each is said once, with the place where it is first.
    """
    here = _Fonts(members)
    for name in marks.story_parts(members):
        for paragraph, place in marks.paragraphs(marks.parse(members[name]), name):
            yield from here.of_numbering(paragraph, place)
            for text in marks.text_runs(paragraph):
                yield from here.of_run(text, place)
            yield from here.of_symbols(paragraph, place)


@dataclass(slots=True)
class _Fonts:
    """What the document's styles, theme and numbering say of fonts, and what has been complained of."""

    members: Mapping[str, bytes]
    styles: RunStyles = field(init=False)
    theme: dict[str, str] = field(init=False)
    numbering: dict[tuple[str, str], etree._Element] = field(init=False)
    known: frozenset[str] = field(init=False)
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.styles = RunStyles(self.members.get("word/styles.xml"))
        self.theme = _theme(self.members)
        self.numbering = _numbering(self.members.get("word/numbering.xml"))
        stand_ins = STAND_INS if sys.platform == "linux" else {}
        stood_in = {name.lower() for name, other in stand_ins.items() if other in families()}
        self.known = frozenset(name.lower() for name in families()) | stood_in | _SYMBOLS

    def of_run(self, text: etree._Element, place: str) -> Iterator[TemplateProblem]:
        content = _SPACE.sub("", text.text or "")
        run = text.getparent()
        if run is None or not content:
            return
        for kind in _kinds(content):
            yield from self._named(next(self._fonts(run, kind), ""), place)
        for character in sorted(set(marks.MARK.sub("", content))):
            if character not in self.said and not _has(character):
                self.said.add(character)
                message = f"没有一种字体有“{character}”（U+{ord(character):04X}），印不出来。请换一个字，或者安装含这个字的字体（如 fonts-hanazono、fonts-babelstone-han）。"
                yield TemplateProblem(place, message, ERROR)

    def of_symbols(self, paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
        """Characters put in from a symbol font."""
        for symbol in paragraph.iter(f"{W}sym"):
            yield from self._named(symbol.get(f"{W}font") or "", place)

    def of_numbering(self, paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
        """The font of a paragraph's automatic number."""
        holders = [paragraph, *self.styles.of_paragraph(paragraph)]
        properties = next(
            (found for one in holders if (found := one.find(f"{W}pPr/{W}numPr")) is not None), None
        )
        number = properties.find(f"{W}numId") if properties is not None else None
        if properties is None or number is None:
            return
        level = properties.find(f"{W}ilvl")
        at = str(number.get(f"{W}val")), str(level.get(f"{W}val")) if level is not None else "0"
        said = self.numbering.get(at)
        for kind in ("eastAsia", "ascii") if said is not None else ():
            yield from self._named(self._font_of(said, kind) or "", f"{place}的自动编号")

    def _fonts(self, run: etree._Element, kind: str) -> Iterator[str]:
        for properties in self.styles.properties(run):
            found = self._font_of(properties.find(f"{W}rFonts"), kind)
            if found:
                yield found

    def _font_of(self, element: etree._Element | None, kind: str) -> str | None:
        if element is None:
            return None
        themed = element.get(f"{W}{kind}Theme")
        return self.theme.get(themed) if themed else element.get(f"{W}{kind}")

    def _named(self, font: str, place: str) -> Iterator[TemplateProblem]:
        names = [name.strip().lstrip("@").lower() for name in font.split(";") if name.strip()]
        if not names or font in self.said or not self.known.isdisjoint(names):
            return
        self.said.add(font)
        message = f"字体“{font}”没有安装，会换成{INSTEAD}，排版会不一样。请安装这种字体，或者改用宋体、仿宋、黑体、楷体。"
        yield TemplateProblem(place, message, WARNING)


def _has(character: str) -> bool:
    """Whether some font here has the character; the usual faces are asked first."""
    try:
        return not fonts.missing("song", character) or has_character(character)
    except FontMissing:
        return has_character(character)


def _kinds(text: str) -> list[str]:
    """Which of a run's fonts its text is written in."""
    rest = _EAST.sub("", text)
    kinds = ["eastAsia"] if len(rest) < len(text) else []
    kinds += ["ascii"] if any(character < "\u0080" for character in rest) else []
    return kinds


def _theme(members: Mapping[str, bytes]) -> dict[str, str]:
    """The theme's fonts by what runs call them, as minorEastAsia; for Chinese where a theme has one for it."""
    part = next((name for name in sorted(members) if re.fullmatch(r"word/theme/theme\d*\.xml", name)), None)
    found: dict[str, str] = {}
    if part is None:
        return found
    scheme = marks.parse(members[part]).find(f".//{_A}fontScheme")
    for size in ("major", "minor"):
        family = scheme.find(f"{_A}{size}Font") if scheme is not None else None
        if family is None:
            continue
        latin, east = (family.find(f"{_A}{kind}") for kind in ("latin", "ea"))
        chinese = next((one for one in family.iterfind(f"{_A}font") if one.get("script") == "Hans"), None)
        for name in ("HAnsi", "Ascii", "Bidi"):
            found[size + name] = (latin.get("typeface") or "") if latin is not None else ""
        found[f"{size}EastAsia"] = next(
            (face for one in (east, chinese) if one is not None and (face := one.get("typeface"))), ""
        )
    return found


def _numbering(data: bytes | None) -> dict[tuple[str, str], etree._Element]:
    """The w:rFonts of automatic numbers, by number and level."""
    root = marks.parse(data) if data else etree.Element(f"{W}numbering")
    lists = {one.get(f"{W}abstractNumId"): one for one in root.iterfind(f"{W}abstractNum")}
    found: dict[tuple[str, str], etree._Element] = {}
    for number in root.iterfind(f"{W}num"):
        abstract = number.find(f"{W}abstractNumId")
        of_it = lists.get(abstract.get(f"{W}val")) if abstract is not None else None
        for level in of_it.iterfind(f"{W}lvl") if of_it is not None else ():
            said = level.find(f"{W}rPr/{W}rFonts")
            if said is not None:
                found[str(number.get(f"{W}numId")), str(level.get(f"{W}ilvl"))] = said
    return found
