"""What `template check` says of templates as offices break them: in Chinese, with the place and the remedy."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.layout_check import template_problems
from pipeline.template import load_template
from pipeline.template_check import static_problems
from pipeline.template_problem import TemplateProblem
from tests.templates.further_templates import village_template
from tests.templates.template_edits import (
    Members,
    edited,
    problems,
    relation,
    retouched,
    stock,
    swap,
    swap_toml,
)

RUN = "<w:r><w:t>%s</w:t></w:r>"
CLAUSE = "<w:t>签不签由本户决定。"


def one_problem(folder: Path) -> tuple[str, str, str]:
    found = problems(folder)
    assert len(found) == 1, found
    return found[0].where, found[0].message, found[0].severity


@pytest.mark.parametrize(
    ("edit", "where", "says"),
    [
        (swap("{{乡镇}}", "{{乡鎮}}"), "表格1第1行第4格", "乡鎮"),
        (swap(CLAUSE, "<w:t>签不签由{{某人}}决定。"), "正文第5段", "{{某人}}"),
        (swap(CLAUSE, "<w:t>签不签{{框:村长签名}}。"), "正文第5段", "说明里有的框"),
        (swap("{{若:三岁以下孩子}}", "{{若:三岁以下孩于}}"), "正文第9段", "是不是“三岁以下孩子”"),
        (swap(CLAUSE, "<w:t>签不签由{{若:三岁以下孩子}}决定。"), "正文第5段", "一段的最前面"),
        (swap(CLAUSE, "<w:t>签不签由{{乡镇决定。"), "正文第5段", "大括号不成对"),
        (swap(CLAUSE, "<w:t>签不签由{乡镇}决定。"), "正文第5段", "少了一层大括号"),
        (swap(CLAUSE, "<w:t>签不签由｛｛乡镇｝｝决定。"), "正文第5段", "请改成半角"),
        (swap(CLAUSE, "<w:t>签不签{{框:甲方签名}}。"), "表格4第2行第3格", "出现了 2 次"),
        (swap(CLAUSE, "<w:t>{{成员.姓名}}。"), "正文第5段", "表格"),
        (swap("{{成员.性别}}", "{{成员.性别}}{{框:乙方签名}}"), "表格2第2行", "不能放签名"),
        (swap("第 </w:t>", "第 {{页}}</w:t>", "word/footer1.xml"), "页脚第1段", "{{页}}"),
        (swap(CLAUSE, "<w:t>乙方应交押金。"), "正文第5段", "现行法律不允许"),
        (swap(CLAUSE, '<w:ins w:id="1" w:author="x"/><w:t>'), "正文第5段", "接受所有修订"),
        (swap(CLAUSE, "<w:object/><w:t>"), "正文第5段", "OLE"),
        (swap(CLAUSE, '<w:fldSimple w:instr="DATE"/><w:t>'), "正文第5段", "不支持的域“DATE”"),
        (swap("<w:body>", '<w:body><w:altChunk r:id="rId90"/>'), "正文", "另一个文件"),
        (swap("{{若:三岁以下孩子}}", "{{若:三岁以下孩子}}{{若:六十岁以上老人}}"), "正文第9段", "只能有一个"),
        (swap("{{乡镇}}", "{{若:三岁以下孩子}}{{乡镇}}"), "表格1第1行第4格", "一行第一格的最前面"),
        (swap(" NUMPAGES ", ' INCLUDETEXT "x" ', "word/footer1.xml"), "页脚第1段", "INCLUDETEXT"),
        (swap("<w:tr><w:trPr>", '<w:tr><w:trPr><w:ins w:id="2" w:author="x"/>'), "正文", "接受所有修订"),
        (swap('w:h="16838"', 'w:h="15840"'), "页面设置", "A4"),
        (swap('w:h="16838"', 'w:h="高"'), "页面设置", "A4"),
        (swap('w:h="16838"', 'w:h="nan"'), "页面设置", "A4"),
        (retouched(r"<w:sectPr>.*</w:sectPr>", ""), "页面设置", "没有写纸张大小"),
        (swap('w:val="442" w:hRule="atLeast"', 'w:val="442" w:hRule="exact"'), "表格1第1行第4格", "最小值"),
        (
            swap("</w:sectPr>", '<w:docGrid w:type="lines" w:linePitch="312"/></w:sectPr>'),
            "页面设置",
            "无网格",
        ),
        (
            relation("hyperlink", "http://example.com/"),
            "contract.docx",
            "链接到外面的网址“http://example.com/”",
        ),
        (relation("image", "http://example.com/a.png"), "contract.docx", "把图片直接插入文档"),
        (relation("attachedTemplate", "file:///a.dotm"), "contract.docx", "Normal.dotm"),
    ],
)
def test_a_broken_document_is_named_by_place_and_remedy(
    tmp_path: Path, edit: Callable[[Members], None], where: str, says: str
) -> None:
    found = problems(edited(stock("01"), tmp_path, edit))
    assert any(problem.where == where and says in problem.message for problem in found), found
    assert all(problem.message.endswith(("。", "？")) for problem in found)


@pytest.mark.parametrize(
    ("name", "says"),
    [("word/vbaProject.bin", "宏"), ("word/embeddings/a.bin", "OLE"), ("word/comments.xml", "批注")],
)
def test_members_that_no_contract_needs_are_refused(tmp_path: Path, name: str, says: str) -> None:
    folder = edited(stock("02"), tmp_path, lambda members: members.update({name: b"<x/>"}))
    where, message, _ = one_problem(folder)
    assert where == "contract.docx"
    assert says in message


def _png(width: int, height: int) -> bytes:
    """The beginning of a PNG of that many pixels: what a program looks at to know how much memory it needs."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = (
        struct.pack(">I", zlib.crc32(chunk))
        + struct.pack(">I", 0)
        + b"IDAT"
        + struct.pack(">I", zlib.crc32(b"IDAT"))
    )
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + end


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("image1.png", _png(8_000, 6_000), "image1.png 太大（超过 4000 万像素）"),
        ("image1.PNG", _png(60_000, 60_000), "image1.PNG 太大"),
        ("image2.jpeg", b"\xff\xd8 no picture", "image2.jpeg 打不开"),
        ("image3.svg", b"<!DOCTYPE svg><svg/>", "带有 DOCTYPE 声明"),
        ("image3.svg", b"<svg>", "已经损坏"),
        ("image3.svg", b'<svg><path style="fill:url(http://example.invalid/a)"/></svg>', "链接到外面的内容"),
    ],
)
def test_a_picture_that_is_no_contracts_is_named(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    folder = edited(stock("01"), tmp_path, lambda members: members.update({f"word/media/{name}": data}))
    where, message, severity = one_problem(folder)
    assert (where, severity) == ("contract.docx", "error")
    assert says in message


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", _png(5_000, 7_000)),
        (
            "a.svg",
            b'<svg><use href="#a"/><image href="data:image/png;base64,"/><g style="fill:url(#b)"/></svg>',
        ),
    ],
)
def test_a_picture_that_is_whole_in_itself_is_taken(tmp_path: Path, name: str, data: bytes) -> None:
    edit: Callable[[Members], None] = lambda members: members.update({f"word/media/{name}": data})  # noqa: E731
    assert problems(edited(stock("01"), tmp_path, edit)) == []


