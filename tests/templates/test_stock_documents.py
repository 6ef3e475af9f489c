"""The six stock contracts as an office opens them in Word: form, styles, marks, and everything that must be there."""

import io
import re
from itertools import combinations
from typing import Any

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.shared import Mm, Pt
from lxml import etree

from pipeline import marks
from pipeline.manifest import Manifest, Range
from pipeline.marks import W
from pipeline.template import Template, load_template
from tests.templates.template_edits import NAMES, STOCK, members_of, problems

LOADED = {folder.name[:2]: load_template(folder) for folder in STOCK}
every = pytest.mark.parametrize("template", LOADED.values(), ids=NAMES)

COMMON = "contract_number campaign_name village town group household_number address responsible term_start term_end copies"
ADULTS = Range(18, 49)
A_SEAL = ["party_a_seal", "party_a_signature", "party_b_signature", "privacy_consent", "sign_date"]
WANTED = {
    "01": ("household_responsibility", "家庭计划生育责任书", "household", "calendar_year", {}, A_SEAL),
    "02": (
        "family_planning",
        "计划生育合同书",
        "couple",
        "years",
        {"wife_age": Range(20, 49)},
        "husband_privacy_consent husband_signature party_a_seal party_a_signature sign_date "
        "wife_privacy_consent wife_signature".split(),
    ),
    "03": (
        "contraception_service",
        "落实计划生育节育合同书",
        "person",
        "years",
        {"age": ADULTS, "wants_service": True},
        A_SEAL,
    ),
    "04": (
        "away_period",
        "外出期间计划生育合同书",
        "person",
        "away",
        {"age": ADULTS, "away_days": Range(30)},
        A_SEAL,
    ),
    "05": (
        "pension_insurance",
        "计生养老保险合同书",
        "person",
        "open",
        {"age": Range(18, 59), "wants_pension": True},
        A_SEAL,
    ),
    "06": (
        "informed_choice",
        "计生节育措施知情选择协议书",
        "person",
        "years",
        {"age": ADULTS, "wants_choice": True},
        sorted(
            [f"choice_{number}" for number in range(1, 11)]
            + ["counsellor_signature", "party_b_signature", "privacy_consent", "sign_date"]
        ),
    ),
}
YEARS = {"02": 3, "03": 1, "06": 3}


def body_of(template: Template) -> etree._Element:
    return marks.parse(members_of(template.docx)["word/document.xml"])


def opened(template: Template) -> Any:
    """The document as python-docx sees it."""
    return docx.Document(io.BytesIO(template.docx))


def texts(template: Template) -> list[str]:
    """The text of every paragraph of the document that has any."""
    found = (marks.text_of(paragraph) for paragraph in body_of(template).iter(f"{W}p"))
    return [text for text in found if text]


@pytest.mark.parametrize("number", WANTED)
def test_each_is_offered_to_whom_and_for_as_long_as_the_domain_says(number: str) -> None:
    manifest = LOADED[number].manifest
    name, title, scope, term, who, boxes = WANTED[number]
    assert (manifest.number, manifest.name, manifest.title) == (number, name, title)
    assert (manifest.scope, manifest.term.kind, manifest.who) == (scope, term, who)
    assert manifest.term.years == YEARS.get(number, 0)
    assert sorted(manifest.boxes) == boxes
    assert (manifest.copies, manifest.filing_days) == (2, 15)


@every
def test_the_check_finds_nothing(template: Template) -> None:
    assert problems(STOCK[int(template.manifest.number) - 1]) == []


@every
def test_everything_a_contract_must_say_is_a_field(template: Template) -> None:
    manifest = template.manifest
    names = set(manifest.fields)
    assert set(COMMON.split()) <= names
    people = ("husband", "wife") if manifest.scope == "couple" else ("party_b",)
    for person in people:
        assert {f"{person}_name", f"{person}_id"} <= names
    assert {"husband_phone", "wife_phone"} <= names or "phone" in names
    row = next(text for text in texts(template) if "{{起始日期}}" in text)
    assert re.fullmatch(r"自{{起始日期}}起至{{截止日期}}止", row)


