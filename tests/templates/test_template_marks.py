"""Where marks may stand and where not, in documents as Word and WPS write them."""

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from pipeline.compile_template import compile_template
from pipeline.fill import Content, contract_docx
from pipeline.template import load_template
from tests.templates.template_edits import (
    Members,
    edited,
    members_of,
    problems,
    relation,
    retouched,
    stock,
    swap,
)

RUN = "<w:r><w:t>%s</w:t></w:r>"
TOWN = "{{乡镇}}"
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
WPS = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def town(xml: str) -> Callable[[Members], None]:
    """An edit: the run with {{乡镇}} becomes `xml`."""
    return retouched("<w:r>(?:(?!<w:r>).)*{{乡镇}}</w:t></w:r>", xml)


def town_paragraph(xml: str) -> Callable[[Members], None]:
    """An edit: the paragraph with {{乡镇}} becomes `xml`."""
    return retouched("<w:p>(?:(?!<w:p>).)*{{乡镇}}</w:t></w:r></w:p>", xml)


def control(inner: str, properties: str = "<w:text/>") -> str:
    return (
        f'<w:sdt><w:sdtPr><w:id w:val="7"/>{properties}</w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>'
    )


def text_box(inner: str) -> str:
    """A text box as Word writes it: a shape, and VML for old programs."""
    content = f"<w:txbxContent>{inner}</w:txbxContent>"
    return (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{MC}"><mc:Choice Requires="wps"><w:drawing><s:wsp xmlns:s="{WPS}">'
        f"<s:txbx>{content}</s:txbx><s:bodyPr/></s:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict>"
        f'<v:textbox xmlns:v="urn:schemas-microsoft-com:vml">{content}</v:textbox></w:pict></mc:Fallback>'
        "</mc:AlternateContent></w:r></w:p>"
    )


def first(xml: str) -> Callable[[Members], None]:
    """An edit: `xml` before everything else in the body."""
    return swap("<w:body>", "<w:body>" + xml)


@pytest.mark.parametrize(
    "edit",
    [
        town(control(RUN % TOWN)),
        town(control(RUN % TOWN, f"<w14:checkbox {W14}/>")),
        town_paragraph(control(f"<w:p>{RUN % TOWN}</w:p>")),
        retouched(r"(<w:tc>(?:(?!<w:tc>).)*{{乡镇}}.*?</w:tc>)", control(r"\1")),
        town(f'<w:smartTag w:uri="urn:x" w:element="place">{RUN % TOWN}</w:smartTag>'),
        town(f'<w:hyperlink w:anchor="a">{RUN % TOWN}</w:hyperlink>'),
        town(
            RUN % "{{乡"
            + '<w:bookmarkStart w:id="1" w:name="a"/><w:proofErr w:type="spellStart"/><w:bookmarkEnd w:id="1"/>'
            + RUN % "镇}}"
        ),
        town(f"<w:r><w:tab/><w:t>{TOWN}</w:t><w:br/></w:r>"),
        town_paragraph(f"<w:tbl><w:tr><w:tc><w:p>{RUN % TOWN}</w:p></w:tc></w:tr></w:tbl><w:p/>"),
        town_paragraph(text_box(f"<w:p>{RUN % TOWN}</w:p>")),
        swap("第 </w:t>", f"{TOWN}</w:t>", "word/footer1.xml"),
        swap("<w:pgSz", '<w:cols w:num="2"/><w:pgSz'),
        first('<w:p><w:pPr><w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:pPr></w:p>'),
        town(f'<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>{TOWN}</w:t></w:r>'),
    ],
    ids=[
        "content control",
        "check box control",
        "control around a paragraph",
        "control around a cell",
        "smart tag",
        "link within the document",
        "split by a bookmark",
        "beside tabs and breaks",
        "table in a cell",
        "text box",
        "footer",
        "columns",
        "two sections",
        "hidden, switched off",
    ],
)
def test_a_mark_is_filled_wherever_word_may_have_put_it(
    tmp_path: Path, edit: Callable[[Members], None]
) -> None:
    folder = edited(stock("01"), tmp_path, edit)
    assert problems(folder) == []
    compiled = compile_template(load_template(folder))
    row = dict.fromkeys(compiled.manifest.rows["members"], "")
    content = Content(
        dict.fromkeys(compiled.manifest.fields, "") | {"town": "试填镇"}, {"members": [row]}, ()
    )
    filled = members_of(contract_docx(compiled, content))
    text = "".join(
        data.decode() for name, data in filled.items() if name.startswith("word/") and name.endswith(".xml")
    )
    assert "试填镇" in text
    assert "{{" not in text