def test_a_document_with_macros_is_refused_by_its_type(tmp_path: Path) -> None:
    edit = swap("wordprocessingml.document.main", "wordprocessingml.macroEnabled.main", "[Content_Types].xml")
    assert "不带宏的 .docx" in one_problem(edited(stock("01"), tmp_path, edit))[1]


def test_a_mark_that_word_split_over_runs_is_read_as_one(tmp_path: Path) -> None:
    split = RUN % "{{" + RUN % "乡" + '<w:proofErr w:type="spellStart"/>' + RUN % "镇}" + RUN % "}"
    folder = edited(stock("01"), tmp_path, retouched("<w:r>(?:(?!<w:r>).)*{{乡镇}}</w:t></w:r>", split))
    assert problems(folder) == []


def test_a_mark_of_the_manifest_that_the_document_lost_is_missed(tmp_path: Path) -> None:
    folder = edited(stock("03"), tmp_path, swap("{{框:甲方盖章}}", ""))
    where, message, severity = one_problem(folder)
    assert (where, severity) == ("contract.toml 的 boxes.party_a_seal", "error")
    assert "{{框:甲方盖章}}" in message


def test_an_unused_field_is_only_a_warning(tmp_path: Path) -> None:
    folder = edited(stock("03"), tmp_path, swap("{{通信地址}}", ""))
    assert one_problem(folder)[2] == "warning"


def test_a_list_takes_one_plain_row(tmp_path: Path) -> None:
    folder = edited(
        stock("01"),
        tmp_path,
        retouched(r"(<w:tr>(?:(?!<w:tr>).)*?{{成员\.姓名}}.*?</w:tr>)", r"\1\1"),
    )
    where, message, _ = one_problem(folder)
    assert where == "表格2第3行"
    assert "只能用一行" in message


def test_a_row_that_repeats_has_no_merged_cell(tmp_path: Path) -> None:
    merged = retouched(
        r"(<w:tcPr>(?:(?!<w:tcPr>).)*?)(<w:vAlign[^>]*/></w:tcPr>(?:(?!<w:tcPr>).)*?{{成员\.姓名}})",
        r"\1<w:vMerge/>\2",
    )
    where, message, _ = one_problem(edited(stock("01"), tmp_path, merged))
    assert where == "表格2第2行"
    assert "取消合并" in message


