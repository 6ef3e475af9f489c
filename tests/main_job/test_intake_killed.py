"""Intake killed, interrupted or run twice at once: the same command again gives the archive of one quiet run."""

import hashlib
import json
import os
import random
import select as waiting
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from archive import journal, originals
from archive.catalogue import tables
from archive.filings import filing_versions
from archive.home import open_home
from pipeline.demo.fates import Fate, Rates
from pipeline.demo.ink import Mark
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake.run import PAGES_A_GROUP
from tests.conftest import FULL, HUYUE
from tests.intake.odd_pages import scribbled
from tests.main_job.test_closing import BACK, Hamlet, printed_hamlet

Seen = Callable[[subprocess.Popen[bytes], Path], bool]


@dataclass(frozen=True)
class Quiet:
    """A pile, and the archive that one undisturbed run makes of it; `blobs`: its vault's files before the receipt."""

    hamlet: Hamlet
    home: Path
    scans: Path
    out: str
    archive: dict[str, Any]
    blobs: int


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    folder = tmp_path_factory.mktemp("静")
    hamlet, scans = printed_hamlet(tmp_path_factory), folder / "扫描件"
    write_pile(hamlet, scans)
    own = hamlet.copied(folder)
    answer = own.run("intake", scans)
    assert answer.status == 1, answer.err
    assert answer.json["filed"] == 16
    assert answer.json["review"] == 2
    assert [one[1] for one in archive_of(own.home)["filings"]] == [1, 2] * 8, "two transactions at least"
    assert (
        answer.json["files"] == len(archive_of(own.home)["files"]) == len(archive_of(own.home)["kept"]) == 6
    )
    (receipt,) = receipts_of(own.home)
    assert len(receipt["pages"]) == answer.json["pages"]
    return Quiet(hamlet, own.home, scans, answer.out, archive_of(own.home), len(vault_files(own.home)) - 2)


def write_pile(hamlet: Hamlet, scans: Path) -> None:
    """Sheets of eight contracts in files that three transactions take in, made long by small blank pages.

    First and second sheets lie apart, so that filings grow by a version; two pages are none of ours, and lie in a zip.
    """
    numbers = [number for pair in hamlet.numbers.values() for number in pair]
    smooth = Rates(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)
    empty = {numbers[0]: Fate({"party_a_seal": Mark.EMPTY}, (2,))}
    fates = {
        "1": {one: Fate(sheets=(1,)) for one in numbers},
        "3": {one: Fate(sheets=(2,)) for one in numbers} | empty,
    }
    for seed, (name, plan) in enumerate(fates.items()):
        sign_and_scan(hamlet.batch, scans / name, seed=seed, plan=plan, rates=smooth)
    blank = Image.new("1", (80, 120), 1)
    for name in ("2", "4"):
        frames = [blank] * (PAGES_A_GROUP - 1)
        (scans / name).mkdir()
        blank.save(scans / name / "空白.tif", save_all=True, append_images=frames, compression="group4")
    scribbled(scans.parent / "纸.pdf", 2, seed=5)
    with zipfile.ZipFile(scans / "5.zip", "w") as packed:
        packed.write(scans.parent / "纸.pdf", "纸.pdf")
    (scans / "6").mkdir()
    (scans / "6" / "坏.pdf").write_bytes(b"%PDF-1.7 broken")


def archive_of(home: Path) -> dict[str, Any]:
    """All that intake made, without clock times and row ids; also that nothing is damaged, orphaned or left over."""
    file, page, review = tables.scan_file, tables.scan_page, tables.review
    opened = open_home(home, None)
    with opened.reading() as connection:
        vault = opened.vault(connection)
        rows = connection.execute(select(page, file.c.name).join(file, file.c.id == page.c.file_id)).all()
        places = {row.id: (row.name, row.index) for row in rows}
        pages = sorted((row.name, row.index, row.outcome, row.contract, row.sheet) for row in rows)
        numbers = connection.execute(select(tables.contract.c.number)).scalars().all()
        filings = [
            (
                one.contract,
                one.version,
                one.filed_on,
                one.user,
                one.gaps,
                digest(vault.get(connection, one.blob or "")),
                [
                    (
                        sheet.sheet,
                        sheet.position,
                        places[sheet.page_id],
                        sheet.layout,
                        sheet.residual,
                        sheet.boxes,
                    )
                    for sheet in one.sheets
                ],
            )
            for number in sorted(numbers)
            for one in filing_versions(connection, number)
        ]
        waits = [
            (row.id, places[row.page_id], row.reason, row.decision, digest(vault.get(connection, row.blob)))
            for row in connection.execute(select(review).order_by(review.c.id))
        ]
        files = sorted(tuple(row)[1:] for row in connection.execute(select(file)))
        kept = {
            row.name: digest(b"".join(originals.read(connection, vault, json.loads(row.original))))
            for row in connection.execute(select(file))
        }
        assert kept == {row.name: row.sha256 for row in connection.execute(select(file))}
        blobs = set(connection.execute(select(tables.blob.c.name)).scalars())
        assert {path.name for path in vault_files(home)} == blobs
        receipt = tables.receipt
        for row in connection.execute(select(receipt)):
            blobs -= {row.json, row.workbook}
        assert not (home / "staging").exists()
        assert not list((home / "vault").glob("??/*.part"))
        assert journal.broken_at(connection) is None
    return {
        "pages": pages,
        "filings": filings,
        "review": waits,
        "files": files,
        "kept": kept,
        "blobs": sorted(blobs),
    }


