"""Every problem a row can have: its code, its place in the order, and words a clerk can act on."""

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from pipeline.roster.problems import quoted
from tests.roster.roster_files import (
    COLUMNS,
    Cells,
    Rows,
    changed,
    found,
    number,
    read,
    row,
    write,
    write_sheets,
)

SOUND = number(date(1980, 6, 14))
OLD = SOUND[:6] + SOUND[8:17]


def problems_of(tmp_path: Path, *rows: Cells) -> list[tuple[int, str, str]]:
    return found(read(write(tmp_path / "a.xlsx", [COLUMNS, *rows])))


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "id_missing"),
        ("　", "id_missing"),
        ("无", "id_missing"),
        ("—", "id_missing"),
        ("未办", "id_missing"),
        ("#N/A", "id_missing"),
        (float(SOUND[:15] + "000"), "id_precision_lost"),
        (int(SOUND[:15] + "000"), "id_precision_lost"),
        ("4.51225E+17", "id_precision_lost"),
        ("4.5122519800614E+17", "id_precision_lost"),
        (SOUND[:15] + "000", "id_precision_lost"),
        (SOUND[:16], "id_length"),
        (SOUND + "1", "id_length"),
        ("E12345678", "id_length"),
        (SOUND[:-1] + ("1" if SOUND[-1] != "1" else "2"), "id_checksum"),
        ("45122519801314001" + "5", "id_checksum"),
        (SOUND[:9] + "A" + SOUND[10:], "id_checksum"),
        ("451225801314001", "id_checksum"),
    ],
)
def test_an_unsound_identity_number_has_one_code(tmp_path: Path, cell: object, code: str) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c8=cell, c6="女", c7="1999.1.1")]))
    assert found(roster) == [(2, code, "error")]
    assert roster.households[0].members[0].held == code


@pytest.mark.parametrize(
    "cell",
    [
        SOUND.lower(),
        f"'{SOUND}",
        f"\t{SOUND}",
        f"{SOUND[:6]} {SOUND[6:14]} {SOUND[14:]}",
        f"{SOUND[:6]}-{SOUND[6:14]}-{SOUND[14:]}",
        SOUND.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")),
        f"\u202d{SOUND}\u202c",
        SOUND.replace("X", "×"),
    ],
)
def test_a_sound_number_is_read_however_it_is_written(tmp_path: Path, cell: str) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c8=cell)]))
    assert found(roster) == []
    assert roster.households[0].members[0].id_number == SOUND


@pytest.mark.parametrize("cell", [OLD, int(OLD), f"{OLD}.0"])
def test_an_old_number_is_upgraded_with_a_warning_and_holds_nobody(tmp_path: Path, cell: object) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c8=cell)]))
    assert found(roster) == [(2, "id_upgraded", "warning")]
    (person,) = roster.households[0].accepted
    assert person.id_number == SOUND


def test_a_division_that_no_longer_exists_is_no_error(tmp_path: Path) -> None:
    assert problems_of(tmp_path, changed(row(), c8=number(date(1980, 6, 14), county="999999"))) == []


def test_sex_and_birth_are_compared_with_a_sound_number_only(tmp_path: Path) -> None:
    assert problems_of(tmp_path, changed(row(), c6="女", c7="1980.6.15")) == [
        (2, "sex_mismatch", "error"),
        (2, "birth_mismatch", "error"),
    ]


def test_empty_sex_and_birth_are_taken_from_the_number(tmp_path: Path) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c6="", c7="")]))
    (person,) = roster.households[0].accepted
    assert (person.sex, person.birth) == ("男", date(1980, 6, 14))
    assert roster.problems == ()


def test_the_later_row_of_a_number_is_the_duplicate_also_in_another_file(tmp_path: Path) -> None:
    first = write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c4="")])
    second = write(tmp_path / "b.xlsx", [COLUMNS, row("韦亮", household="0002")])
    roster = read(first, second)
    assert [(Path(p.file).name, p.row, p.code) for p in roster.problems] == [
        ("a.xlsx", 2, "name_missing"),
        ("b.xlsx", 2, "duplicate_person"),
    ]
    assert "a.xlsx" in roster.problems[1].message
    assert "第2行" in roster.problems[1].message


def test_an_old_number_and_its_new_form_are_one_person(tmp_path: Path) -> None:
    assert problems_of(tmp_path, row(), changed(row("韦亮", "儿子"), c8=OLD)) == [
        (3, "duplicate_person", "error"),
        (3, "id_upgraded", "warning"),
    ]


def test_problems_of_one_row_come_in_the_codes_order(tmp_path: Path) -> None:
    bad = changed(row(), c0="冲东村", c4="", c5="", c6="女", c7="1980.13.1", c8=OLD, c12="年初", c15="待定")
    assert [code for _, code, _ in problems_of(tmp_path, bad)] == [
        "sex_mismatch",
        "name_missing",
        "village_unknown",
        "household_without_head",
        "date_unreadable",
        "date_unreadable",
        "id_upgraded",
        "mark_unreadable",
    ]


def test_an_unreadable_birth_holds_and_an_unreadable_stay_warns(tmp_path: Path) -> None:
    roster = read(
        write(
            tmp_path / "a.xlsx",
            [COLUMNS, changed(row(), c7="八五年"), changed(row("银月", "配偶", serial=2), c13="年底")],
        )
    )
    assert found(roster) == [(2, "date_unreadable", "error"), (3, "date_unreadable", "warning")]
    held, accepted = roster.households[0].members
    assert (held.held, held.birth) == ("date_unreadable", date(1980, 6, 14))
    assert (accepted.held, accepted.away_readable) == ("", False)