def test_a_row_repeats_for_one_list_only(tmp_path: Path) -> None:
    animals = '[rows.animals]\nname = { label = "牲畜.名称", source = "member.name", width = 9 }\n\n[clauses]'
    folder = edited(
        stock("01"),
        tmp_path,
        swap("{{成员.性别}}", "{{成员.性别}}{{牲畜.名称}}"),
        swap_toml("[clauses]", animals),
    )
    assert any("一行里有两个列表（animals、members）" in problem.message for problem in problems(folder))


def test_a_row_that_repeats_has_no_table_inside(tmp_path: Path) -> None:
    inner = "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
    nested = retouched(r"(</w:tcPr>)((?:(?!<w:tcPr>).)*?{{成员\.姓名}})", rf"\1{inner}\2")
    where, message, _ = one_problem(edited(stock("01"), tmp_path, nested))
    assert where == "表格2第2行"
    assert "里面的表格移出来" in message


def test_a_clause_that_would_empty_its_table_is_refused(tmp_path: Path) -> None:
    table = "<w:tbl><w:tr><w:tc><w:p>" + RUN % "{{若:新婚}}甲" + "</w:p></w:tc></w:tr></w:tbl>"
    folder = edited(stock("02"), tmp_path, swap("<w:body>", "<w:body>" + table))
    assert "去掉就空了" in one_problem(folder)[1]


def test_rotated_text_cannot_hold_a_mark(tmp_path: Path) -> None:
    rotated = retouched(
        r'(<w:vAlign w:val="center"/></w:tcPr>(?:(?!<w:tcPr>).)*?{{乡镇}})',
        r'<w:textDirection w:val="tbRl"/>\1',
    )
    where, message, _ = one_problem(edited(stock("01"), tmp_path, rotated))
    assert where == "表格1第1行第4格"
    assert "改成横排" in message


def test_a_rotated_text_box_cannot_hold_a_mark(tmp_path: Path) -> None:
    shape = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    box = (
        f'<w:p><w:r><s:wsp xmlns:s="{shape}"><s:txbx><w:txbxContent><w:p>{RUN % "{{乡镇}}"}</w:p></w:txbxContent>'
        '</s:txbx><s:bodyPr vert="vert270"/></s:wsp></w:r></w:p>'
    )
    where, message, _ = one_problem(edited(stock("01"), tmp_path, swap("<w:body>", "<w:body>" + box)))
    assert where == "正文文本框1"
    assert "改成横排" in message


def test_a_mark_in_a_footnote_is_refused(tmp_path: Path) -> None:
    note = f'<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote><w:p>{RUN % "{{乡镇}}"}</w:p></w:footnote></w:footnotes>'
    folder = edited(
        stock("01"), tmp_path, lambda members: members.update({"word/footnotes.xml": note.encode()})
    )
    assert one_problem(folder)[:2] == ("脚注第1段", "脚注和尾注里不能写标记。请把它移到正文。")


