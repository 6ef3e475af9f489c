"""Both engines find what a plain reading of the documents finds."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.index.engine import COUNTED, ENGINES, Document, Engine, foremost, open_engine
from archive.index.plan import plan
from archive.index.query import Query, parse
from tests.archive.conftest import Search
from tests.archive.index_documents import (
    DIVISIONS,
    TITLES,
    VILLAGES,
    WORDS,
    document,
    generated,
    numbers,
)

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
        ("，。", []),
        ("(", []),
        ("( 茶山路", [1, 2]),
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
    found = engine.search(plan(parse("李明"), WORDS), 0, 10)
    assert [(hit.number, hit.score) for hit in found.hits] == [
        *((number, 7.0) for number in numbers(3, 4)),
        *((number, 6.0) for number in numbers(2, 5)),
        *((number, 5.0) for number in numbers(1)),
    ]


def test_pages_follow_each_other_without_gap_or_repeat(engine: Engine) -> None:
    parties = ["李明", "李明华", "韦李"]
    engine.update(
        document(serial, parties[serial % 3], "李家屯")
        for serial in random.Random(7).sample(range(1, 201), 200)  # noqa: S311
    )
    whole = [hit.number for hit in engine.search(plan(parse("李 明"), WORDS), 0, 1000).hits]
    assert len(whole) == len(set(whole)) == 133
    for size in (1, 7, 50):
        paged = []
        for offset in range(0, len(whole) + size, size):
            page = engine.search(plan(parse("李 明"), WORDS), offset, size)
            assert page.total == len(whole)
            paged += [hit.number for hit in page.hits]
        assert paged == whole
    assert engine.search(plan(parse("李 明"), WORDS), 5000, 10).hits == []
    assert engine.search(plan(parse("李 明"), WORDS), 0, 0).total == len(whole)


def test_filters_of_the_command_line_narrow_hits_and_facets(engine: Engine) -> None:
    engine.update(generated(900))
    query = Query(parse("覃").groups, frozenset(VILLAGES[:2]), "family_planning", 2026, "filed")
    wanted = [
        made
        for made in generated(900)
        if "覃" in made.party + made.responsible + made.text
        and (made.village in VILLAGES[:2], made.template, made.year, made.state)
        == (True, "family_planning", 2026, "filed")
    ]
    found = engine.search(plan(query, WORDS), 0, 1000)
    assert wanted
    assert {hit.number for hit in found.hits} == {made.number for made in wanted}
    assert found.facets["village"] == ranked(made.village for made in wanted)
    assert engine.search(plan(Query(villages=frozenset()), WORDS), 0, 10).total == 0


def test_of_many_responsible_persons_those_that_stand_out_are_counted(engine: Engine) -> None:
    """Of 150, three have two contracts each and the others one: who of the others comes first means nothing."""
    engine.update(document(serial, responsible=f"责任{serial % 150}") for serial in range(153))
    found = engine.search(plan(parse(""), WORDS), 0, 1)
    assert found.total == 153
    assert found.facets["responsible"] == [("责任0", 2), ("责任1", 2), ("责任2", 2)]
    found = engine.search(plan(parse("负责人:责任14"), WORDS), 0, 1)
    assert found.facets["responsible"] == [("责任14", 1), *((f"责任14{digit}", 1) for digit in range(10))]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.one_of(st.characters(), st.sampled_from('"“”:：- 村组户年-覃冲洞𠮷0124、|¶\n'))))
def test_no_query_makes_an_engine_fail(engine: Engine, typed: str) -> None:
    if not engine.count():
        engine.update([document(1)])
    assert engine.search(plan(parse(typed), WORDS), 0, 10).total in (0, 1)


def test_words_are_found_wherever_they_stand() -> None:
    found = [*WORDS.read("计划生育合同书 ＡＢ-12")[1], *WORDS.read("东门镇冲洞村委会")[1]]
    assert {"计划", "生育", "合同书", "计划生育合同书", "ab", "12"} <= set(found)
    assert {"东门镇", "冲洞", "冲洞村", "冲洞村委会", "东门镇冲洞村委会"} <= set(found)
    assert not {"书东", "书东门", "-"} & set(found)


def ranked(values: Iterator[object]) -> list[tuple[str, int]]:
    return sorted(Counter(map(str, values)).items(), key=lambda item: (-item[1], item[0]))


def plainly(made: Document, part: str) -> bool:
    """Whether a document is found by a term without punctuation, read off its text without any index."""
    names = [name.replace("·", "") for name in made.party.split("、")]
    key = made.number.replace("-", "")
    if any(part in name for name in names) or key.startswith(part):
        return True
    if part.isdigit() and len(part) >= 3:  # an end of the number, a household, a year
        serial, ends = key[18:24], (key[18:24], key[16:24], key[12:24])
        bare = (str(int(serial)), *(serial[at:] for at in range(4)), *ends[1:])
        if part in bare or part in [end + key[-1] for end in (*bare, serial[4:])]:
            return True
        if part.lstrip("0") == made.household or part == str(made.year):
            return True
    if re.fullmatch("第?(1?[0-9])组", part) and int(re.sub("[第组]", "", part)) == made.group:
        return True
    at_ends = ("(?<![0-9])" if part[0].isdigit() else "", "(?![0-9])" if part[-1].isdigit() else "")
    pattern = re.compile(at_ends[0] + re.escape(part) + at_ends[1])
    return any(pattern.search(line.replace("·", "")) for line in made.lines)


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
        line = chance.choice([*of.party.split("、"), *of.lines]).replace("·", "")
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
        facets = {facet: ranked(getattr(made, facet) for made in wanted) for facet in COUNTED}
        facets["town"] = ranked(made.village[:9] for made in wanted)
        facets["responsible"] = foremost(facets["responsible"])
        answers = [engine.search(plan(parse(typed), WORDS), 0, 5000) for engine in engines]
        assert answers[0] == answers[1], typed
        assert answers[0].total == len(wanted), typed
        assert answers[0].facets == facets, typed
        assert {hit.number for hit in answers[0].hits} == {made.number for made in wanted}, typed
        totals.append(len(wanted))
    assert sum(total > 0 for total in totals) > 60
    assert max(totals) > 2000
