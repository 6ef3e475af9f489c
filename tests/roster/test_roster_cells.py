"""Cells as offices write them: properties that hold for any value, and the forms the offices use."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.people import kin, mask_id, mask_phone
from pipeline.roster.cells import Cell
from pipeline.roster.dates import read_day
from pipeline.roster.groups import read_group, read_household_number
from pipeline.roster.identity import birth_of, read_identity, sex_of
from pipeline.roster.words import read_marital, read_mark, read_name, read_phone, read_relation, read_sex
from tests.roster.roster_files import number

DAYS = st.dates(date(1900, 3, 1), date(2099, 12, 31))
FULL_WIDTH = str.maketrans("0123456789X/-.", "０１２３４５６７８９Ｘ／－．")
NUMERALS = "零一二三四五六七八九"


def chinese(value: int) -> str:
    """A number under 100 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    if not tens:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")


@given(DAYS, st.integers(0, 498), st.booleans(), st.sampled_from(["451225", "452723", "999999"]))
def test_a_valid_number_is_sound_and_states_sex_and_birth(
    day: date, serial: int, woman: bool, county: str
) -> None:
    valid = number(day, woman=woman, serial=serial, county=county)
    for written in (
        valid,
        valid.lower(),
        f'="{valid}"',
        f"'{valid}",
        f" {valid}\t",
        valid.translate(FULL_WIDTH),
    ):
        identity = read_identity(written)
        assert (identity.number, identity.code, identity.written) == (valid, "", "")
    assert sex_of(valid) == ("女" if woman else "男")
    assert birth_of(valid) == day


@given(DAYS, st.integers(0, 498), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(day: date, serial: int, place: int, by: int) -> None:
    valid = number(day, serial=serial)
    wrong = valid[:place] + str((int(valid[place]) + by) % 10) + valid[place + 1 :]
    assert not read_identity(wrong).sound


@given(DAYS, st.integers(0, 498), st.integers(0, 15))
def test_two_neighbouring_digits_exchanged_are_always_seen(day: date, serial: int, place: int) -> None:
    valid = number(day, serial=serial)
    exchanged = valid[:place] + valid[place + 1] + valid[place] + valid[place + 2 :]
    assert exchanged == valid or not read_identity(exchanged).sound


@given(st.dates(date(1900, 3, 1), date(1999, 12, 31)), st.integers(0, 498))
def test_an_old_number_upgrades_to_the_new_one(day: date, serial: int) -> None:
    valid = number(day, serial=serial)
    old = valid[:6] + valid[8:17]
    assert read_identity(old).number == valid
    assert read_identity(int(old)).written == old


@given(DAYS, st.integers(0, 498))
def test_a_number_stored_as_a_number_is_never_taken_for_sound(day: date, serial: int) -> None:
    valid = number(day, serial=serial)
    assert read_identity(float(valid[:17] + "0")).code == "id_precision_lost"
    assert read_identity(f"{float(valid[:17] + '0'):.5E}").code == "id_precision_lost"


@given(st.one_of(st.text(max_size=24), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_anything_in_the_numbers_cell_gets_one_verdict(cell: str | int | float) -> None:
    identity = read_identity(cell)
    assert identity.code in ("", "id_missing", "id_precision_lost", "id_length", "id_checksum")
    assert len(mask_id(identity.number)) == len(identity.number)


@given(DAYS)
def test_a_day_is_the_same_in_every_form(day: date) -> None:
    forms: list[Cell] = [
        day,
        f"{day:%Y%m%d}",
        int(f"{day:%Y%m%d}"),
        float(f"{day:%Y%m%d}"),
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year} 年 {day.month} 月 {day.day} 日",
        f"{day.year}/{day.month:02d}/{day.day:02d}",
        f"　{day:%Y-%m-%d} ",
        f"{day:%Y-%m-%d}".translate(FULL_WIDTH),
        f"{day:%Y-%m-%d} 00:00:00",
        f"{day.year} {day.month} {day.day}",
        f'="{day:%Y-%m-%d}"',
    ]
    assert [read_day(form).day for form in forms] == [day] * len(forms)


@given(
    st.one_of(st.text(max_size=16), st.integers(0, 10**9), st.floats(allow_nan=False, allow_infinity=False))
)
def test_anything_in_a_dates_cell_is_a_day_nothing_or_unreadable(cell: str | int | float) -> None:
    read = read_day(cell)
    assert read.readable or read.day is None


@pytest.mark.parametrize("cell", ["", "　", "—", "-", "/", "无", "至今", " 至 今 ", "长期"])
def test_an_open_end_or_nothing_is_no_day(cell: str) -> None:
    assert read_day(cell) == read_day("")
    assert read_day(cell).readable


@pytest.mark.parametrize(
    "cell", ["2005.2.29", "2005.13.1", "85.13.1", "850301", "2005.3", "2005", "八五年", "1985.5", 200503, 0]
)
def test_what_is_no_whole_date_is_unreadable(cell: str | int) -> None:
    assert not read_day(cell).readable


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("85.3.1", date(1985, 3, 1)),
        ("05/03/01", date(2005, 3, 1)),
        ("２９年3月1日", date(2029, 3, 1)),
        ("30-3-1", date(1930, 3, 1)),
    ],
)
def test_a_year_of_two_digits_is_read_as_excel_does_and_said_so(cell: str, day: date) -> None:
    assert (read_day(cell).day, read_day(cell).two_digits) == (day, True)