def test_the_full_identity_number_is_only_where_the_purpose_needs_it() -> None:
    full = {
        number
        for number, template in LOADED.items()
        for field in template.manifest.fields.values()
        if field.source.endswith(".id_number") and field.format != "masked"
    }
    assert full == {"05"}


def test_households_list_their_members() -> None:
    manifest = LOADED["01"].manifest
    assert [field.source for field in manifest.rows["members"].values()] == [
        "member.name",
        "member.relation",
        "member.sex",
        "member.birth",
    ]


def test_optional_clauses_come_with_who_they_are_for() -> None:
    conditions = {
        number: [clause.when for clause in template.manifest.clauses.values()]
        for number, template in LOADED.items()
    }
    assert conditions == {
        "01": [{"youngest_age": Range(max=2)}, {"oldest_age": Range(min=60)}],
        "02": [{"newly_married": True}],
        "03": [],
        "04": [{"away_open": True}],
        "05": [],
        "06": [],
    }


def test_service_is_offered_by_the_station_and_all_else_by_the_village() -> None:
    for number, template in LOADED.items():
        party_a = texts(template).index("甲　方") + 1
        label = texts(template)[party_a].strip("{}")
        sources = {field.label: field.source for field in template.manifest.fields.values()}
        assert sources[label] == ("office.station" if number == "03" else "village.name")


@every
def test_eight_to_fourteen_numbered_clauses_whatever_is_optional(template: Template) -> None:
    document = opened(template)
    clauses = [one.text for one in document.paragraphs if one.style.name == "合同条款"]
    optional = [clause.label for clause in template.manifest.clauses.values()]
    for size in range(len(optional) + 1):
        for left_out in combinations(optional, size):
            kept = [text for text in clauses if not any(f"{{{{若:{label}}}}}" in text for label in left_out)]
            assert 8 <= len(kept) <= 14
    numbering = marks.parse(members_of(template.docx)["word/numbering.xml"])
    shown = [next(numbering.iter(f"{W}{name}")).get(f"{W}val") for name in ("lvlText", "numFmt")]
    assert shown == ["第%1条", "chineseCountingThousand"]
    assert not any(re.match(r"第.{1,3}条", text) for text in clauses)


@every
def test_python_docx_opens_it_and_sees_an_official_paper(template: Template) -> None:
    document = opened(template)
    title = document.paragraphs[0]
    assert (title.text, title.style.name) == (template.manifest.title, "合同标题")
    assert title.style.font.size == Pt(22)
    assert title.style.font.bold
    assert title.style.paragraph_format.alignment == WD_ALIGN_PARAGRAPH.CENTER
    section = document.sections[0]
    margins = section.top_margin, section.left_margin, section.right_margin, section.bottom_margin
    assert [round(one / Mm(1)) for one in margins] == [37, 28, 26, 40]
    assert (round(section.page_width / Mm(1)), round(section.page_height / Mm(1))) == (210, 297)
    assert document.styles["合同条款"].font.size in (None, Pt(12))
    assert document.styles["Normal"].font.size == Pt(12)


@every
def test_line_spacing_is_exact_in_every_style_and_no_grid_is_set(template: Template) -> None:
    document = opened(template)
    styles = [style for style in document.styles if style.type == 1]
    assert len(styles) > 10
    for style in styles:
        assert style.paragraph_format.line_spacing_rule == WD_LINE_SPACING.EXACTLY, style.name
    body = body_of(template)
    assert body.find(f".//{W}docGrid") is None
    assert not list(body.iter(f"{W}spacing"))


