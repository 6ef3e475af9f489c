"""The command line as a clerk meets it: Chinese, one JSON value, clear errors, the right exit status."""

import ast
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import click
import openpyxl
import pytest

import pipeline.errors
from archive import errors
from pipeline import zh
from pipeline.cli import file_trouble
from tests.conftest import huyue

# Texts that only a program's author or a shell's completion meets.
FOR_PROGRAMMERS = (
    "DeprecationWarning", "Could not determine name", "No options defined", "Arguments take exactly one",
    "Name '{name}' defined twice", "Boolean option", "Couldn't detect Bash", "Shell completion",
    "Unknown standard stream", "Unknown color",
)  # fmt: skip


def test_every_text_of_click_that_a_user_can_meet_is_translated() -> None:
    found = set()
    for file in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "ngettext"):
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    texts = {text for text in found if isinstance(text, str) and not text.startswith(FOR_PROGRAMMERS)}
    assert texts - set(zh.TEXTS) == set()


@pytest.mark.parametrize(
    "command",
    ["", "init", "doctor", "roster", "roster check", "roster import", "template", "template list", "template check",
     "template preview", "plan", "print", "intake", "review", "review list", "review show", "review assign",
     "review reject", "review undo", "search", "index", "index rebuild", "show", "close", "audit", "finding",
     "finding show", "finding explain", "finding fixed", "finding reopen", "finding record", "sample",
     "sample draw", "sample list", "sample show", "sample record", "sample result", "verify", "four-checks",
     "backup", "restore", "journal", "journal head", "journal list", "journal proof", "journal check", "retention",
     "export", "key", "key show", "key protect", "key unprotect", "key recovery", "key recover", "key change",
     "campaign", "campaign list", "demo", "report", "report period", "report bulletin", "report selfcheck",
     "report contracts", "worklist", "promise", "promise due", "promise show", "promise done", "promise undo",
     "promise record", "ledger", "calendar"],
)  # fmt: skip
def test_every_help_is_chinese_and_shows_an_example(command: str) -> None:
    answer = huyue(*command.split(), "--help")
    assert answer.status == 0
    assert "用法：" in answer.out
    for english in ("Usage", "Options", "Commands", "Show this message", "Show the version", "required]"):
        assert english not in answer.out
    if command not in ("roster", "template", "campaign", "review", "index", "journal"):
        assert "例：" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["没有的命令"], "没有 '没有的命令' 这个命令"),
        (["plan"], "缺少选项"),
        (["init"], "缺少参数"),
        (["--today", "昨天", "doctor"], "不是日期"),
        (["--today", "9999-12-31", "doctor"], "年之间"),
        (["template", "preview", "--out", "/dev/null/预览", "01"], "路径中有一段是文件"),
        (["init", "/dev/null"], "没有在那里建档案库"),
        (["print", "--campaign", "x", "--out", "y", "--copies", "99"], "不在范围"),
        (["plan", "--campaign", "2026春"], "没有说明用哪个档案库"),
        (["template", "check", "没有的模板"], "没有叫“没有的模板”的合同模板"),
    ],
)
def test_wrong_usage_is_said_in_chinese_with_status_2(arguments: list[str], said: str) -> None:
    answer = huyue(*arguments)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    answer = huyue(*arguments, "--json")
    assert answer.status == 2
    assert said in answer.json["error"]["message"]


def test_shared_options_hold_before_and_after_the_command_and_beat_their_variables(tmp_path: Path) -> None:
    home, other = tmp_path / "一", tmp_path / "二"
    assert huyue("init", home).status == huyue("init", other, "--json").status == 0
    before = huyue("--json", "--home", home, "campaign", "list")
    after = huyue("campaign", "list", "--home", home, "--json")
    between = huyue("campaign", "--home", home, "list", "--json", HUYUE_HOME=str(tmp_path / "没有"))
    assert before == after == between
    assert before.json == []
    assert huyue("campaign", "list", "--home", home, "--today", "2026-01-01", today="坏的").status == 0
    assert huyue("campaign", "list", "--home", home, today="坏的").status in (0, 2)
    assert huyue("roster", "check", "没有.xlsx", HUYUE_HOME=str(tmp_path)).status == 3
    assert huyue("campaign", "list", "--json", HUYUE_HOME=str(other)).json == []


def test_a_new_archive_has_its_key_beside_it_for_its_owner_only(tmp_path: Path) -> None:
    answer = huyue("init", tmp_path / "档案库", "--json")
    assert answer.json["divisions"] == 156
    key = tmp_path / "档案库.key"
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"SQLite" not in (tmp_path / "档案库" / "catalogue.db").read_bytes()[:100]


def test_an_archive_can_be_renamed_with_its_key_or_have_it_elsewhere(tmp_path: Path) -> None:
    huyue("init", tmp_path / "旧")
    (tmp_path / "旧").rename(tmp_path / "新")
    assert huyue("--home", tmp_path / "新", "campaign", "list").status == 5
    (tmp_path / "旧.key").rename(tmp_path / "新.key")
    assert huyue("--home", tmp_path / "新", "campaign", "list").status == 0
    (tmp_path / "新.key").rename(tmp_path / "钥匙")
    elsewhere = str(tmp_path / "钥匙")
    assert huyue("--home", tmp_path / "新", "campaign", "list", HUYUE_KEY_FILE=elsewhere).status == 0
    assert huyue("init", tmp_path / "第二个", HUYUE_KEY_FILE=elsewhere).status == 0
    assert not (tmp_path / "第二个.key").exists()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "有东西").mkdir()
    (tmp_path / "有东西" / "文件").write_text("重要")
    answer = huyue("init", tmp_path / "有东西", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "home_exists")
    (tmp_path / "丢了.key").write_text("0" * 64)
    answer = huyue("init", tmp_path / "丢了", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "key_exists")
    assert (tmp_path / "丢了.key").read_text() == "0" * 64


