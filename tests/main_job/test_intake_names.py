"""Files named on other systems: names in GBK, and names in nothing, are opened, shown and kept readable."""

import os
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.demo.fates import SMOOTH, Fate
from pipeline.demo.scanner import sign_and_scan
from pipeline.intake.files import list_files
from tests.main_job.test_closing import printed_hamlet
from tests.main_job.test_intake_files import jpegs_of, outcomes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there names are bytes")


def gbk(folder: Path, name: str) -> Path:
    return folder / os.fsdecode(name.encode("gb18030"))


class GbkNamed(zipfile.ZipInfo):
    """A file in a zip, named as Windows does in China."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("gb18030"), 0


def test_names_that_are_not_utf_8_are_taken_in_and_shown_readable(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hamlet = printed_hamlet(tmp_path_factory).copied(tmp_path)
    number, scans = hamlet.numbers["family_planning"][0], gbk(tmp_path, "扫描件")
    truth = sign_and_scan(hamlet.batch, tmp_path / "原样", seed=1, plan={number: Fate()}, rates=SMOOTH)
    source = tmp_path / "原样" / truth.pages[0].file
    (scans / "四月").mkdir(parents=True)
    shutil.copy(source, gbk(scans, "一叠.pdf"))
    gbk(scans / "四月", "相片.jpg").write_bytes(jpegs_of(source)[2])
    (scans / os.fsdecode(b"\xff\xfe.jpg")).write_bytes(jpegs_of(source)[3])
    gbk(scans, "半截.pdf").write_bytes(source.read_bytes()[:5000])
    with zipfile.ZipFile(gbk(scans, "压缩.zip"), "w") as packed:
        packed.writestr(GbkNamed("一叠.pdf"), source.read_bytes())
    answer = hamlet.run("intake", scans)
    assert answer.status == 1, answer.err
    assert {one["file"]: one["code"] for one in answer.json["rejected_files"]} == {
        "半截.pdf": "damaged",
    }
    assert "没有收 半截.pdf：" in answer.err
    assert outcomes(hamlet.home) == {
        "压缩.zip/一叠.pdf": ["blank", "blank", "filed", "filed"],
        "一叠.pdf": ["blank", "blank", "duplicate", "duplicate"],
        "四月/相片.jpg": ["duplicate"],
        r"\xff\xfe.jpg": ["duplicate"],
    }
    assert hamlet.run("intake", scans).out == answer.out
    alone = hamlet.run("intake", gbk(scans, "一叠.pdf"))
    assert (alone.json["pages"], alone.json["duplicate"]) == (4, 2)
    missing = hamlet.run("intake", gbk(tmp_path, "没有"))
    assert missing.json["error"]["file"] == str(tmp_path / "没有")


def test_a_name_is_decoded_part_by_part(tmp_path: Path) -> None:
    folder = gbk(tmp_path, "村") / "组"
    folder.mkdir(parents=True)
    gbk(folder, "韦样.png").touch()
    (folder / "韦样.png").touch()
    assert [file.name for file in list_files([tmp_path])] == ["村/组/韦样.png"] * 2
