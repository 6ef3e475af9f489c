"""Both engines find what a plain reading of the documents finds, and keep it through updates and crashes."""

import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.index.engine import ENGINES, FACETS, STAMP, Document, Engine, IndexUnreadable, open_engine
from archive.index.query import Query, parse
from archive.index.words import Words

DIVISIONS = {
    "451225": "罗城仫佬族自治县",
    "451225100": "东门镇",
    "451225100201": "冲洞村委会",
    "451225100202": "上冲洞村委会",
    "451225103": "小长安镇",
    "451225103001": "长安社区居委会",
    "451225103209": "民族村委会",
    "451225203": "纳翁乡",
    "451225203205": "民族村委会",
}
VILLAGES = sorted(code for code in DIVISIONS if len(code) == 12)
TITLES = {"household_responsibility": "家庭计划生育责任书", "family_planning": "计划生育合同书"}
WORDS = Words(DIVISIONS, TITLES.values())
STATES = ("planned", "printed", "filed", "expired")
Search = Callable[[str], list[str]]


def document(serial: int, party: str = "覃小明", place: str = "", **changes: object) -> Document:
    """A contract of 冲洞村 unless `changes` say otherwise; `place` is one more line of its text."""
    made = Document(
        number=f"451225100201-2026-02-{serial:06d}-Y",
        party=party,
        template="family_planning",
        title=TITLES["family_planning"],
        village="451225100201",
        year=2026,
        state="filed",
        group=3,
        household="0012",
        text=f"罗城仫佬族自治县东门镇冲洞村委会\n潘建国\n{place}",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def numbers(*serials: int) -> list[str]:
    return [document(serial).number for serial in serials]


@pytest.fixture(params=ENGINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(name: str, tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(name, tmp_path / "index", WORDS)
    yield opened
    opened.close()


@pytest.fixture
def search(engine: Engine) -> Search:
    """The numbers that a typed query finds, in order; facets and total must agree with them."""

    def run(typed: str) -> list[str]:
        found = engine.search(parse(typed), 0, 1000)
        assert found.total == len(found.hits)
        for facet in FACETS:
            assert sum(count for _, count in found.facets[facet]) == found.total
        return [hit.number for hit in found.hits]

    return run


PARTIES = ["覃小明、韦秀英", "欧阳修", "阿依古丽·买买提", "𠮷田明", "王㛃", "明韦", "张\ue123", "Ann Ｌee"]


@pytest.mark.parametrize(
    ("typed", "serials"),
    [
        ("覃小明", [1]),
        ("小明", [1]),
        ("秀", [1]),
        ("明韦", [6]),
        ("覃小明、韦秀英", [1]),
        ("姓名:韦", [1, 6]),
        ("欧阳", [2]),
        ("阳修", [2]),
        ("阿依古丽·买买提", [3]),
        ("阿依古丽•买买提", [3]),
        ("阿依古丽买买提", [3]),
        ("丽买", [3]),
        ("买 提", [3]),
        ("𠮷", [4]),
        ("𠮷田", [4]),
        ("㛃", [5]),
        ("\ue123", [7]),
        ("ann", [8]),
        ("ＡＮＮ", [8]),
        ('"ann lee"', [8]),
        ("明", [1, 4, 6]),
        ("姓名:潘建国", []),
        ("潘建国", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_any_part_of_a_name_is_found(engine: Engine, search: Search, typed: str, serials: list[int]) -> None:
    engine.update(document(serial, party) for serial, party in enumerate(PARTIES, 1))
    assert sorted(search(typed)) == numbers(*serials)


@pytest.mark.parametrize(
    ("typed", "serials"),
    [
        ("东门镇冲洞村委会", [1, 2, 3]),
        ("冲洞村委会", [1, 2, 3]),
        ("冲洞村", [1, 2, 3]),
        ("冲洞", [1, 2, 3]),
        ("门镇冲", [1, 2, 3]),
        ('"东门镇 冲洞村"', [1, 2, 3]),
        ('"冲洞村 东门镇"', []),
        ("冲洞 东门镇", [1, 2, 3]),
        ("计划生育合同书", [1, 2]),
        ("计划", [1, 2, 3]),
        ("生育", [1, 2, 3]),
        ("合同书", [1, 2]),
        ("育合", [1, 2]),
        ("划生", [1, 2, 3]),
        ("计划生育 -合同书", [3]),
        ("-计划生育", []),
        ("-12号", [2, 3]),
        ('-"茶山路 12"', [2, 3]),
        ("12", [1]),
        ("112", [2]),
        ("茶山路", [1, 2]),
        ("山路1", []),
        ("村委会潘", []),  # not across lines
        ("国茶", []),
        ("４５１２２５１００２０１", [1, 2, 3]),
        ("451225100201-2026-02-000001-y", [1]),
        ("4512251002012026020000", [1, 2, 3]),
        ("编号:451225100201202602000003y", [3]),
        ("编号:冲洞", []),
        ("13812345678", []),
        ("组:3 户:12", [1, 2]),
        ("-组:3", [3]),
        ("村:冲洞 年:2026 状态:归档", [1, 2, 3]),
        ("-状态:归档", []),
        ("村:民族村", []),
        ("", [1, 2, 3]),
        ("，。", [1, 2, 3]),
    ],
)
def test_texts_numbers_and_fields(engine: Engine, search: Search, typed: str, serials: list[int]) -> None:
    other = {"template": "household_responsibility", "title": TITLES["household_responsibility"]}
    engine.update(
        [
            document(1, place="茶山路12号 电话13812345678"),
            document(2, place="茶山路112号"),
            document(3, group=4, household="7", **other),
        ]
    )
    assert search(typed) == numbers(*serials)


def test_whole_names_come_first_then_parts_then_other_text(engine: Engine) -> None:
    engine.update(
        [
            document(1, "韦一", "住李明家"),
            document(2, "李明华"),
            document(3, "李明"),
            document(4, "韦二、李明"),
            document(5, "老李明"),
        ]
    )
    found = engine.search(parse("李明"), 0, 10)
    assert [(hit.number, hit.score) for hit in found.hits] == [
        *((number, 2.0) for number in numbers(3, 4)),
        *((number, 1.0) for number in numbers(2, 5)),
        *((number, 0.0) for number in numbers(1)),
    ]


def test_pages_follow_each_other_without_gap_or_repeat(engine: Engine) -> None:
    parties = ["李明", "李明华", "韦李"]
    engine.update(
        document(serial, parties[serial % 3], "李家屯")
        for serial in random.Random(7).sample(range(1, 201), 200)  # noqa: S311
    )
    whole = [hit.number for hit in engine.search(parse("李 明"), 0, 1000).hits]
    assert len(whole) == len(set(whole)) == 133
    for size in (1, 7, 50):
        paged = []
        for offset in range(0, len(whole) + size, size):
            page = engine.search(parse("李 明"), offset, size)
            assert page.total == len(whole)
            paged += [hit.number for hit in page.hits]
        assert paged == whole
    assert engine.search(parse("李 明"), 5000, 10).hits == []
    assert engine.search(parse("李 明"), 0, 0).total == len(whole)


def test_filters_of_the_command_line_narrow_hits_and_facets(engine: Engine) -> None:
    engine.update(generated(300))
    query = Query(parse("覃").terms, frozenset(VILLAGES[:2]), "family_planning", 2026, "filed")
    wanted = [
        made
        for made in generated(300)
        if "覃" in made.party + made.text
        and (made.village in VILLAGES[:2], made.template, made.year, made.state)
        == (True, "family_planning", 2026, "filed")
    ]
    found = engine.search(query, 0, 1000)
    assert wanted
    assert {hit.number for hit in found.hits} == {made.number for made in wanted}
    assert found.facets["village"] == ranked(made.village for made in wanted)
    assert engine.search(Query(villages=frozenset()), 0, 10).total == 0


def test_an_update_replaces_and_a_deletion_removes(engine: Engine, search: Search) -> None:
    engine.update(document(serial) for serial in (1, 2, 3))
    engine.update([document(2, "韦秀英", state="void"), document(4)])
    assert engine.count() == 4
    assert search("覃小明") == numbers(1, 3, 4)
    assert search("韦秀英 状态:作废") == numbers(2)
    engine.delete([*numbers(1, 4), "no such number"])
    assert engine.count() == 2
    assert search("覃小明") == numbers(3)
    engine.delete(numbers(2, 3))
    assert engine.count() == 0
    assert search("") == []


def test_of_a_number_given_twice_the_later_stays(engine: Engine, search: Search) -> None:
    engine.update([document(1), document(2), document(1, "韦秀英"), document(1, "潘月娥")])
    assert engine.count() == 2
    assert search("韦秀英") == []
    assert search("潘月娥") == numbers(1)


def test_the_marker_is_kept_with_the_commit_and_is_no_document(name: str, tmp_path: Path) -> None:
    engine = open_engine(name, tmp_path / "index", WORDS)
    assert engine.stored_marker() == ""
    engine.update([document(1)], marker="journal 1")
    engine.set_marker("journal 2")
    engine.update([document(2)])
    engine.close()
    again = open_engine(name, tmp_path / "index", WORDS)
    assert again.stored_marker() == "journal 2"
    assert again.count() == again.search(parse(""), 0, 10).total == 2
    again.delete(numbers(1), marker="journal 3")
    assert (again.stored_marker(), again.count()) == ("journal 3", 1)


def test_an_update_that_fails_changes_nothing(engine: Engine, search: Search) -> None:
    def failing() -> Iterator[Document]:
        yield document(1, "韦秀英")
        yield document(2)
        raise RuntimeError("the catalogue went away")

    engine.update([document(1)], marker="old")
    with pytest.raises(RuntimeError):
        engine.update(failing(), marker="new")
    assert (engine.count(), engine.stored_marker(), search("覃小明")) == (1, "old", numbers(1))
    engine.update([document(2)])
    assert engine.count() == 2


def test_many_updates_leave_each_contract_once(engine: Engine, search: Search) -> None:
    for turn in range(30):
        engine.update(
            document(serial, f"覃{'一二三四五六七八九十'[turn % 10]}") for serial in range(turn, turn + 5)
        )
    assert search("") == numbers(*range(34))
    assert search("覃十") == numbers(9, 19, *range(29, 34))  # as the last update of each left it


def test_a_reader_elsewhere_sees_the_newest_commit(name: str, engine: Engine, tmp_path: Path) -> None:
    reader = open_engine(name, tmp_path / "index", WORDS)
    assert reader.count() == 0
    engine.update([document(1)])
    assert reader.search(parse("覃"), 0, 1).total == 1
    engine.delete(numbers(1))
    assert reader.search(parse("覃"), 0, 1).total == 0


READER = """
import sys, threading
from pathlib import Path
from archive.index.engine import open_engine
from archive.index.query import parse
from tests.archive.test_index import WORDS
done = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), done.set()), daemon=True).start()
engine = open_engine(sys.argv[1], Path(sys.argv[2]), WORDS)
print("ready", flush=True)
seen = set()
while not done.is_set():
    found = engine.search(parse("覃"), 0, 5)
    assert found.total == 200 and len(found.hits) == 5, found
    ((state, count),) = found.facets["state"]
    assert count == 200
    seen.add(state)
    again = open_engine(sys.argv[1], Path(sys.argv[2]), WORDS)
    assert again.count() == 200
    again.close()
print(len(seen), flush=True)
"""


def test_a_reader_in_another_process_never_fails_while_a_writer_commits(
    name: str, engine: Engine, tmp_path: Path
) -> None:
    engine.update(document(serial, state="planned") for serial in range(200))
    command = [sys.executable, "-c", READER, name, str(tmp_path / "index")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reader:
        assert reader.stdout and reader.stdout.readline() == b"ready\n"
        for turn in range(12):
            engine.update(document(serial, state=STATES[turn % 4]) for serial in range(200))
        out, problems = reader.communicate(b"")
    assert reader.returncode == 0, problems.decode()
    assert int(out) > 1


WRITER = """
import sys
from pathlib import Path
from archive.index.engine import open_engine
from tests.archive.test_index import WORDS, document
def documents():
    for serial in range(3000):
        yield document(serial, "韦秀英")
    print("in the midst", flush=True)
    sys.stdin.read()
open_engine(sys.argv[1], Path(sys.argv[2]), WORDS).update(documents(), marker="new")
"""


def test_a_writer_killed_in_an_update_leaves_the_old_index(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    engine = open_engine(name, folder, WORDS)
    engine.update((document(serial) for serial in range(10)), marker="old")
    engine.close()
    command = [sys.executable, "-c", WRITER, name, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout and writer.stdout.readline() == b"in the midst\n"
        writer.kill()
    engine = open_engine(name, folder, WORDS)
    assert (engine.count(), engine.stored_marker()) == (10, "old")
    assert engine.search(parse("韦秀英"), 0, 1).total == 0
    assert name == "tantivy" or list(folder.glob("*.tmp"))  # where names of the killed update stand
    engine.update([document(1, "潘月娥")], marker="new")
    assert (engine.count(), engine.stored_marker()) == (10, "new")
    assert engine.search(parse("潘月娥"), 0, 1).total == 1
    engine.close()
    assert not list(folder.glob("*.tmp"))


@pytest.mark.parametrize("found", ["other engine", "other dictionary", "no stamp", "damaged", "a file"])
def test_what_is_no_index_of_ours_is_unreadable(name: str, tmp_path: Path, found: str) -> None:
    folder, words = tmp_path / "index", WORDS
    if found == "a file":
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
    else:
        engine = open_engine(name, folder, words)
        engine.update(generated(50))
        engine.close()
    if found == "other engine":
        name = next(other for other in ENGINES if other != name)
    elif found == "other dictionary":
        words = Words(DIVISIONS | {"451225100203": "平洛村委会"}, TITLES.values())
    elif found == "no stamp":
        (folder / STAMP).unlink()
    elif found == "damaged":
        for path in folder.iterdir():
            if path.name != STAMP:
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(IndexUnreadable):
        open_engine(name, folder, words).search(parse("覃"), 0, 10)


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lucene"):
        open_engine("lucene", tmp_path / "index", WORDS)
    assert not (tmp_path / "index").exists()


def test_no_identity_or_phone_number_is_in_the_files(name: str, engine: Engine, tmp_path: Path) -> None:
    engine.update([document(1, place="身份证45122519800614001X，电话１３８１２３４５６７８")])
    engine.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "index").iterdir() if path.is_file())
    assert b"45122519800614001" not in held
    assert b"13812345678" not in held


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.one_of(st.characters(), st.sampled_from('"“”:：- 村组户年-覃冲洞𠮷0124、|¶\n'))))
def test_no_query_makes_an_engine_fail(engine: Engine, typed: str) -> None:
    if not engine.count():
        engine.update([document(1)])
    assert engine.search(parse(typed), 0, 10).total in (0, 1)


def test_words_are_found_wherever_they_stand() -> None:
    found = WORDS.segment("计划生育合同书 ＡＢ-12\n东门镇冲洞村委会")
    assert {"计划", "生育", "合同书", "计划生育合同书", "ab", "12"} <= set(found)
    assert {"东门镇", "冲洞", "冲洞村", "冲洞村委会", "东门镇冲洞村委会"} <= set(found)
    assert not {"书东", "书东门", "-"} & set(found)


def generated(count: int) -> Iterator[Document]:
    """Invented contracts of five villages, always the same."""
    chance = random.Random(20260301)  # noqa: S311
    for serial in range(count):
        village, template = chance.choice(VILLAGES), chance.choice(sorted(TITLES))
        year, group = chance.choice((2024, 2025, 2026)), chance.randrange(1, 13)
        place = f"{chance.choice('上下大新')}{chance.choice('寨屯坡')}{chance.randrange(1, 150)}号"
        yield Document(
            number=f"{village}-{year}-{chance.randrange(1, 7):02d}-{serial:06d}-{chance.choice('0129AXZ')}",
            party="、".join(a_name(chance) for _ in range(chance.choice((1, 1, 2)))),
            template=template,
            title=TITLES[template],
            village=village,
            year=year,
            state=chance.choice(STATES),
            group=group,
            household=str(chance.randrange(1, 60)),
            text=f"{DIVISIONS[village[:9]]}{DIVISIONS[village]}\n{a_name(chance)}\n第{group}组{place}",
        )


def a_name(chance: random.Random) -> str:
    if chance.random() < 0.05:
        return chance.choice(("欧阳", "阿依古丽·买买提", "𠮷田"))
    return chance.choice("覃韦罗李王𠮷欧") + "".join(
        chance.choice("小明秀英建国㛃阳") for _ in range(chance.choice((1, 2)))
    )


def ranked(values: Iterator[object]) -> list[tuple[str, int]]:
    return sorted(Counter(map(str, values)).items(), key=lambda item: (-item[1], item[0]))


def plainly(made: Document, part: str) -> bool:
    """Whether a document is found by a term without punctuation, read off its text without any index."""
    names = [name.replace("·", "") for name in made.party.split("、")]
    if any(part in name for name in names) or made.number.replace("-", "").startswith(part):
        return True
    at_ends = ("(?<![0-9])" if part[0].isdigit() else "", "(?![0-9])" if part[-1].isdigit() else "")
    pattern = re.compile(at_ends[0] + re.escape(part) + at_ends[1])
    return any(pattern.search(line.replace("·", "")) for line in (made.title, *made.text.split("\n")))


def a_condition(chance: random.Random, documents: list[Document]) -> tuple[str, Callable[[Document], bool]]:
    """Something to type, and what it means of a document."""
    of = chance.choice(documents)
    kind = chance.randrange(7)
    if kind == 0:
        return f"组:{of.group}", lambda made: made.group == of.group
    if kind == 1:
        return f"村:{DIVISIONS[of.village]}", lambda made: DIVISIONS[made.village] == DIVISIONS[of.village]
    if kind == 2:
        return f"年:{of.year}", lambda made: made.year == of.year
    if kind == 3:
        part = of.number.replace("-", "")[: chance.randrange(3, 26)]
    else:
        line = chance.choice([*of.party.split("、"), of.title, *of.text.split("\n")]).replace("·", "")
        start = chance.randrange(len(line))
        part = line[start : start + chance.randrange(1, 7)]
    return part, lambda made: plainly(made, part)


def test_two_engines_agree_with_a_plain_reading_of_5000_documents(tmp_path: Path) -> None:
    documents = list(generated(5000))
    engines = [open_engine(name, tmp_path / name, WORDS) for name in ENGINES]
    for engine in engines:
        engine.update(iter(documents[:3000]))
        engine.update(iter(documents[2900:]))
    chance = random.Random(5)  # noqa: S311
    totals = []
    for _ in range(100):
        conditions = [a_condition(chance, documents) for _ in range(chance.choice((1, 1, 2, 3)))]
        excluded = [a_condition(chance, documents) for _ in range(chance.choice((0, 0, 1)))]
        typed = " ".join([part for part, _ in conditions] + [f"-{part}" for part, _ in excluded])
        wanted = [
            made
            for made in documents
            if all(holds(made) for _, holds in conditions) and not any(holds(made) for _, holds in excluded)
        ]
        facets = {facet: ranked(getattr(made, facet) for made in wanted) for facet in FACETS}
        answers = [engine.search(parse(typed), 0, 5000) for engine in engines]
        assert answers[0] == answers[1], typed
        assert answers[0].total == len(wanted), typed
        assert answers[0].facets == facets, typed
        assert {hit.number for hit in answers[0].hits} == {made.number for made in wanted}, typed
        totals.append(len(wanted))
    assert sum(total > 0 for total in totals) > 60
    assert max(totals) > 2000
