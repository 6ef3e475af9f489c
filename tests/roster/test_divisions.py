"""The table of divisions: loading, names, and the village that `--village` means."""

from pathlib import Path

import pytest

from pipeline.divisions import Divisions
from pipeline.errors import DivisionsUnreadable, RosterMissing, VillageAmbiguous, VillageUnknown
from pipeline.village_names import county_forms

COUNTY = Divisions.shipped()
SMALL = "code,name,parent\n110101,东城区,1101\n110101001,东华门街道,110101\n110101001001,多福巷社区居委会,110101001\n"


def test_the_shipped_county_has_its_towns_villages_and_full_names() -> None:
    assert len(COUNTY.towns) == 11
    assert len(COUNTY.villages) == 144
    assert COUNTY.full_name("451225100201") == "罗城仫佬族自治县东门镇冲洞村委会"
    assert COUNTY.full_name("451225100") == "罗城仫佬族自治县东门镇"
    assert COUNTY.town_name("451225100201") == "东门镇"
    assert len(COUNTY.villages_of("451225200")) == 8


def test_every_village_is_found_by_its_full_name_and_with_its_town() -> None:
    for code in COUNTY.villages:
        assert COUNTY.find_village(COUNTY.full_name(code)) == code
        assert COUNTY.find_village(COUNTY.town_name(code) + COUNTY.name(code)) == code
        assert COUNTY.find_village(code) == code


def test_a_community_and_a_village_are_not_taken_for_each_other() -> None:
    assert COUNTY.match("四把社区") == ("451225105001",)
    assert COUNTY.match("四把村") == ()
    assert COUNTY.match("冲洞社区") == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_another_county_loads_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "divisions.csv"
    path.write_bytes(SMALL.encode(encoding))
    divisions = Divisions.load(path)
    assert divisions.find_village("东华门街道多福巷社区") == "110101001001"
    assert divisions.find_village("东城区多福巷") == "110101001001"


@pytest.mark.parametrize(
    "table",
    [
        "",
        "代码,名称\n1,2\n",
        SMALL.replace("110101001001", "1101010010"),
        SMALL.replace("多福巷社区居委会", ""),
        SMALL.replace("110101001,东华门街道,110101\n", ""),
        "code,name,parent\n110101,东城区,1101\n",
        SMALL + "110101,西城区,1101\n",
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, table: str) -> None:
    path = tmp_path / "divisions.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(DivisionsUnreadable) as caught:
        Divisions.load(path)
    assert caught.value.exit_status == 3
    assert str(path) in caught.value.message


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RosterMissing):
        Divisions.load(tmp_path / "none.csv")


def test_an_ambiguous_village_lists_its_candidates_with_codes() -> None:
    with pytest.raises(VillageAmbiguous) as caught:
        COUNTY.find_village("民族村")
    assert caught.value.exit_status == 2
    assert "小长安镇民族村委会（451225103209）" in caught.value.message
    assert "纳翁乡民族村委会（451225203205）" in caught.value.message


def test_an_unknown_village_lists_near_ones_with_codes() -> None:
    with pytest.raises(VillageUnknown) as caught:
        COUNTY.find_village("冲东村")
    assert caught.value.exit_status == 2
    assert "东门镇冲洞村委会（451225100201）" in caught.value.message


@pytest.mark.parametrize(
    ("text", "villages"),
    [
        ("2026年东门镇冲洞村住户花名册", ["冲洞村委会"]),
        ("小长安镇花名册", []),
        ("上大同村", []),
        ("三家村、大同村", ["三家村委会", "大同村委会"]),
        ("填报单位（盖章）：纳翁乡民族村民委员会", ["民族村委会"]),
        ("仫佬家园社区", ["仫佬家园社区居民委员会"]),
    ],
)
def test_villages_are_found_in_titles(text: str, villages: list[str]) -> None:
    assert [COUNTY.name(code) for code in COUNTY.villages_in(text)] == villages


def test_a_county_is_known_by_its_short_names() -> None:
    assert county_forms("罗城仫佬族自治县") == {"罗城仫佬族自治县", "罗城", "罗城县"}
    assert county_forms("东兰县") == {"东兰县", "东兰"}
