"""What comes after filing, as a clerk does it: an archival number, an attachment, and in the end the disposal."""

from pathlib import Path

import pytest

from pipeline.demo.fates import Fate, Rates
from pipeline.demo.scanner import sign_and_scan
from tests.conftest import huyue
from tests.main_job.test_closing import BACK, printed_hamlet

LATE = "2080-01-02"  # every retention but a permanent one is over
SMOOTH = Rates(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "收条.png"
    from PIL import Image

    Image.new("L", (600, 800), 240).save(path)
    return path


def test_a_contract_on_the_shelf_and_off_it(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, note: Path
) -> None:
    hamlet = printed_hamlet(tmp_path_factory).copied(tmp_path)
    number = sorted(one for pair in hamlet.numbers.values() for one in pair)[0]
    sign_and_scan(hamlet.batch, tmp_path / "扫描件", seed=3, plan={number: Fate()}, rates=SMOOTH)
    assert hamlet.run("intake", tmp_path / "扫描件").json["filed"] == 2

    settings = hamlet.home / "huyue.toml"
    said = hamlet.run("arrange", "--year", "2026")
    assert said.status == 2, "no fonds yet"
    assert str(settings) in said.json["error"]["message"]
    settings.write_text(
        settings.read_text("utf-8") + '\n[archive]\nfonds = "J012"\ncategory = "WS"\n', "utf-8"
    )
    (given,) = hamlet.run("arrange", "--year", "2026").json["numbers"]
    assert given["contract"] == number
    shown = hamlet.run("show", number).json
    assert shown["archival_number"] == given["archival_number"]
    assert given["archival_number"].startswith("J012-WS·2026-D")
    assert [
        hit["contract"] for hit in hamlet.run("search", f"档号:{given['archival_number']}").json["hits"]
    ] == [number]

    paper = ("paper", "add", note, "--kind", "附件", "--title", "慰问金收条", "--contract", number)
    assert hamlet.run(*paper, "--note", "春节慰问金").status == 0
    assert [one["title"] for one in hamlet.run("show", number).json["papers"]] == ["慰问金收条"]
    assert hamlet.run("search", "慰问金").json["hits"][0]["paper"] == 1

    due = hamlet.run("retention", today=LATE).json["contracts"]
    assert [one["archival_number"] for one in due] == [given["archival_number"]]
    assert hamlet.run("dispose", "propose", number, "--reason", "保管期满", today=LATE).status == 0
    assert hamlet.run("dispose", "approve", "1", "--user", "批准人乙", today=LATE).status == 0
    done = hamlet.run("dispose", "carry-out", "1", "--yes", today=LATE)
    assert done.status == 0, done.out
    gone = hamlet.run("show", number, today=LATE).json
    assert (gone["destroyed_on"], gone["parties"], gone["history"][-1]["event"]) == (LATE, [], "destroyed")
    as_text = huyue("--home", hamlet.home, "show", number, today=LATE).out
    assert "已销毁" in as_text
    assert "档号 J012" in as_text
    exported = huyue("--home", hamlet.home, "export", number, "--out", tmp_path / "包", today=LATE)
    assert exported.status != 0
    assert "已经销毁" in exported.err
    assert hamlet.run("verify", today=LATE).status == 0
    assert hamlet.run("audit", "--out", tmp_path / "检查.xlsx", today=LATE).status in (0, 1)
    assert hamlet.run("search", number, today=BACK).json["hits"][0]["contract"] == number