def receipts_of(home: Path) -> list[dict[str, Any]]:
    """The receipts, but for their numbers and for what was known before."""
    opened = open_home(home, None)
    with opened.reading() as connection:
        blobs = connection.execute(select(tables.receipt.c.json).order_by(tables.receipt.c.id)).scalars()
        found = [json.loads(opened.vault(connection).get(connection, blob)) for blob in blobs]
    for one in found:
        del one["number"]
        for page in one["pages"]:
            del page["known_before"]
    return found


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def vault_files(home: Path) -> list[Path]:
    return [path for path in (home / "vault").glob("??/*") if path.suffix != ".part"]


def start(hamlet: Hamlet, scans: Path) -> subprocess.Popen[bytes]:
    """`huyue intake`, running, with Ctrl-C as a terminal has it (a background job starts with it ignored)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    environment |= {"HUYUE_TODAY": BACK, "HUYUE_USER": "经办人甲", "HUYUE_HOME": str(hamlet.home)}
    return subprocess.Popen(
        [HUYUE, "intake", scans, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def working(process: subprocess.Popen[bytes], home: Path) -> bool:
    """Whether workers are there, so pages are being read."""
    return len(descendants(process.pid)) > 1


def has_blobs(count: int) -> Seen:
    return lambda process, home: len(vault_files(home)) >= count


def stop_when(seen: Seen, hamlet: Hamlet, scans: Path, how: signal.Signals) -> int:
    """Start intake, send the signal to it alone once that is seen, wait for it and all its children; its status."""
    with start(hamlet, scans) as process:
        while process.poll() is None and not seen(process, hamlet.home):
            pass
        handles = [os.pidfd_open(pid) for pid in descendants(process.pid) if Path(f"/proc/{pid}").exists()]
        process.send_signal(how)
        process.communicate(timeout=120)
        for handle in handles:
            assert waiting.select([handle], [], [], 60)[0], "a child outlived intake"
            os.close(handle)
        return process.returncode


def descendants(pid: int) -> list[int]:
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return children + [other for one in children for other in descendants(one)]


def assert_finished_by_the_same_command(hamlet: Hamlet, quiet: Quiet) -> None:
    assert receipts_of(hamlet.home) == [], "a run that did not come to its end leaves none"
    again = hamlet.run("intake", quiet.scans)
    assert (again.status, again.out) == (1, quiet.out), again.err
    assert archive_of(hamlet.home) == quiet.archive
    assert receipts_of(hamlet.home) == receipts_of(quiet.home)
    verified = hamlet.run("verify")
    assert (verified.status, verified.json["orphaned"]) == (0, []), verified.out


@pytest.mark.parametrize("moment", range(10 if FULL else 1))
def test_killed_at_any_moment_the_same_command_makes_the_archive_of_a_quiet_run(
    quiet: Quiet, tmp_path: Path, moment: int
) -> None:
    hamlet = quiet.hamlet.copied(tmp_path)
    blobs = random.Random(moment).randrange(quiet.blobs)  # noqa: S311
    seen = has_blobs(blobs) if blobs else working
    assert stop_when(seen, hamlet, quiet.scans, signal.SIGKILL) == -signal.SIGKILL
    assert_finished_by_the_same_command(hamlet, quiet)


# Dies like a killed process once it has run so many lines of the project's own code.
TRACED = """if True:
    import os, signal, sys
    from pipeline import cli
    left, own = int(sys.argv[1]), (os.path.dirname(cli.__file__), os.path.join(os.path.dirname(os.path.dirname(cli.__file__)), "archive"))
    def line(frame, event, argument):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return line
    sys.argv[:2] = ["huyue"]
    sys.settrace(lambda frame, event, argument: line if frame.f_code.co_filename.startswith(own) else None)
    cli.main()