def test_a_folder_that_is_no_archive_a_wrong_key_and_none_end_with_status_5(
    tmp_path: Path, new_home: Callable[[], Path]
) -> None:
    answer = huyue("--home", tmp_path, "campaign", "list", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (5, "not_an_archive")
    home = new_home()
    key = home.with_name("档案库.key")
    right = key.read_text()
    for text, code in (("1" * 64, "wrong_key"), ("密钥", "key_unreadable"), (right[:40], "key_unreadable")):
        key.write_text(text, encoding="utf-8")
        answer = huyue("--home", home, "campaign", "list", "--json")
        assert (answer.status, answer.json["error"]["code"]) == (5, code)
    key.unlink()
    answer = huyue("--home", home, "campaign", "list", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (5, "key_missing")
    key.write_text(right)
    assert huyue("--home", home, "campaign", "list").status == 0


def test_a_damaged_catalogue_ends_with_status_5(new_home: Callable[[], Path]) -> None:
    home = new_home()
    data = bytearray((home / "catalogue.db").read_bytes())
    data[5000:9000] = bytes(4000)
    (home / "catalogue.db").write_bytes(bytes(data))
    answer = huyue("--home", home, "campaign", "list", "--json")
    assert answer.status == 5
    assert str(home) in answer.json["error"]["file"]


def test_settings_that_are_wrong_are_named(new_home: Callable[[], Path]) -> None:
    home = new_home()
    assert huyue("--home", home, "plan", "--campaign", "x", "--date", "2026-03-01", "--json").status == 2
    (home / "huyue.toml").write_text("[office]\nstaton = '写错了'\n", encoding="utf-8")
    answer = huyue("--home", home, "plan", "--campaign", "x", "--date", "2026-03-01", "--json")
    assert (answer.status, answer.json["error"]["code"]) == (2, "bad_settings")


def test_bad_rosters_end_with_status_3_and_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "文字.xlsx").write_text("不是工作簿", encoding="utf-8")
    (tmp_path / "空.xlsx").write_bytes(b"")
    book = openpyxl.Workbook()
    book.save(tmp_path / "无字.xlsx")
    book.worksheets[0].append(["甲", "乙"])
    book.worksheets[0].append([1, 2])
    book.save(tmp_path / "无表头.xlsx")
    for name in ("文字.xlsx", "空.xlsx", "无字.xlsx", "无表头.xlsx", "没有.xlsx", "."):
        answer = huyue("roster", "check", tmp_path / name, "--json")
        assert answer.status == 3, name
        assert answer.json["error"]["file"] == str(tmp_path / name)
        assert "请" in answer.json["error"]["message"]


def test_a_village_of_two_is_wrong_usage_naming_both(new_home: Callable[[], Path]) -> None:
    home = new_home()
    answer = huyue(
        "--home", home, "plan", "--campaign", "x", "--date", "2026-03-01", "--village", "民族村", "--json"
    )
    assert answer.status == 2
    assert answer.json["error"]["code"] == "village_ambiguous"
    assert answer.json["error"]["message"].count("451225") == 2


def test_nobody_sees_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "档案库").mkdir()
    (tmp_path / "档案库" / "catalogue.db").mkdir()
    answer = huyue("--home", tmp_path / "档案库", "campaign", "list")
    assert "Traceback" not in answer.err + answer.out
    assert answer.status == 5


def test_every_error_has_a_message_of_its_own_in_chinese() -> None:
    for kind in (*vars(errors).values(), *vars(pipeline.errors).values()):
        if isinstance(kind, type) and issubclass(kind, errors.HuyueError):
            assert kind.__doc__ == "{detail}" or any("一" <= letter <= "鿿" for letter in kind.__doc__ or "")


def test_doctor_names_what_it_looked_at(new_home: Callable[[], Path]) -> None:
    answer = huyue("--home", new_home(), "doctor", "--json")
    assert answer.status == 0
    assert {one["name"] for one in answer.json} >= {"LibreOffice", "宋体", "楷体", "密钥", "日志"}


def test_a_group_without_a_command_shows_its_help_and_with_json_an_error() -> None:
    answer = huyue("roster")
    assert (answer.status, answer.out) == (2, "")
    assert "check" in answer.err
    assert huyue("roster", "--json").json["error"]["code"] == "wrong_usage"


def test_of_a_full_disk_it_is_said_that_room_must_be_made() -> None:
    assert file_trouble(OSError(errno.ENOSPC, "")) == "读写文件时出错：磁盘满了。请腾出地方，再运行同一命令。"
    assert "名册.xlsx 用不了：没有权限" in file_trouble(PermissionError(errno.EACCES, "", "名册.xlsx"))
