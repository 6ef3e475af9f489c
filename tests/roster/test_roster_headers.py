"""Columns found by what their headers mean."""

from pathlib import Path

import pytest

from pipeline.roster.cells import folded
from pipeline.roster.header import meaning
from tests.roster.roster_files import homes, read, row, write


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("村(居)委会", "village"),
        ("所属村", "village"),
        ("行政村（社区）", "village"),
        ("村/社区", "village"),
        ("村民小组", "group"),
        ("组别", "group"),
        ("组（屯）", "group"),
        ("户编号", "number"),
        ("户号", "number"),
        ("户口簿编号", "number"),
        ("户主", "head"),
        ("户主姓名", "head"),
        ("姓名", "name"),
        ("家庭成员姓名", "name"),
        ("与户主关系", "relation"),
        ("关系", "relation"),
        ("性别", "sex"),
        ("出生年月日", "birth"),
        ("出生日期(以身份证为准)", "birth"),
        ("公民身份号码", "id_number"),
        ("身份证号", "id_number"),
        ("婚姻状况", "marital"),
        ("婚否", "marital"),
        ("联系电话", "phone"),
        ("手机号码", "phone"),
        ("外出地点", "away_to"),
        ("现居地(外出)", "away_to"),
        ("外出起", "away_from"),
        ("外出开始", "away_from"),
        ("外出止", "away_until"),
        ("外出结束", "away_until"),
        ("自愿申请技术服务", "wants_service"),
        ("申请服务", "wants_service"),
        ("参保意愿", "wants_pension"),
        ("是否参加养老保险", "wants_pension"),
        ("知情选择登记", "wants_choice"),
        ("联户责任人", "responsible"),
        ("乡镇", "town"),
        ("序号", ""),
        ("编号", ""),
        ("备注", ""),
        ("户主身份证号", ""),
        ("配偶姓名", ""),
        ("开户账号", ""),
        ("户籍地址", ""),
        ("责任人电话", ""),
        ("身份证有效期限", ""),
    ],
)
def test_a_label_means(label: str, field: str) -> None:
    assert meaning((folded(label),)) == field


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("外出情况", "地点"), "away_to"),
        (("外出情况", "起"), "away_from"),
        (("外出情况", "起始时间"), "away_from"),
        (("外出情况", "止"), "away_until"),
        (("外出情况", "预计返回时间"), "away_until"),
        (("户主", "姓名"), "head"),
        (("户主信息", "身份证号"), ""),
        (("家庭成员情况", "姓名"), "name"),
        (("自愿登记事项", "技术服务"), "wants_service"),
        (("基本情况", "户编号"), "number"),
    ],
)
def test_a_label_under_a_group_means(path: tuple[str, ...], field: str) -> None:
    assert meaning(path) == field


def test_columns_of_the_head_beside_the_members_are_told_apart(tmp_path: Path) -> None:
    sound = row()
    rows = [
        ["村", "组", "户号", "户主", "", "家庭成员", "", "", ""],
        ["", "", "", "姓名", "身份证号", "姓名", "关系", "身份证号", "性别"],
        ["冲洞村", 3, "0001", "韦明", sound[8], "韦明", "户主", sound[8], "男"],
    ]
    roster = read(write(tmp_path / "a.xlsx", rows, merge=("D1:E1", "F1:I1", "A1:A2", "B1:B2", "C1:C2")))
    assert roster.problems == ()
    assert homes(roster) == [("451225100201", 3, "0001", ["韦明"])]