"""


def test_kills_in_a_row_of_all_that_writes_lose_nothing(quiet: Quiet, tmp_path: Path) -> None:
    """Filing, indexing, backup, key change, checks, each killed at a random moment, all in one archive."""
    hamlet, chance = quiet.hamlet.copied(tmp_path), random.Random(17)  # noqa: S311
    disk = tmp_path / "备份盘"
    works = [
        ("intake", str(quiet.scans)),
        ("index", "rebuild"),
        ("key", "change"),
        ("backup", str(disk)),
        ("verify",),
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUYUE_")}
    environment |= {"HUYUE_TODAY": BACK, "HUYUE_USER": "经办人甲", "HUYUE_HOME": str(hamlet.home)}
    ends: list[int] = []
    for moment in range(30 if FULL else 1):
        lines = int(10 ** chance.uniform(3.8, 5.2))
        work = works[moment % len(works)]
        done = subprocess.run(
            [sys.executable, "-c", TRACED, str(lines), *work],
            env=environment,
            capture_output=True,
            check=False,
        )
        ends.append(done.returncode)
    assert -signal.SIGKILL in ends
    for work in works:
        last = subprocess.run([HUYUE, *work], env=environment, capture_output=True, check=False)
        assert last.returncode == (1 if work[0] == "intake" else 0), (ends, work, last.stdout.decode())
    assert archive_of(hamlet.home) == quiet.archive
    verified = hamlet.run("verify")
    assert (verified.status, verified.json["orphaned"]) == (0, []), verified.out
    back = tmp_path / "恢复" / hamlet.home.name
    back.parent.mkdir()
    shutil.copy(hamlet.home.with_name(f"{hamlet.home.name}.key"), back.parent)
    assert hamlet.run("restore", disk, back).status == 0
    assert archive_of(back) == quiet.archive
    for query in ("罗甲", "冲洞 覃", "状态:已归档"):
        found = [
            Hamlet(home, quiet.hamlet.batch, quiet.hamlet.numbers).run("search", query).json
            for home in (quiet.home, hamlet.home, back)
        ]
        assert found[0]["hits"]
        assert len({json.dumps(one | {"took_ms": 0}, sort_keys=True) for one in found}) == 1, query


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(quiet: Quiet, tmp_path: Path) -> None:
    hamlet = quiet.hamlet.copied(tmp_path)
    assert stop_when(has_blobs(1), hamlet, quiet.scans, signal.SIGINT) == 130
    assert_finished_by_the_same_command(hamlet, quiet)


def has_staged(process: subprocess.Popen[bytes], home: Path) -> bool:
    return any((home / "staging").glob("*/*"))


def test_what_a_killed_run_unpacked_goes_with_the_next_command_that_writes(
    quiet: Quiet, tmp_path: Path
) -> None:
    hamlet = quiet.hamlet.copied(tmp_path)
    assert stop_when(has_staged, hamlet, quiet.scans, signal.SIGKILL) == -signal.SIGKILL
    staging = hamlet.home / "staging"
    assert staging.stat().st_mode & 0o777 == 0o700
    assert any(staging.glob("*/*"))
    assert hamlet.run("verify").status == 0
    assert not staging.exists()
    assert_finished_by_the_same_command(hamlet, quiet)


def test_two_intakes_of_one_pile_at_once_both_end_in_the_same_archive(quiet: Quiet, tmp_path: Path) -> None:
    hamlet = quiet.hamlet.copied(tmp_path)
    with start(hamlet, quiet.scans) as one, start(hamlet, quiet.scans) as other:
        for process in (one, other):
            out, err = process.communicate(timeout=300)
            assert process.returncode == 1, err.decode()
            assert json.loads(out) == json.loads(quiet.out)
    assert archive_of(hamlet.home) == quiet.archive
    assert receipts_of(hamlet.home) == receipts_of(quiet.home) * 2


def test_with_a_wrong_key_nothing_is_taken_in(quiet: Quiet, tmp_path: Path) -> None:
    hamlet = quiet.hamlet.copied(tmp_path)
    key = tmp_path / f"{hamlet.home.name}.key"
    right = key.read_text()
    key.write_text("0" * 64)
    answer = hamlet.run("intake", quiet.scans)
    assert (answer.status, list(answer.json)) == (5, ["error"])
    key.write_text(right)
    assert not any(archive_of(hamlet.home).values())