@pytest.mark.parametrize(
    ("edit", "where", "says"),
    [
        (town("<w:r><w:t>{{乡</w:t><w:tab/><w:t>镇}}</w:t></w:r>"), "表格1第1行第4格", "中间有制表符"),
        (town("<w:r><w:t>{{乡</w:t><w:br/><w:t>镇}}</w:t></w:r>"), "表格1第1行第4格", "中间有换行"),
        (
            town(
                RUN % "{{乡"
                + '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
                + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
                + RUN % "镇}}"
            ),
            "表格1第1行第4格",
            "中间有域",
        ),
        (
            town(f'<w:fldSimple w:instr="PAGE">{RUN % TOWN}</w:fldSimple>'),
            "表格1第1行第4格",
            "写在页码等域里",
        ),
        (
            town(
                '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>'
                f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{RUN % TOWN}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
            ),
            "表格1第1行第4格",
            "写在页码等域里",
        ),
        (town(f"<w:r><w:rPr><w:vanish/></w:rPr><w:t>{TOWN}</w:t></w:r>"), "表格1第1行第4格", "隐藏文字"),
        (town(f"<w:r><w:rPr><w:rtl/></w:rPr><w:t>{TOWN}</w:t></w:r>"), "表格1第1行第4格", "从右到左"),
        (
            town_paragraph(f"<w:p><w:pPr><w:bidi/></w:pPr>{RUN % TOWN}</w:p>"),
            "表格1第1行第4格",
            "从右到左的段落",
        ),
        (
            town(
                f"<w:r><w:ruby><w:rt>{RUN % 'x'}</w:rt><w:rubyBase>{RUN % TOWN}</w:rubyBase></w:ruby></w:r>"
            ),
            "表格1第1行第4格",
            "拼音",
        ),
        (
            town(control(RUN % TOWN, '<w:dataBinding w:xpath="/a" w:storeItemID="{1}"/><w:text/>')),
            "表格1第1行第4格",
            "删除内容控件",
        ),
        (
            first(
                f'<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="rotation:90"><v:textbox>'
                f"<w:txbxContent><w:p>{RUN % TOWN}</w:p></w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>"
            ),
            "正文文本框1",
            "改成横排",
        ),
        (
            first(
                f'<w:p><w:r><s:wsp xmlns:s="{WPS}"><s:spPr><a:xfrm xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
                f' rot="5400000"/></s:spPr><s:txbx><w:txbxContent><w:p>{RUN % TOWN}</w:p></w:txbxContent></s:txbx></s:wsp></w:r></w:p>'
            ),
            "正文文本框1",
            "改成横排",
        ),
        (
            first(
                '<w:p><m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"><m:r><m:t>{{乡镇}}</m:t>'
                "</m:r></m:oMath></w:p>"
            ),
            "正文第1段",
            "公式",
        ),
        (first(f"<w:p>{RUN % '{{乡'}</w:p><w:p>{RUN % '镇}}'}</w:p>"), "正文第1段", "不能跨段"),
        (first(text_box(f"<w:p>{RUN % '{{若:三岁以下孩子}}有'}</w:p>")), "正文文本框1", "都去掉就空了"),
        (
            retouched(
                "<w:ftr([^>]*)>.*</w:ftr>",
                rf"<w:ftr\1><w:p>{RUN % '{{若:三岁以下孩子}}有'}</w:p></w:ftr>",
                "word/footer1.xml",
            ),
            "页脚第1段",
            "都去掉就空了",
        ),
        (
            first(
                '<w:p><w:pPr><w:sectPr><w:pgSz w:w="11906" w:h="16838"/></w:sectPr></w:pPr>'
                f"{RUN % '{{若:三岁以下孩子}}有'}</w:p>"
            ),
            "正文第1段",
            "分节符",
        ),
        (
            first(
                '<w:p><w:pPr><w:sectPr><w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/></w:sectPr></w:pPr></w:p>'
            ),
            "页面设置",
            "纵向",
        ),
        (swap("<w:pgSz", '<w:textDirection w:val="tbRl"/><w:pgSz'), "页面设置", "竖排"),
        (
            lambda members: members.update({"word/charts/chart1.xml": "<c><t>{{乡镇}}</t></c>".encode()}),
            "contract.docx 的 word/charts/chart1.xml",
            "移到正文",
        ),
        (relation("image", "HTTP://example.invalid/a.png", ""), "contract.docx", "链接到外面的图片"),
    ],
)
def test_a_mark_that_could_not_be_filled_is_named_by_place_and_remedy(
    tmp_path: Path, edit: Callable[[Members], None], where: str, says: str
) -> None:
    found = problems(edited(stock("01"), tmp_path, edit))
    assert any(one.where == where and says in one.message and one.severity == "error" for one in found), found
    assert all(one.message.endswith(("。", "？")) for one in found)


