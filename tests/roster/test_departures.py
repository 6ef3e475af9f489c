"""变动情况: who is said to be dead or gone leaves the household, and a remark that only sounds so takes nobody."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.roster.output import roster_json
from pipeline.roster.problems import quoted
from pipeline.roster.screen import roster_line
from pipeline.roster.words import is_doubtful_departure, read_departure
from tests.conftest import FULL
from tests.roster.roster_files import COLUMNS, Cells, changed, found, homes, read, row, write

HEADINGS = [*COLUMNS, "变动情况"]
DIED = """死亡 已故 去世 病故 亡故 身故 过世 病逝 死 亡 殁 已死亡 本人已去世 去世了 死亡。 【死亡】 “死亡” 2025年12月病故
死亡（2025.3） 死亡2025.3 死亡，2025年 2025-03-01死亡 20250301死亡 去年底去世 二〇二五年三月死亡 于2025年3月去世 殁于2025年3月
死亡、2025年上半年 因病去世 在柳州市去世 2025年3月死于柳州市 死亡注销 死亡，户口已注销 注销（死亡）""".split()
MOVED = """迁出 已迁出 户口迁出 全家迁出 迁走 搬走 外迁 转出 嫁出 外嫁 出嫁 因婚迁出 迁往柳州市 户口迁往柳州市 迁往广东 迁往东门镇3组
嫁往中山市 外嫁到湖南 迁出至来宾市 迁出（柳州市） 迁出，2024.5 2025年3月迁往广西来宾市 户口已于2025年3月迁出""".split()
# The reviewer's four, then what offices write of others, of plans, of a return, of a move to here.
DOUBTFUL = """配偶死亡 未死亡 拟迁出，未办 出嫁女回迁入 父亲去世 死亡（配偶） 配偶，死亡 妻迁往柳州市 出嫁女 外嫁女 未迁出 准备迁出
预计2026年3月迁出 迁往柳州市未办 迁往柳州市后回村 迁出又迁回 迁出，又迁回 户口未迁出 死亡？ 死亡/迁出 □死亡□迁出 不是死亡 死亡保险金
嫁到本村 迁至本村 迁往本屯 迁到冲洞村 迁往新居 搬到新屋 迁移 回迁 改嫁 易地搬迁 注销 户口注销 死亡13812345678""".split()
REMARKS = [
    "",
    "-",
    "无",
    *"迁入 2025年3月迁入 迁来 嫁入 婚嫁入 搬入 出生 新增 正常 外出 参军 柳州市 2025年3月 分户".split(),
]
_settings = settings(max_examples=2000 if FULL else 60, deadline=None)


@pytest.mark.parametrize(
    ("written", "departure", "doubtful"),
    [
        *((one, "died", False) for one in DIED),
        *((one, "moved", False) for one in MOVED),
        *((one, "", True) for one in DOUBTFUL),
        *((one, "", False) for one in REMARKS),
        ("死　亡", "died", False),
        (date(2025, 3, 1), "", False),
    ],
)
def test_only_a_plain_statement_is_a_departure(written: str, departure: str, doubtful: bool) -> None:
    assert (read_departure(written), is_doubtful_departure(written)) == (departure, doubtful)


_PIECES = st.sampled_from(
    [
        *DIED,
        *MOVED,
        *DOUBTFUL,
        *REMARKS,
        *"未拟不又回女妻父，（）/？年月 　于在往到",
        "2025年",
        "2025.3",
        "柳州市",
        "45122519800614201X",
    ]
)
_TEXTS = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=60).map("".join))


@given(_TEXTS)
@_settings
def test_any_text_is_a_departure_a_doubt_or_a_remark(written: str) -> None:
    departure = read_departure(written)
    assert departure in ("", "died", "moved")
    assert not (departure and is_doubtful_departure(written))
    assert len(quoted(written)) <= 31


@given(
    st.sampled_from([*DIED, *MOVED]), st.sampled_from("未 没 不 拟 配偶 父亲 妻 儿子 准备 欲 非 待".split())
)
@_settings
def test_a_departure_of_somebody_else_or_not_yet_is_a_doubt(written: str, before: str) -> None:
    assert read_departure(before + written) == ""
    assert is_doubtful_departure(before + written)


def household(*departures: str) -> list[Cells]:
    """One person a departure, the first the head."""
    names = ["韦明", "银月", "韦大", "韦小"]
    return [
        [*row(name, "户主" if name == "韦明" else "儿子", serial=serial), departure]
        for serial, (name, departure) in enumerate(zip(names, departures, strict=False), start=1)
    ]


def test_the_living_stay_with_a_warning_and_every_row_is_accounted_for(tmp_path: Path) -> None:
    rows = household("", "配偶死亡", "2025年12月病故", "迁往柳州市")
    roster = read(write(tmp_path / "花名册.xlsx", [HEADINGS, *rows]))
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明", "银月"])]
    (home,) = roster.households
    assert [(one.name, one.reason) for one in home.departed] == [("韦大", "died"), ("韦小", "moved")]
    assert [len(home.accepted), "另有 2 人注明已去世或迁出" in roster_line(roster)] == [2, True]
    assert found(roster) == [(3, "departure_doubtful", "warning")]
    message = roster.problems[0].message
    for words in ("银月的", "“配偶死亡”", "按仍在这一户读", "“去世”或“迁出”"):
        assert words in message
    assert roster.problems[0].column == len(COLUMNS)


def test_a_doubtful_cell_of_someone_held_back_shows_no_number(tmp_path: Path) -> None:
    rows = household("", "死亡？号码451225198006142011，电话13812345678")
    rows[1] = changed(rows[1], c4="", c8="")
    roster = read(write(tmp_path / "花名册.xlsx", [HEADINGS, *rows]))
    assert found(roster) == [
        (3, "id_missing", "error"), (3, "name_missing", "error"), (3, "departure_doubtful", "warning"),
    ]  # fmt: skip
    message = roster.problems[-1].message
    assert "：“变动情况”一栏写的是“死亡" in message
    assert not {"19800614", "12345678"} & {message[at : at + 8] for at in range(len(message))}


def test_a_household_that_is_gone_whole_lacks_no_head(tmp_path: Path) -> None:
    gone = [[*changed(row("覃兰", serial=9), c2="0002"), "去世"]]
    headless = [[*changed(row("谢石", "儿子", serial=8), c2="0003"), ""]]
    rows = [HEADINGS, *household("", "全家迁出"), *gone, *headless]
    roster = read(write(tmp_path / "花名册.xlsx", rows))
    assert found(roster) == [(5, "household_without_head", "error")]
    assert [one["members"] for one in roster_json(roster)["households"]][1] == []


def test_a_household_whose_head_is_gone_needs_another(tmp_path: Path) -> None:
    roster = read(write(tmp_path / "花名册.xlsx", [HEADINGS, *household("去世", "")]))
    assert found(roster) == [(2, "household_without_head", "error")]
