"""Reading a template's folder: whatever is wrong is said in Chinese, with the file, the key and the remedy."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline import template as module
from pipeline.errors import ManifestFaulty, TemplateIncomplete, TemplateUnreadable
from pipeline.template import load_template
from tests.templates.template_edits import NAMES, STOCK, Members, edited, problems, stock, swap, swap_toml

WORD = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"


@pytest.mark.parametrize("name", ["contract.docx", "contract.toml"])
def test_a_folder_without_both_files_is_incomplete(tmp_path: Path, name: str) -> None:
    folder = edited(stock("01"), tmp_path)
    (folder / name).unlink()
    with pytest.raises(TemplateIncomplete, match=name):
        load_template(folder)


def test_a_folder_that_is_not_there_is_incomplete(tmp_path: Path) -> None:
    with pytest.raises(TemplateIncomplete, match="没有"):
        load_template(tmp_path / "没有")


def _zip(*members: tuple[str, bytes], packed: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def _document(body: bytes, head: bytes = b"", name: bytes = WORD) -> bytes:
    xml = head + b'<w:document xmlns:w="' + name + b'"><w:body>' + body + b"</w:body></w:document>"
    return _zip(("word/document.xml", xml))


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "不是 .docx"),
        (b"%PDF-1.7", "不是 .docx"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600), "密码"),
        (_zip(("xl/workbook.xml", b"<x/>")), "不是 Word 文档"),
        (_zip(("word/document.xml", b"<x>")), "word/document.xml 已经损坏"),
        (_zip(("word/document.xml", bytes(60_000_000))), "太大"),
        (_zip(*((f"{number}.bin", b"") for number in range(400))), "太大"),
        (bytes(11_000_000), "10 MB"),
        (_zip(("word/document.xml", b"<x/>"), packed=zipfile.ZIP_LZMA), "已经损坏"),
        (_zip(("word/document.xml", b"<x/>"), ("Word/Document.xml", b"<x/>")), "同名的部分"),
        (_document(b"<w:p><w:r><w:t>" + b"{{" * 1_001 + b"</w:t></w:r></w:p>"), "1001 个标记"),
        (_document(b"", name=b"http://purl.oclc.org/ooxml/wordprocessingml/main"), "Strict"),
        (_document(b"<w:p/>" * 100_000), "有 100000 段，超过 5000 段"),
        (_document(b"<w:x/>" * 1_000_000), "word/document.xml 太大"),
        (_document(b"<w:x>" * 400 + b"</w:x>" * 400), "已经损坏"),
        (_document(b"&b;", LAUGHS), "读不了"),
        (_document(b"", b"<!--" + b"x" * 9_000 + b"-->" + LAUGHS), "DOCTYPE"),
        (_zip(("word/document.xml", "<!DOCTYPE x><x/>".encode("utf-16"))), "DOCTYPE"),
    ],
    ids=[
        "empty",
        "pdf",
        "old doc",
        "workbook",
        "cut",
        "bomb",
        "many members",
        "large",
        "packed as no docx is",
        "two of one name",
        "a thousand marks",
        "strict",
        "100,000 paragraphs",
        "a million tags",
        "deep",
        "entities",
        "doctype behind a comment",
        "doctype in UTF-16",
    ],
)
def test_what_is_no_sound_docx_is_unreadable_with_a_remedy(tmp_path: Path, data: bytes, says: str) -> None:
    folder = edited(stock("01"), tmp_path)
    (folder / "contract.docx").write_bytes(data)
    with pytest.raises(TemplateUnreadable, match=says) as caught:
        load_template(folder)
    assert "请" in caught.value.message
    assert caught.value.file == str(folder / "contract.docx")


def test_a_docx_cut_short_is_unreadable(tmp_path: Path) -> None:
    folder = edited(stock("01"), tmp_path)
    whole = (folder / "contract.docx").read_bytes()
    for length in (len(whole) // 3, len(whole) - 40):
        (folder / "contract.docx").write_bytes(whole[:length])
        with pytest.raises(TemplateUnreadable):
            load_template(folder)


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml"])
def test_entities_are_never_resolved(tmp_path: Path, part: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("机密")
    doctype = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><w:'
    with pytest.raises(TemplateUnreadable, match="DOCTYPE"):
        load_template(edited(stock("01"), tmp_path, swap("<w:", doctype, part)))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (swap_toml('label = "乡镇", ', ""), "“fields.town.label”没有写"),
        (swap_toml("width = 46 }", 'width = "宽" }'), "“fields.town.width”应当是数"),
        (swap_toml("width = 46 }", "width = 300 }"), "“fields.town.width”不能大于 210"),
        (swap_toml("width = 42 }", "width = 42, fromat = 1 }"), "“fields.campaign_name.fromat”不认识"),
        (swap_toml('source = "member.sex", width = 10', "width = 10"), "“rows.members.sex.source”没有写"),
        (
            swap_toml("{ max = 2 }", "{ most = 2 }"),
            "“clauses.child_under_three.when.youngest_age.most”不认识",
        ),
        (swap_toml('"household"', '"family"'), "“scope”没有这个选项，请改成下列之一：household（户）"),
        (swap_toml('kind = "seal"', 'kind = "stamp"'), "“boxes.party_a_seal.kind”没有这个选项"),
        (swap_toml('number = "01"', 'number = "1"'), "“number”应当是两位数字"),
        (swap_toml("copies = 2", "copies = 0"), "“copies”不能小于 1"),
        (swap_toml('title = "', "title = "), "第 5 行"),
        (swap_toml("town = {", "乡镇 = {"), "第"),
        (swap_toml("town = {", '"乡镇" = {'), "“fields.乡镇”名称只能用小写英文字母"),
        (swap_toml("[clauses]", "[fields]"), "写了两遍"),
        (swap_toml('number = "01"', 'number = "10\\n"'), "“number”应当是两位数字"),
        (swap_toml('name = "household_responsibility"', 'name = "a\\n"'), "“name”"),
        (swap_toml('version = "2026.1"', "version = 2026-01-01"), "现在写的是日期"),
        (swap_toml("youngest_age = { max = 2 }", "youngest_age = 2"), "{ min = 18, max = 49 }"),
        (swap_toml("copies = 2", f"copies = {'9' * 5000}"), "写法不对"),
        (swap_toml("copies = 2", f"copies = {'[' * 2000}{']' * 2000}"), "写法不对"),
        (swap_toml("[term]", f"[a{'.a' * 3000}]\n[term]"), "请"),
        (
            swap_toml("[term]", '[[accepted]]\nword = "押金"\nreason = "无"\n[term]'),
            "“accepted.0.reason”至少要写 4 个字",
        ),
    ],
)
def test_a_faulty_manifest_is_named_by_file_key_and_remedy(
    tmp_path: Path, edit: Callable[[str], str], says: str
) -> None:
    folder = edited(stock("01"), tmp_path, toml=edit)
    with pytest.raises(ManifestFaulty) as caught:
        load_template(folder)
    assert says in caught.value.message
    assert str(folder / "contract.toml") in caught.value.message
    assert "请" in caught.value.message


@pytest.mark.parametrize("name", ["contract.docx", "contract.toml"])
def test_what_is_no_file_is_never_waited_for(tmp_path: Path, name: str) -> None:
    folder = edited(stock("01"), tmp_path)
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(TemplateUnreadable, match=f"{name}”读不了：它不是文件"):
        load_template(folder)


def test_no_more_is_read_than_a_template_may_have(tmp_path: Path) -> None:
    folder = edited(stock("01"), tmp_path)
    with (folder / "contract.toml").open("a", encoding="utf-8") as file:
        file.write("#" * 200_000)
    with pytest.raises(TemplateUnreadable, match=r"大于 0.2 MB。请检查是不是放错了文件"):
        load_template(folder)


def test_a_manifest_in_another_encoding_says_how_to_save_it(tmp_path: Path) -> None:
    folder = edited(stock("01"), tmp_path)
    (folder / "contract.toml").write_bytes((folder / "contract.toml").read_text("utf-8").encode("gb18030"))
    with pytest.raises(ManifestFaulty, match="UTF-8"):
        load_template(folder)


def test_a_manifest_saved_by_notepad_reads_the_same(tmp_path: Path) -> None:
    folder = edited(stock("01"), tmp_path)
    text = (folder / "contract.toml").read_text("utf-8")
    (folder / "contract.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_template(folder).manifest == load_template(stock("01")).manifest


def test_a_template_is_named_by_the_bytes_of_both_files(tmp_path: Path) -> None:
    def other_word(members: Members) -> None:
        swap("家庭计划生育责任书", "家庭责任书")(members)

    same = load_template(edited(stock("01"), tmp_path / "same"))
    wording = load_template(edited(stock("01"), tmp_path / "wording", other_word))
    rules = load_template(edited(stock("01"), tmp_path / "rules", toml=swap_toml("copies = 2", "copies = 3")))
    assert same.sha256 == load_template(stock("01")).sha256
    assert len({same.sha256, wording.sha256, rules.sha256}) == 3


@pytest.mark.parametrize("folder", STOCK, ids=NAMES)
def test_a_stock_template_has_no_problem(folder: Path) -> None:
    assert problems(folder) == []


def test_a_stock_template_is_far_below_every_limit() -> None:
    docx = stock("01") / "contract.docx"
    assert docx.stat().st_size * 100 < module.MAX_DOCX