def test_an_empty_document_misses_its_boxes(tmp_path: Path) -> None:
    edit = retouched("<w:body>.*(?=<w:sectPr)", "<w:body>")
    found = problems(edited(stock("01"), tmp_path, edit))
    assert {one.where for one in found if one.severity == "error"} == {
        f"contract.toml 的 boxes.{name}"
        for name in ("privacy_consent", "party_a_seal", "party_a_signature", "party_b_signature", "sign_date")
    }


def test_a_document_of_two_thousand_paragraphs_is_checked(tmp_path: Path) -> None:
    rows = f"<w:tr><w:tc><w:p>{RUN % '字'}</w:p></w:tc></w:tr>" * 2_000
    assert problems(edited(stock("01"), tmp_path, first(f"<w:tbl>{rows}</w:tbl>"))) == []


def test_a_document_saved_by_wps_is_taken(tmp_path: Path) -> None:
    """WPS adds its own namespaces, properties and custom XML."""

    def edit(members: Members) -> None:
        name = "http://www.wps.cn/officeDocument/2013/wpsCustomData"
        swap(
            "<w:document ",
            f'<w:document xmlns:wpsCustomData="{name}" mc:Ignorable="wpsCustomData" xmlns:mc="{MC}" ',
        )(members)
        swap("<w:body>", f'<w:body wpsCustomData:x="1" xmlns:wpsCustomData="{name}">')(members)
        members["customXml/item1.xml"] = (
            f'<s:customData xmlns:s="{name}"><customSectProps/></s:customData>'.encode()
        )
        members["docProps/custom.xml"] = (
            b'<Properties xmlns="urn:x"><property name="KSOProductBuildVer"/></Properties>'
        )
        relation("customXml", "../customXml/item1.xml", "")(members)

    assert problems(edited(stock("01"), tmp_path, edit)) == []


def test_parts_may_be_named_from_the_root(tmp_path: Path) -> None:
    edit = swap('Target="word/document.xml"', 'Target="/word/document.xml"', "_rels/.rels")
    assert problems(edited(stock("01"), tmp_path, edit)) == []


EXPRESSIONS = (
    "{{ 7 * 7 }}",
    "{{乡镇.__class__.__mro__}}",
    "{{''.join(['a'])}}",
    "{{乡镇|upper}}",
    "{{import os}}",
    "{{框:乙方签名()}}",
)
TEXTS = ("{% for x in y %}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{# x #}", "[[${7*7}]]", "=cmd|'/c calc'!A1")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_there_is_no_expression_in_a_mark(tmp_path: Path, expression: str) -> None:
    found = problems(edited(stock("01"), tmp_path, first(f"<w:p>{RUN % expression}</w:p>")))
    assert any(one.where == "正文第1段" and one.severity == "error" for one in found), found


def test_what_other_programs_would_run_is_text(tmp_path: Path) -> None:
    """Also as a value from a roster, where it is nothing but a value."""
    written = escape("".join(TEXTS))
    folder = edited(stock("01"), tmp_path, first(f"<w:p>{RUN % written}</w:p>"))
    assert problems(folder) == []
    compiled = compile_template(load_template(folder))
    row = dict.fromkeys(compiled.manifest.rows["members"], "{{框:甲方盖章}}")
    content = Content(dict.fromkeys(compiled.manifest.fields, "{{乡镇}}{% x %}"), {"members": [row]}, ())
    text = members_of(contract_docx(compiled, content))["word/document.xml"].decode()
    assert written in text
    assert text.count("{{乡镇}}{% x %}") >= len(compiled.manifest.fields)
    assert text.count("{{框:甲方盖章}}") == len(row)
