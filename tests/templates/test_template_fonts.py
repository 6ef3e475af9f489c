"""Fonts and characters: what is not here is named with the place where it is first, and what comes instead is true."""

import io
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest

from pipeline import libreoffice
from pipeline.template_fonts import INSTEAD
from tests.templates.template_edits import Members, edited, problems, stock, swap

UNKNOWN = "某单位自造体"
FONTS = f'<w:rFonts w:ascii="{UNKNOWN}" w:hAnsi="{UNKNOWN}" w:eastAsia="{UNKNOWN}"/>'
STYLED = f'<w:style w:type="paragraph" w:styleId="X"><w:basedOn w:val="P04"/><w:rPr>{FONTS}</w:rPr></w:style></w:styles>'
THEME = (
    '<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:themeElements><a:fontScheme><a:majorFont>'
    '<a:latin typeface="Arial"/><a:ea typeface=""/></a:majorFont><a:minorFont><a:latin typeface="Arial"/><a:ea typeface=""/>'
    f'<a:font script="Hans" typeface="{UNKNOWN}"/></a:minorFont></a:fontScheme></a:themeElements></a:theme>'
)


def both(*edits: Callable[[Members], None]) -> Callable[[Members], None]:
    def edit(members: Members) -> None:
        for one in edits:
            one(members)

    return edit


def paragraph(properties: str = "", run: str = "", text: str = "字") -> Callable[[Members], None]:
    return swap(
        "<w:body>",
        f"<w:body><w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>",
    )


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (paragraph(run=FONTS), "正文第1段"),
        (
            both(paragraph('<w:pStyle w:val="X"/>'), swap("</w:styles>", STYLED, "word/styles.xml")),
            "正文第1段",
        ),
        (
            both(
                paragraph(run='<w:rFonts w:eastAsiaTheme="minorEastAsia"/>'),
                lambda members: members.update({"word/theme/theme1.xml": THEME.encode()}),
            ),
            "正文第1段",
        ),
        (
            swap('<w:lvl w:ilvl="0">', f'<w:lvl w:ilvl="0"><w:rPr>{FONTS}</w:rPr>', "word/numbering.xml"),
            "正文第5段的自动编号",
        ),
        (paragraph(run=f'<w:rFonts w:ascii="{UNKNOWN}"/>', text="Abc"), "正文第1段"),
        (
            swap("<w:body>", f'<w:body><w:p><w:r><w:sym w:font="{UNKNOWN}" w:char="F0A8"/></w:r></w:p>'),
            "正文第1段",
        ),
    ],
    ids=["run", "style", "theme", "numbering", "latin", "symbol"],
)
def test_a_font_that_is_not_here_is_named_once_where_it_is_first(
    tmp_path: Path, edit: Callable[[Members], None], where: str
) -> None:
    (found,) = problems(edited(stock("01"), tmp_path, edit))
    assert (found.where, found.severity) == (where, "warning")
    assert f"字体“{UNKNOWN}”没有安装，会换成{INSTEAD}" in found.message


@pytest.mark.parametrize(
    "edit",
    [
        swap("</w:styles>", STYLED, "word/styles.xml"),
        paragraph(run=f'<w:rFonts w:ascii="{UNKNOWN}"/>'),
        paragraph(run=FONTS, text="　"),
        paragraph(run='<w:rFonts w:ascii="Times New Roman" w:eastAsia="仿宋_GB2312"/>', text="字a"),
        paragraph(run='<w:rFonts w:eastAsia="noto serif cjk sc"/>'),
        paragraph(run=f'<w:rFonts w:eastAsia="{UNKNOWN};SimSun"/>'),
        swap("<w:body>", '<w:body><w:p><w:r><w:sym w:font="Wingdings" w:char="F0A8"/></w:r></w:p>'),
    ],
    ids=[
        "style not used",
        "latin font of Chinese text",
        "spaces",
        "stand-ins",
        "any case",
        "a list",
        "symbols",
    ],
)
def test_a_font_that_nothing_is_written_in_or_that_is_stood_in_for_is_no_problem(
    tmp_path: Path, edit: Callable[[Members], None]
) -> None:
    assert problems(edited(stock("01"), tmp_path, edit)) == []


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (paragraph(text="字\U0002fffd字\U0002fffd"), "正文第1段"),
        (swap("第 </w:t>", "\U0002fffd</w:t>", "word/footer1.xml"), "页脚第1段"),
    ],
)
def test_a_character_that_no_font_has_is_an_error_at_its_place(
    tmp_path: Path, edit: Callable[[Members], None], where: str
) -> None:
    (found,) = problems(edited(stock("01"), tmp_path, edit))
    assert (found.where, found.severity) == (where, "error")
    assert "“\U0002fffd”（U+2FFFD）" in found.message


def test_rare_characters_that_a_font_has_are_taken(tmp_path: Path) -> None:
    assert problems(edited(stock("01"), tmp_path, paragraph(text="堃玥㛃𠮷\u200b"))) == []


def test_what_stands_in_is_what_libreoffice_takes(tmp_path: Path) -> None:
    """For a font that nothing is known of, and for each that has a stand-in of its own."""
    documents = []
    for number, font in enumerate((UNKNOWN, *libreoffice.STAND_INS)):
        run = f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}"/>'
        body = f"<w:body><w:p><w:r><w:rPr>{run}</w:rPr><w:t>国家</w:t></w:r></w:p>"
        folder = edited(stock("01"), tmp_path / str(number), _only(body))
        documents.append((folder / "contract.docx").rename(tmp_path / f"{number}.docx"))
    wanted = ["Noto Sans CJK SC", *libreoffice.STAND_INS.values()]
    for pdf, stand_in in zip(libreoffice.to_pdf(documents, tmp_path, seconds=120), wanted, strict=True):
        used = {
            str(font.get_object()["/BaseFont"])
            for page in pypdf.PdfReader(io.BytesIO(pdf.read_bytes())).pages
            for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
        }
        family = stand_in.replace(" SC", "").replace(" ", "")
        assert any(family in name for name in used), (pdf, stand_in, used)


def _only(body: str) -> Callable[[Members], None]:
    def edit(members: Members) -> None:
        text = members["word/document.xml"].decode()
        section = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:body></w:document>'
        members["word/document.xml"] = (text[: text.index("<w:body>")] + body + section).encode()

    return edit