@given(st.integers(1, 99), st.sampled_from(["组", "队", "屯", "村民小组", "小组", "生产队"]), st.booleans())
def test_a_group_is_its_number_in_any_form(value: int, unit: str, ordinal: bool) -> None:
    prefix = "第" if ordinal else ""
    for numeral in (str(value), f"{value:02d}", chinese(value), str(value).translate(FULL_WIDTH)):
        assert read_group(f"{prefix}{numeral}{unit}") == value
        assert read_group(f"冲洞村{prefix}{numeral}{unit}") == value
    assert read_group(value) == read_group(float(value)) == read_group(chinese(value)) == value


@pytest.mark.parametrize(
    ("cell", "group"),
    [("", 0), ("—", 0), ("上屯", None), ("3组4组", None), ("一二", 12), ("一百零三组", 103)],
)
def test_other_groups(cell: str, group: int | None) -> None:
    assert read_group(cell) == group


@given(st.text("0123456789", min_size=1, max_size=6))
def test_a_household_number_keeps_its_zeros(digits: str) -> None:
    for written in (
        digits,
        f'="{digits}"',
        f"'{digits}",
        f"第{digits}户",
        f"{digits}号",
        digits.translate(FULL_WIDTH),
    ):
        assert read_household_number(written) == digits
    assert read_household_number(float(digits)) == str(int(digits))


@pytest.mark.parametrize(
    "mark", ["是", "√", "✓", "Y", "y", "Ｙ", 1, 1.0, "1", True, "参加", "愿意", "有", " 是 "]
)
def test_a_yes(mark: str | int | float | bool) -> None:
    assert read_mark(mark) is True


@pytest.mark.parametrize("mark", ["否", "×", "N", "n", 0, "0", False, "不参加", "无", "-", "—", "", "　"])
def test_a_no(mark: str | int | float | bool) -> None:
    assert read_mark(mark) is False


@pytest.mark.parametrize("mark", ["待定", "同意", "不愿意", "YES", "?", 2, "是？", "已参加"])
def test_any_other_mark_is_neither(mark: str | int) -> None:
    assert read_mark(mark) is None


@given(st.text("韦银覃㛃𠮷喆", min_size=2, max_size=4), st.sampled_from([" ", "　", "\u200b", "\t"]))
def test_a_name_loses_its_padding_and_nothing_else(name: str, pad: str) -> None:
    assert read_name(pad.join(name)) == name
    assert read_name(f"{pad}{name}{pad}") == name


@given(st.sampled_from(list("·•‧・.．･")), st.sampled_from(["", " "]))
def test_every_dot_in_a_name_is_the_same_dot(dot: str, space: str) -> None:
    assert read_name(f"阿依古丽{space}{dot}{space}买买提") == "阿依古丽\u00b7买买提"


def test_a_latin_name_keeps_its_space() -> None:
    assert read_name(" Anna  Maria ".replace("  ", " ")) == "Anna Maria"


@pytest.mark.parametrize(
    ("cell", "phone"),
    [
        (13812345678.0, "13812345678"),
        (13812345678, "13812345678"),
        ("13812345678.0", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("'13812345678", "13812345678"),
        ("0778-8212345", "0778-8212345"),
        ("1.38E+10", None),
        ("无", ""),
        ("", ""),
    ],
)
def test_a_phone(cell: str | int | float, phone: str | None) -> None:
    assert read_phone(cell) == phone


def test_sex_relation_and_marital_state() -> None:
    assert [read_sex(cell) for cell in ("男", "女性", " 男 ", "", "不明")] == ["男", "女", "男", "", "不明"]
    assert [read_relation(cell) for cell in ("户 主", "本人", "子", "儿媳")] == ["户主", "户主", "子", "儿媳"]
    assert [read_marital(cell) for cell in ("已婚", "再婚", "是", "未", "否", "离婚", "")] == [
        "已婚", "已婚", "已婚", "未婚", "未婚", "离婚", "",
    ]  # fmt: skip
    assert [kin(word) for word in ("妻", "长子", "女", "户主", "外孙")] == [
        "配偶",
        "儿子",
        "女儿",
        "户主",
        "外孙",
    ]


def test_masks_show_only_the_ends() -> None:
    assert mask_id("45122519800614201X") == "451225***********X"
    assert mask_id("451225800614201") == "451225********1"
    assert mask_id("12345678") == "******78"
    assert mask_id("") == ""
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("0778-8212345") == "********2345"
    assert mask_phone("") == ""


@given(st.integers(1, 40_000))
def test_excels_day_numbers_count_from_its_epoch(days: int) -> None:
    read = read_day(float(days))
    # Below five digits it could be anything else, a year above all.
    assert read.day == (date(1899, 12, 30) + timedelta(days=days) if days >= 10_000 else None)
