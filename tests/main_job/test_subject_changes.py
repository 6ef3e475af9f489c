"""Which contracts a roster flags, and which it does not; lists that are filled in bit by bit, and undone imports."""

from pathlib import Path

import openpyxl
import pytest

from tests.conftest import huyue
from tests.main_job.test_planning import family, line, roster
from tests.main_job.test_years import changes, home, neighbours, next_year

assert home  # the fixture

NEXT_YEAR = "2027-01-12"


def take(home: Path, folder: Path, rows: list[list[str]], day: str, *more: str) -> None:
    file = roster(folder / f"{day}.xlsx", rows, f"{day[:4]}年花名册")
    answer = huyue("--home", home, "roster", "import", file, *more, today=day)
    assert answer.status == 0, answer.err


def flags(home: Path, today: str = "2026-12-01") -> list[tuple[str, list[str]]]:
    """The template's number and the reasons of each flagged contract."""
    return sorted((number[18:20], reasons) for number, reasons in changes(home, today).items())


def test_what_happens_to_someone_after_their_number_was_corrected_is_seen(home: Path, tmp_path: Path) -> None:
    rows = [*family(), *neighbours()]
    rows[3] = line("莫例", "户主", "45122519770512009", number="2", pension="是")
    take(home, tmp_path, rows, "2026-04-01", "--same", "1")
    assert flags(home) == [("01", ["identity"]), ("02", ["identity"]), ("05", ["identity"])]
    died = [*rows[:3], rows[4]]
    died[3][5] = "户主"
    take(home, tmp_path, died, "2026-05-01")
    assert flags(home) == [
        ("01", ["identity", "left", "head"]),
        ("02", ["identity", "left"]),
        ("05", ["identity", "left"]),
    ]


def test_only_the_age_that_the_template_limits_counts_and_only_of_the_villages_given(
    home: Path, tmp_path: Path
) -> None:
    other = [
        line("韦长", "户主", "45122519761001005", number="5", village="大福村", pension="是"),
        line("银少", "配偶", "45122519800512006", number="5", village="大福村"),
    ]
    take(home, tmp_path, other, "2026-01-11")
    huyue("--home", home, "plan", "--campaign", "春", today="2026-03-01")
    # 谢样 of 冲洞村 turned 50 in August, 韦长 does in October.
    take(home, tmp_path, other, "2026-11-01")
    assert flags(home) == []
    take(home, tmp_path, [*family(), *neighbours()], "2026-11-02")
    assert flags(home) == [("02", ["age"]), ("03", ["age"])]


def test_a_slip_put_right_leaves_no_flag_and_the_undone_repair_brings_them_back(
    home: Path, tmp_path: Path
) -> None:
    take(home, tmp_path, family()[:1], "2026-04-01")
    flagged = flags(home)
    assert ("03", ["left"]) in flagged
    whole = [*family(), *neighbours()]
    take(home, tmp_path, whole, "2026-04-02")
    assert flags(home) == []
    on = {
        day: huyue("--home", home, "audit", "--on", day, "--json", today="2026-04-03").json["counts"]
        for day in ("2026-03-31", "2026-04-01", "2026-04-02")
    }
    assert [count["subject_changed"] for count in on.values()] == [0, len(flagged), 0]
    assert huyue("--home", home, "roster", "undo", today="2026-04-03").status == 0
    assert flags(home) == flagged
    assert huyue("--home", home, "roster", "undo", today="2026-04-03").status == 0
    assert flags(home) == []


def test_a_slip_in_the_village_flags_nothing(home: Path, tmp_path: Path) -> None:
    rows = [*family(), *neighbours()]
    for one in rows[3:]:
        one[0] = "冲同村"
    file = roster(tmp_path / "a.xlsx", rows)
    counts = huyue("--home", home, "roster", "import", file, "--json", today="2026-04-01").json
    assert (counts["left"], counts["held"], flags(home)) == (0, 2, [])


def test_the_list_the_audit_and_the_history_agree(home: Path, tmp_path: Path) -> None:
    take(home, tmp_path, next_year(), NEXT_YEAR)
    for day in ("2027-01-11", NEXT_YEAR, "2027-03-05", "2029-03-05"):
        counts = huyue("--home", home, "audit", "--on", day, "--json", today="2029-03-05").json["counts"]
        listed = huyue("--home", home, "roster", "changes", "--json", today=day).json["changes"]
        assert counts["subject_changed"] == len(listed), day
    assert huyue("--home", home, "roster", "changes", "--json", today="2027-01-11").json["changes"] == []


def filled(path: Path, home: Path, decisions: dict[int, tuple[str, object]]) -> Path:
    """The list of changes with some rows decided, counted from 0."""
    if not path.exists():
        huyue("--home", home, "roster", "changes", "--out", path, today=NEXT_YEAR)
    book = openpyxl.load_workbook(path)
    for row, (decision, day) in decisions.items():
        book.worksheets[0].cell(row + 3, 11).value = decision
        book.worksheets[0].cell(row + 3, 12).value = day  # type: ignore[assignment]
    book.save(path)
    return path


def test_a_list_is_filled_in_bit_by_bit(home: Path, tmp_path: Path) -> None:
    take(home, tmp_path, next_year(), NEXT_YEAR)
    listed = filled(tmp_path / "名单.xlsx", home, {0: ("保留", None)})
    done = huyue("--home", home, "close", "--from", listed, "--json", today=NEXT_YEAR).json
    assert done == {"closed": 0, "kept": 1, "left": 4, "known": 0}
    filled(listed, home, dict.fromkeys(range(1, 5), ("终止：迁走", "2027.1.2")))
    done = huyue("--home", home, "close", "--from", listed, "--json", today="2027-01-20").json
    assert done == {"closed": 4, "kept": 0, "left": 0, "known": 1}
    number = openpyxl.load_workbook(listed).worksheets[0]["B3"].value
    history = huyue("--home", home, "show", str(number), "--json", today="2027-01-20").json["history"]
    assert [one["event"] for one in history].count("kept") == 1


@pytest.mark.parametrize(
    ("day", "words"), [("至今", "读不出来"), ("27.1.2", "读不出来"), ("2026-02-01", "请改正日期")]
)
def test_a_day_that_cannot_be_is_refused(home: Path, tmp_path: Path, day: str, words: str) -> None:
    take(home, tmp_path, next_year(), NEXT_YEAR)
    listed = filled(tmp_path / "名单.xlsx", home, {1: ("终止：迁走", day)})
    done = huyue("--home", home, "close", "--from", listed, today=NEXT_YEAR)
    assert (done.status, "第4行" in done.err, words in done.err, "--date" in done.err) == (
        2,
        True,
        True,
        False,
    )


def test_a_list_saved_as_text_with_short_lines_is_read(home: Path, tmp_path: Path) -> None:
    take(home, tmp_path, next_year(), NEXT_YEAR)
    listed = filled(tmp_path / "名单.xlsx", home, {0: ("保留", None)})
    rows = openpyxl.load_workbook(listed).worksheets[0].iter_rows(values_only=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row).rstrip(",") for row in rows]
    text = tmp_path / "名单.csv"
    text.write_bytes("\r\n".join([*lines, "", "审核人：", "日期：,"]).encode("gb18030"))
    done = huyue("--home", home, "close", "--from", text, "--json", today=NEXT_YEAR)
    assert done.json == {"closed": 0, "kept": 1, "left": 4, "known": 0}