@every
def test_only_fonts_that_word_and_wps_have(template: Template) -> None:
    found: set[str] = set()
    for name, data in members_of(template.docx).items():
        if name.startswith("word/") and name.endswith(".xml"):
            for fonts in marks.parse(data).iter(f"{W}rFonts"):
                found |= {str(value) for value in fonts.attrib.values()}
    assert found == {"宋体", "黑体", "楷体"}


@every
def test_values_are_underlined_in_text_and_plain_in_tables(template: Template) -> None:
    document = opened(template)
    styles = {style.style_id: style.name for style in document.styles}
    places = dict(marks.paragraphs(document.element, "word/document.xml"))
    for paragraph, place in places.items():
        for run in paragraph.iter(f"{W}r"):
            text = "".join(one.text or "" for one in run.iter(f"{W}t"))
            found = marks.MARK.search(text)
            if found and marks.read(found[1]).kind == "field":
                style = run.find(f"{W}rPr/{W}rStyle")
                assert style is not None
                assert styles[style.get(f"{W}val")] == (
                    "填写内容" if place.startswith("正文") else "表格填写"
                ), text
    underline = document.styles["填写内容"].element.find(f".//{W}u")
    assert (underline.get(f"{W}val"), underline.get(f"{W}color")) == ("single", "000000")


@every
def test_first_lines_are_indented_by_styles_and_never_by_spaces(template: Template) -> None:
    document = opened(template)
    for name in ("合同条款", "合同引言"):
        indent = document.styles[name].element.find(f"{W}pPr/{W}ind")
        assert indent.get(f"{W}firstLineChars") == "200"
    assert not [text for text in texts(template) if text[0] in " 　\t"]


@every
def test_the_footer_counts_pages(template: Template) -> None:
    footer = marks.parse(members_of(template.docx)["word/footer1.xml"])
    whole = "".join(element.text or "" for element in footer.iter(f"{W}t", f"{W}instrText"))
    assert re.sub(r"[\s\d　]", "", whole) == "第PAGE页共NUMPAGES页"


@every
def test_rows_stay_whole_and_signatures_stay_together(template: Template) -> None:
    body = body_of(template)
    assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in body.iter(f"{W}tr"))
    document = opened(template)
    for paragraph in document.element.iter(f"{W}p"):
        if any(marks.read(one).kind == "box" for one in marks.MARK.findall(marks.text_of(paragraph))):
            style = paragraph.find(f"{W}pPr/{W}pStyle").get(f"{W}val")
            named = next(one for one in document.styles if one.style_id == style)
            assert named.paragraph_format.keep_with_next, named.name


@every
def test_boxes_are_empty_for_the_pen(template: Template) -> None:
    for text in texts(template):
        if "{{框:" in text:
            assert re.fullmatch(r"{{框:[^}]+}}", text)


@every
def test_the_file_is_lean_and_says_nothing_of_who_made_it(template: Template) -> None:
    members = members_of(template.docx)
    assert sorted(members) == [
        "[Content_Types].xml",
        "_rels/.rels",
        "docProps/core.xml",
        "word/_rels/document.xml.rels",
        "word/document.xml",
        "word/fontTable.xml",
        "word/footer1.xml",
        "word/numbering.xml",
        "word/settings.xml",
        "word/styles.xml",
    ]
    assert len(template.docx) < 12_000
    everything = b"".join(members.values())
    assert b"rsid" not in everything
    assert b"latentStyles" not in everything
    core = opened(template).core_properties
    assert (core.author, core.title) == ("户约", template.manifest.title)


def _sizes(manifest: Manifest) -> set[tuple[str, float, float]]:
    return {(box.kind, box.w, box.h) for box in manifest.boxes.values()}


def test_boxes_of_a_kind_are_of_one_size() -> None:
    sizes = set().union(*(_sizes(template.manifest) for template in LOADED.values()))
    assert sizes == {("signature", 45, 12), ("date", 45, 10), ("seal", 42, 42), ("tick", 4.2, 4.2)}