def test_a_text_box_and_its_fallback_are_one_place(tmp_path: Path) -> None:
    content = f"<w:txbxContent><w:p>{RUN % '{{乡下}}'}</w:p></w:txbxContent>"
    box = (
        '<w:p><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{content}</mc:Choice><mc:Fallback>{content}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    where, message, _ = one_problem(edited(stock("01"), tmp_path, swap("<w:body>", "<w:body>" + box)))
    assert where == "正文文本框1"
    assert "乡下" in message


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("w = 42, h = 42", "w = 40, h = 40", "boxes.party_a_seal", "42 × 42"),
        ("w = 45, h = 10", "w = 12, h = 10", "boxes.sign_date", "框太小"),
        ('"member.sex"', '"member.gender"', "rows.members.sex", "来源“member.gender”不存在"),
        ('"household.group"', '"stay.to"', "fields.group", "可以用的来源"),
        ("[who]", "[who]\nage = { min = 18 }", "who.age", "没有“age”这个条件"),
        (
            "youngest_age = { max = 2 }",
            "youngest_age = true",
            "clauses.child_under_three.youngest_age",
            "应当写范围",
        ),
        ("{ max = 2 }", "{ min = 9, max = 2 }", "clauses.child_under_three.youngest_age", "请对调"),
        (
            'source = "term.start", format = "date"',
            'source = "term.start"',
            "fields.term_start",
            "请加上 format",
        ),
        ('"town.name"', '"town.name", format = "masked"', "fields.town", "只有证件号码和电话"),
        ('kind = "calendar_year"', 'kind = "years"', "term.years", "请写几年"),
        ("[rows.members]", "[rows.animals]", "rows.animals", "没有这个列表"),
        ("h = 12, required = false", "h = 12", "boxes.privacy_consent", "required = false"),
        ('"town.name"', '"town.name", format = "date"', "fields.town", "不是日期"),
        ('label = "乡镇"', 'label = "乡镇 "', "fields", "首尾不能有空格"),
        ('kind = "calendar_year"', 'kind = "calendar_year"\nyears = 2', "term.years", "请删去"),
        ('kind = "calendar_year"', 'kind = "away"', "term.kind", "只适用于个人合同"),
        ("privacy_consent =", "consent =", "boxes", "缺少单独同意的签名框 privacy_consent"),
        ('"party.name"', '"village.name"', "fields", "没有印当事人名称的空格（source = “party.name”）"),
        ('label = "乡镇"', 'label = "户编号"', "fields", "“户编号”用了 2 次"),
        ('label = "乡镇"', 'label = "乡\\u200b镇"', "fields", "看不见的字符"),
        ('title = "家庭', 'title = "家庭\\n', "title", "换行等看不见的字符"),
        ('title = "家庭', 'title = "' + "家" * 50, "title", "最多 50 个字"),
        ('version = "2026.1"', 'version = "2026.1\\u001b[31m"', "version", "看不见的字符"),
        ('version = "2026.1"', 'version = " "', "version", "首尾不能有空格"),
    ],
)
def test_a_manifest_that_no_contract_can_keep_is_named_by_its_key(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    found = problems(edited(stock("01"), tmp_path, toml=swap_toml(old, new)))
    assert any(
        problem.where == f"contract.toml 的 {where}" and says in problem.message for problem in found
    ), found


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("[boxes]", "[who]\nage = { min = 18 }\n[boxes]", "who", "没有条件可写"),
        (
            "[boxes]",
            "[rows.members]\nname = { label = '人', source = 'member.name', width = 9 }\n[boxes]",
            "rows.members",
            "没有这个列表",
        ),
        ('"village.name"', '"unit.name"', "fields", "没有印当事人名称的空格（source = “village.name”）"),
        ('"town.name"', '"household.group"', "fields.town", "来源“household.group”不存在"),
        ('"calendar_year"', '"away"', "term.kind", "只适用于个人合同"),
    ],
)
def test_a_rule_about_a_village_is_named_by_its_key(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    folder = edited(village_template(tmp_path / "10"), tmp_path / "a", toml=swap_toml(old, new))
    found = problems(folder)
    assert any(one.where == f"contract.toml 的 {where}" and says in one.message for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "where", "says"),
    [
        ("wants_service = true", "wants_service = { min = 1 }", "who.wants_service", "true 或 false"),
        ("wants_service = true", "sex = { min = 1 }", "who.sex", "带引号的文字"),
        ("wants_service = true", "wants_servise = true", "who.wants_servise", "是不是“wants_service”"),
        ('kind = "signature", w = 45, h = 12 }', 'kind = "date", w = 45, h = 12 }', "boxes", "必须签名"),
    ],
)
def test_a_rule_about_a_person_is_named_by_its_key(
    tmp_path: Path, old: str, new: str, where: str, says: str
) -> None:
    folder = edited(stock("03"), tmp_path, toml=lambda text: text.replace(old, new))
    found = problems(folder)
    assert any(problem.where == f"contract.toml 的 {where}" and says in problem.message for problem in found)


def test_an_office_accepts_a_word_with_a_reason(tmp_path: Path) -> None:
    wording = swap(CLAUSE, "<w:t>乙方应交押金。")
    accept = swap_toml("[term]", '[[accepted]]\nword = "押金"\nreason = "押金由乙方自行约定"\n\n[term]')
    assert len(problems(edited(stock("01"), tmp_path / "as it is", wording))) == 1
    assert problems(edited(stock("01"), tmp_path / "accepted", wording, accept)) == []


def test_an_office_adds_a_word_of_its_own(tmp_path: Path) -> None:
    template = load_template(edited(stock("01"), tmp_path, swap(CLAUSE, "<w:t>不签的扣分。")))
    assert static_problems(template) == []
    assert "扣分" in static_problems(template, ["扣分"])[0].message


def test_who_signs_must_stand_on_the_first_page(tmp_path: Path) -> None:
    over = swap("乙方：", '乙方：</w:t><w:br w:type="page"/><w:t>')
    template = load_template(edited(village_template(tmp_path / "10"), tmp_path / "a", over))
    (found,) = template_problems(template)
    assert found == TemplateProblem(
        "排版", "当事人的名称（村（居）委会）要印在第 1 页上，请移过去。", "error"
    )