def test_a_mark_that_is_neither_is_a_warning_and_a_no(tmp_path: Path) -> None:
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, changed(row(), c14="待定", c15="是")]))
    assert found(roster) == [(2, "mark_unreadable", "warning")]
    (person,) = roster.households[0].accepted
    assert (person.wants_service, person.wants_pension) == (False, True)


def test_a_household_without_a_head_is_reported_once_and_holds_nobody(tmp_path: Path) -> None:
    rows = [row("韦明", "儿子"), row("银月", "配偶", serial=2)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert found(roster) == [(2, "household_without_head", "error")]
    assert len(roster.households[0].accepted) == 2


def test_an_unreadable_group_holds_the_household_and_keeps_it_apart(tmp_path: Path) -> None:
    rows = [row(group="上屯"), row("覃山", group="下屯", serial=2)]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert found(roster) == [(2, "group_unreadable", "error"), (3, "group_unreadable", "error")]
    assert len(roster.households) == 2


def test_a_person_with_neither_name_nor_number_is_still_accounted_for(tmp_path: Path) -> None:
    assert problems_of(tmp_path, row(), changed(row("", "儿子"), c8="")) == [
        (3, "id_missing", "error"),
        (3, "name_missing", "error"),
    ]


def test_no_message_tells_a_whole_number_and_every_one_names_row_and_remedy(tmp_path: Path) -> None:
    bad = [
        changed(row(), c8=SOUND[:-1] + ("1" if SOUND[-1] != "1" else "2")),
        changed(row("银月", "配偶"), c6="女", c7="1980.6.15", c4=""),
        changed(row("覃山", "儿子"), c8=OLD),
        changed(row("潘英", "女儿"), c8=float(SOUND[:15] + "000")),
    ]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *bad]))
    assert len(roster.problems) == 7
    for problem in roster.problems:
        assert problem.message.startswith(f"工作表“花名册”第{problem.row}行：")
        assert "请" in problem.message
        assert SOUND[6:14] not in problem.message
        assert SOUND[8:14] not in problem.message
        assert "13812345678" not in problem.message


def test_a_table_without_a_header_is_a_problem_beside_a_good_sheet(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        "甲": [COLUMNS, row()],
        "乙": [["旧表"], row("覃山", serial=2)],
        "丙": [["村", "户数"], ["冲洞", 12]],
    }
    roster = read(write_sheets(tmp_path / "a.xlsx", sheets))
    assert [(p.sheet, p.row, p.code, p.severity) for p in roster.problems] == [
        ("乙", 2, "header_not_found", "error")
    ]


def test_a_header_that_lacks_a_needed_column_says_which(tmp_path: Path) -> None:
    lacking = [label for label in COLUMNS if label not in ("户编号", "与户主关系")]
    sheets: dict[str, Rows] = {"甲": [COLUMNS, row()], "乙": [lacking, row("覃山", serial=2)]}
    (problem,) = read(write_sheets(tmp_path / "a.xlsx", sheets)).problems
    assert (problem.sheet, problem.row, problem.code) == ("乙", 1, "header_not_found")
    assert "户编号、与户主关系" in problem.message


def test_columns_that_are_shifted_put_no_number_into_a_message(tmp_path: Path) -> None:
    phone = "13812345678"
    wide = SOUND.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    spaced = f"{SOUND[:6]} {SOUND[6:14]}-{SOUND[14:]}"
    dated = changed(row(), c7=SOUND, c12=wide, c13=spaced, c14=phone, c15="138 1234 5678", c16=f"+86{phone}")
    rows = [
        dated,
        changed(row("覃山", serial=2, household=SOUND), c6=SOUND, c10="1.38E+10"),
        changed(row("潘英", "女儿", serial=3, household=f"电话{phone}"), c0=SOUND, c1=spaced),
        changed(row(SOUND, "儿子", serial=4, household="0004"), c0=wide, c1=f"{phone}、{SOUND}", c7="年初"),
        changed(row(phone, "儿子", household="0005"), c0=f"村{SOUND}{phone}", c1="", c8="无"),
        changed(row(phone, "儿子", serial=4, household="0005"), c8=f"{phone}覃山{SOUND}"),
    ]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert {problem.row for problem in roster.problems} == set(range(2, 8))
    for problem in roster.problems:
        folded = unicodedata.normalize("NFKC", problem.message).replace(" ", "").replace("-", "")
        assert SOUND[6:14] not in folded
        assert phone not in folded
        assert len(problem.message) < 200


def test_what_is_no_number_of_a_persons_is_quoted_as_it_stands() -> None:
    for written in ("45122５100299", "2026-03-01", "１９８５年", "冲洞村委会3组"):
        assert quoted(written) == written
    assert quoted("长" * 40) == "长" * 30 + "…"


def test_a_household_number_that_is_none_holds_its_people(tmp_path: Path) -> None:
    rows = [
        row(household="1" * 31),
        changed(row("银月", "配偶", serial=2), c2=""),
        row("覃山", serial=3, household="2" * 30),
    ]
    roster = read(write(tmp_path / "a.xlsx", [COLUMNS, *rows]))
    assert found(roster) == [(2, "text_too_long", "error"), (3, "text_too_long", "error")]
    assert [len(home.accepted) for home in roster.households] == [0, 1]
    assert max(len(home.number) for home in roster.households) == 31
