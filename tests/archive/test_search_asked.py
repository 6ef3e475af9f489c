"""What the catalogue alone can tell: the end of an identity number, the place somebody is away at."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import insert, update

from archive.catalogue import tables
from archive.changes import mark_changed
from archive.home import Home, create_home
from archive.index.query import parse
from archive.journal import Actor
from archive.numbers import Number
from archive.search import Names, Results, engine_name, every, search
from tests.archive.papers import call
from tests.archive.test_states import OLD, VILLAGE, keep
from tests.conftest import index_files

DAY = date(2026, 3, 5)
NUMBERS = [str(Number(VILLAGE, 2026, "01", serial)) for serial in range(1, 6)]
PARTIES = ["韦桂兰", "覃小明", "莫秋月", "韦桂兰", "罗大海"]
# The first has one number of old that a person confirmed to be hers, ending in 1234.
IDS = [
    "451225198006140012",
    "45122519810101123X",
    "451225199001011234",
    "451225197005050012",
    "451225197005051234",
]
OF_OLD = "451225800614123"
NAMES = Names({VILLAGE: "冲洞村"}, {"service": "计划生育合同书"}, {"service": "01"})
AWAY = ["广东省东莞市", "", "廣東深圳", "南宁市", "广东省"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Five people with a contract each, all but the second away; the last one's village has a newer roster without him."""
    home = create_home(tmp_path_factory.mktemp("asked") / "档案库", None, {"45": "广西"}, Actor("甲", DAY))
    with home.writing() as connection:
        rows = zip(NUMBERS, PARTIES, strict=True)
        keep(connection, *(replace(OLD, number=number, key=number, party=name) for number, name in rows))
        party = tables.party
        for number, identity in zip(NUMBERS, IDS, strict=True):
            connection.execute(update(party).where(party.c.contract == number).values(id_number=identity))
        for import_ in (1, 2):
            connection.execute(
                insert(tables.roster_import).values(id=import_, imported_on="2026-02-01", year=2026)
            )
            connection.execute(insert(tables.import_village).values(import_id=import_, village_code=VILLAGE))
            for at, (name, identity, away) in enumerate(zip(PARTIES, IDS, AWAY, strict=True)):
                if import_ == 1 or at < 4:
                    take_in(
                        connection, import_, name, identity, "北京市" if import_ == 1 and at < 4 else away
                    )
        link = {"import_id": 2, "old_id": "451225198006141234", "new_id": IDS[0]}
        connection.execute(insert(tables.person_link).values(link))
        mark_changed(connection, NUMBERS)
    return home


def take_in(connection, import_: int, name: str, identity: str, away: str) -> None:  # type: ignore[no-untyped-def]
    place = {"import_id": import_, "village_code": VILLAGE, "group_no": 1, "number": name + identity}
    row = connection.execute(insert(tables.household).values(place | {"head": name, "responsible": ""}))
    person = {"household_id": row.inserted_primary_key[0], "import_id": import_, "name": name, "sex": "女"}
    person |= {
        "id_number": identity,
        "relation": "户主",
        "phone": "",
        "marital": "",
        "away_to": away,
        "held": "",
    }
    wishes = ("away_readable", "wants_service", "wants_pension", "wants_choice")
    connection.execute(insert(tables.person).values(person | dict.fromkeys(wishes, False)))


@pytest.fixture(params=["tantivy", "whoosh"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUYUE_ENGINE", request.param)


def ask(home: Home, typed: str) -> Results:
    return search(home, parse(typed), typed, NAMES, DAY, 0, 10)


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ("尾号:0012", [0, 3]),
        ("尾号:０012", [0, 3]),
        ("尾号:123x", [1]),
        ("尾号:1234", [0, 2, 4]),
        ("尾号:0012 韦桂兰", [0, 3]),
        ("尾号:1234 姓名:韦桂兰", [0]),
        ("-尾号:0012", [1, 2, 4]),
        ("尾号:0012 或 尾号:123X", [0, 1, 3]),
        ("尾号:9999", []),
        ("尾号:012", []),
        ("尾号:51225198006140012", []),
        ("外出:广东", [0, 2]),
        ("外出:廣東", [0, 2]),
        ("去向:东莞", [0]),
        ("外出:北京", []),  # in an older roster
        ("外出:广东 尾号:0012", [0]),
        ("-外出:广东", [1, 3, 4]),
    ],
)
def test_the_catalogue_is_asked_beside_the_index(home: Home, typed: str, places: list[int]) -> None:
    numbers = [NUMBERS[place] for place in places]
    found = ask(home, typed)
    assert ([hit.standing.number for hit in found.hits], found.total) == (numbers, len(numbers))
    assert [one.number for one in every(home, parse(typed), typed, NAMES, DAY, "number")] == numbers
    assert sum(count for _, count in found.facets["state"]) == len(numbers)


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("尾号:012", "最后四位"),
        ("尾号:9999", "没有身份证号以“9999”结尾的人"),
        ("外出:海南", "没有外出到“海南”的人"),
    ],
)
def test_what_nobody_has_is_told(home: Home, typed: str, note: str) -> None:
    assert [note in one for one in ask(home, typed).notes] == [True]


def test_nothing_of_it_is_in_an_index(home: Home) -> None:
    ask(home, "外出:广东 尾号:0012")
    held = b"".join(path.read_bytes() for path in index_files(home, engine_name()))
    assert "韦桂兰".encode() in held or "韦".encode() in held
    for identity in (*IDS, *(one[-4:] + " " for one in IDS)):
        assert identity.encode() not in held
    assert "东莞".encode() not in held


def test_the_option_stands_beside_the_words(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("--home", home.folder, "--today", DAY.isoformat(), "search", "--id-last4")
    assert [
        hit["contract"] for hit in call(monkeypatch, *command, "1234", "韦桂兰", "--json").json["hits"]
    ] == NUMBERS[:1]
    assert call(monkeypatch, *command, "123x", "--json").json["total"] == 1
