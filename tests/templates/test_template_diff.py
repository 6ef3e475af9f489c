"""`template diff`: the words that changed by their place, rules by key, everything else in a line."""

from pathlib import Path

from pipeline.template import load_template
from pipeline.template_diff import TemplateChanges, as_lines, compared
from tests.conftest import huyue
from tests.templates.template_edits import Members, edited, retouched, stock, swap, swap_toml


def changes(new: Path, old: Path = stock("01")) -> TemplateChanges:  # noqa: B008
    return compared(load_template(old), load_template(new))


def test_the_same_template_saved_again_by_word_has_no_difference(tmp_path: Path) -> None:
    def saved_again(members: Members) -> None:
        swap("<w:p>", '<w:p w:rsidR="00A77B3E" w:rsidRDefault="00A77B3E">', times=9)(members)
        swap("<w:t>家庭计划生育责任书", '<w:t xml:space="preserve">家庭计划生育责任书')(members)

    found = changes(edited(stock("01"), tmp_path, saved_again))
    assert as_lines(found) == ["《家庭计划生育责任书》2026.1 版 → 2026.1 版", "没有不同。"]


def test_words_are_shown_with_their_place_and_a_little_around_them(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        swap("签不签由本户决定。", "签与不签由本户自己决定。")(members)
        retouched(
            "<w:p>((?:(?!<w:p>).)*户主已经看过.*?)</w:p>",
            r"<w:p>\1</w:p><w:p><w:r><w:t>另加一段。</w:t></w:r></w:p>",
        )(members)
        swap("成员", "家人", times=1)(members)
        swap("第 </w:t>", "第</w:t>", "word/footer1.xml")(members)

    lines = as_lines(changes(edited(stock("01"), tmp_path, edit)))
    assert "签【加“与”】不签由本户【加“自己”】决定。" in next(
        line for line in lines if line.startswith("正文第5段")
    )
    assert any(line.endswith("加了：另加一段。") for line in lines)
    assert any(line.startswith("页脚第1段　改了：") for line in lines)


def test_a_cell_and_a_removed_paragraph_are_placed_as_a_clerk_counts(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        retouched("<w:p>(?:(?!<w:p>).)*{{若:三岁以下孩子}}.*?</w:p>", "")(members)
        swap("{{乡镇}}", "{{乡镇}}（盖章）")(members)

    found = changes(edited(stock("01"), tmp_path, edit)).text
    assert [(one.where, one.kind) for one in found] == [
        ("表格1第1行第4格", "changed"),
        ("正文第9段", "removed"),
    ]


def test_rules_are_named_in_chinese_and_by_key(tmp_path: Path) -> None:
    def toml(text: str) -> str:
        text = text.replace("w = 45, h = 10 }", "w = 50, h = 10 }").replace("{ max = 2 }", "{ max = 3 }")
        return text.replace('phone = { label = "联系电话"', 'telephone = { label = "联系电话"')

    lines = as_lines(changes(edited(stock("01"), tmp_path, toml=toml)))
    assert "contract.toml　框“sign_date”的宽（boxes.sign_date.w）：“45”改为“50”" in lines
    assert any("看情况的条款“child_under_three”的条件“youngest_age”的最大" in line for line in lines)
    assert "contract.toml　空格“phone”的标签（fields.phone.label）：删“联系电话”" in lines
    assert "contract.toml　空格“telephone”的标签（fields.telephone.label）：加“联系电话”" in lines


def test_pictures_styles_and_the_page_are_said_in_a_line_each(tmp_path: Path) -> None:
    def edit(members: Members) -> None:
        members["word/media/image1.png"] = b"\x89PNG"
        swap('w:val="44"', 'w:val="42"', "word/styles.xml")(members)
        swap('w:bottom="2268"', 'w:bottom="2200"')(members)

    found = changes(edited(stock("01"), tmp_path, edit))
    assert found.text == ()
    assert [line.partition("有改动")[0] for line in found.other] == [
        "页面设置（纸张、页边距、分栏、页眉页脚的位置）",
        "图片",
        "样式（字体、字号、行距）",
    ]


def test_two_folders_are_compared_without_an_archive(tmp_path: Path) -> None:
    new = edited(stock("01"), tmp_path, toml=swap_toml('"2026.1"', '"2026.2"'))
    answer = huyue("template", "diff", stock("01"), new, "--json")
    assert answer.status == 0
    assert answer.json == {
        "name": "household_responsibility",
        "old": "2026.1",
        "new": "2026.2",
        "text": [],
        "rules": [{"key": "version", "what": "版本", "old": "2026.1", "new": "2026.2"}],
        "other": [],
    }
    assert huyue("template", "diff", new).out.splitlines()[0] == "《家庭计划生育责任书》2026.1 版 → 2026.2 版"
    assert huyue("template", "diff", new, new, new).status == 2
