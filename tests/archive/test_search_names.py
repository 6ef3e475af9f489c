"""A person is found by whatever is remembered of the name, and the name as typed comes first; by both engines."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.changes import paper_key
from archive.index import shapes, tantivy_engine, tantivy_order
from archive.index.alike import Alike
from archive.index.engine import ENGINES, SORTS, Document, Engine, open_engine
from archive.index.find import FEW, find
from archive.index.names import endings, nearly
from archive.index.query import parse
from archive.index.sounds import readings, typed_sounds
from archive.index.traditional import PAIRS, simplified
from archive.search_hints import hints_for, suggestions
from tests.archive.index_documents import WORDS, document, numbers

Made = Callable[[list[Document]], Engine]

PARTIES = [
    "韦桂兰",
    "韦贵兰",
    "魏桂蓝",
    "覃小明、韦秀英",
    "韦桂兰香",
    "末土明",
    "韦国强",
    "尉迟恭",
    "曾乐天",
    "吕绿",
    "阿依古丽·买买提",
    "𠮷田明",
    "李芳",
    "李方",
    "李万",
    "不一白",
    "布一白",
]


FIELDS = [
    document(1),
    document(2, ends="2026-12-31", group=4),
    document(3, ends="", household="0077", responsible="覃月"),
    document(4, starts="2025-01-01", ends="2025-12-31", year=2025, campaign="2025秋", state="void"),
]
LISTED = [
    document(serial, PARTIES[serial % 7], ends=("", "2029-02-28", "2026-12-31")[serial % 3], group=serial % 4)
    for serial in range(34)
] + [
    replace(document(0), number=paper_key(serial), village=village, group=group, household="")
    for serial, (village, group) in enumerate(
        [
            ("451225", 0),
            ("451225100", 0),
            ("451225100201", 0),
            ("451225100201", 2),
            ("451225100", 0),
            ("451225100999", 7),
        ]
    )
]


@pytest.fixture(scope="module", params=ENGINES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A full index of an engine, made once and kept for the module."""
    opened: dict[int, Engine] = {}

    def make(documents: list[Document]) -> Engine:
        if id(documents) not in opened:
            engine = open_engine(request.param, tmp_path_factory.mktemp("search") / "index", WORDS)
            engine.update(documents)
            opened[id(documents)] = engine
        return opened[id(documents)]

    yield make
    for engine in opened.values():
        engine.close()


PEOPLE = [document(serial, party) for serial, party in enumerate(PARTIES, 1)]
NUMBERED = [document(serial) for serial in (7, 123, 4123)]


@pytest.fixture
def people(made: Made) -> Engine:
    """An index with a contract each of PARTIES, numbered from 1."""
    return made(PEOPLE)


@pytest.mark.parametrize(
    ("typed", "parties"),
    [
        # as written, then what holds it, then the same sound, then the same shape, then one character off
        ("韦桂兰", ["韦桂兰", "韦桂兰香", "韦贵兰", "魏桂蓝"]),
        ("韋桂蘭", ["韦桂兰", "韦桂兰香", "韦贵兰", "魏桂蓝"]),
        ("韦贵兰", ["韦贵兰", "韦桂兰", "魏桂蓝", "韦桂兰香"]),
        ("未士明", ["末土明"]),
        ("桂篮", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("李芳", ["李芳", "李方"]),
        ("姓名:李方", ["李方", "李芳", "李万"]),
        # one character missing, wrong, too many, changed over
        ("尉恭", ["尉迟恭"]),
        ("韦国墙", ["韦国强"]),
        ("韦国钢", ["韦国强"]),
        ("韦国军强", ["韦国强"]),
        ("韦强国", ["韦国强"]),
        ("阿依吉丽买买提", ["阿依古丽·买买提"]),
        ("李花", []),  # half of two characters is a surname
        ("李花 chongdong", ["李芳", "李方", "李万"]),
        # pinyin: in full, with tones, as initials, mixed; both readings of a surname
        ("wei guilan", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("weiguilan", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("wéi guì lán", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("Wei2gui4lan2", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("wgl", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("weigl", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("guilan", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("qinxiaoming", ["覃小明、韦秀英"]),
        ("tan xiao ming", ["覃小明、韦秀英"]),
        ("txm", ["覃小明、韦秀英"]),
        ("yuchigong", ["尉迟恭"]),
        ("weichi gong", ["尉迟恭"]),
        ("zengletian", ["曾乐天"]),
        ("ceng yuetian", ["曾乐天"]),
        ("lvlv", ["吕绿"]),
        ("lü lü", ["吕绿"]),
        ("ayiguli", ["阿依古丽·买买提"]),
        ("xiaoming wei", ["覃小明、韦秀英"]),  # words of two names
        ("𠮷天明", ["𠮷田明"]),
        # a name in quotes is meant to the letter, and so is what is not to be found
        ('"韦桂兰"', ["韦桂兰", "韦桂兰香"]),
        ("wgl -韦贵兰", ["韦桂兰", "魏桂蓝", "韦桂兰香"]),
        ("姓名:不", ["不一白"]),
        # words side by side
        ("韦桂兰 chongdong", ["韦桂兰", "韦桂兰香", "韦贵兰", "魏桂蓝"]),
        ("chongdong wgl", ["韦桂兰", "韦贵兰", "魏桂蓝", "韦桂兰香"]),
        ("韦贵香 或 吕路", ["吕绿", "韦贵兰"]),
        ("李昉 或 尉迟公", ["尉迟恭", "李芳", "李方"]),
    ],
)
def test_the_name_meant_is_found_the_likelier_first(people: Engine, typed: str, parties: list[str]) -> None:
    found, _ = find(people, WORDS, parse(typed), 0, 100)
    assert [PARTIES[int(hit.number[-8:-2]) - 1] for hit in found.hits] == parties
    assert found.total == len(parties)


@pytest.mark.parametrize("typed", ["计划", "冲洞", "责任书", "外出"])
def test_a_place_or_a_template_is_no_name_that_sounds_so(engine: Engine, typed: str) -> None:
    engine.update([document(1, "季华"), document(2, "虫东"), document(3, "泽仁书"), document(4, "崇洞")])
    found, exact = find(engine, WORDS, parse(typed), 0, 10)
    assert found.total == exact


def test_what_is_alike_is_left_out_where_enough_is_exactly_so(engine: Engine) -> None:
    engine.update(document(serial, "李芳" if serial < FEW else "李方") for serial in range(FEW + 5))
    assert find(engine, WORDS, parse("李芳"), 0, 10)[0].total == FEW
    assert find(engine, WORDS, parse("李方"), 0, 10)[0].total == FEW + 5
    assert find(engine, WORDS, parse("李方"), 0, 10)[1] == 5
    assert find(engine, WORDS, parse("lifang"), 0, 10)[0].total == FEW + 5


@pytest.mark.parametrize(
    ("typed", "serials"),
    [
        ("000123", [123]),
        ("123", [123, 4123]),
        ("4123", [4123]),
        ("编号:7", [7]),
        ("7", []),
        ("2026-02-000123", [123]),
        ("20260200", []),
        ("02-000123-Y", [123]),
        ("000123y", [123]),
        ("123Y", [123, 4123]),
        ("编号:000007", [7]),
        ("451225100201-2026-02-0001", [123]),
        ("４５１２２５１００２０１２０２６０２０００１２３", [123]),
        ("-000123", [7, 4123]),
    ],
)
def test_a_number_is_found_by_any_part(made: Made, typed: str, serials: list[int]) -> None:
    found, _ = find(made(NUMBERED), WORDS, parse(typed), 0, 10)
    assert [hit.number for hit in found.hits] == numbers(*serials)


def test_the_ends_of_a_number() -> None:
    assert endings("451225100201202602000123Y") == [
        *("*000123", "*00123", "*0123", "*123", "*02000123", "*202602000123"),
        *("!000123Y", "!00123Y", "!0123Y", "!123Y", "!02000123Y", "!202602000123Y"),
    ]


@pytest.mark.parametrize(
    ("typed", "serials"),
    [
        ("到期:2026-12", [2]),
        ("到期:2026-12-31", [2]),
        ("到期:2026", [2]),
        ("到期:2026..", [1, 2]),
        ("-到期:2026", [1, 3, 4]),
        ("期限:2026-06", [1, 2, 3]),
        ("期限:2027", [1, 3]),
        ("期限:2025", [4]),
        ("2026年春", [1, 2, 3]),
        ("批次:2025秋", [4]),
        ("四组", [2]),
        ("0077", [3]),
        ("77户", [3]),
        ("负责人:潘", [1, 2, 4]),
        ("负责人:潘建国", [1, 2, 4]),
        ("负责人:覃", [3]),
        ("2025", [4]),
        ("四组 或 77户", [2, 3]),
        ("组:4 或 户:77 或 年:2025", [2, 3, 4]),
        ("作废", [4]),
    ],
)
def test_fields_and_what_a_bare_word_means(made: Made, typed: str, serials: list[int]) -> None:
    found, _ = find(made(FIELDS), WORDS, parse(typed), 0, 10)
    assert [hit.number for hit in found.hits] == numbers(*serials)


@pytest.mark.parametrize("near", [0, 10, 100])
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_whole_and_pages_follow_each_other(
    made: Made, sort: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tantivy_order, "NEAR", near)  # further on they are counted by what they begin with
    engine = made(LISTED)
    query = parse("冲洞")
    whole = [hit.number for hit in find(engine, WORDS, query, 0, 100, sort)[0].hits]
    key = {"score": "number"}.get(sort, sort)
    assert whole == [one.number for one in sorted(LISTED, key=lambda one: one.sort_key(key))]
    paged = [find(engine, WORDS, query, at, 7, sort)[0].hits for at in range(0, 42, 7)]
    assert [hit.number for page in paged for hit in page] == whole
    for beyond in (40, 41, 10**9):
        assert find(engine, WORDS, query, beyond, 7, sort)[0] == replace(
            find(engine, WORDS, query, 0, 0, sort)[0], hits=[]
        )


def test_an_order_that_begins_in_too_many_ways_is_whole(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tantivy_order, "NEAR", 0)
    monkeypatch.setattr(tantivy_order, "MOST_VALUES", 2)
    found = find(made(LISTED), WORDS, parse("冲洞"), 20, 20, "party")[0].hits
    whole = sorted(LISTED, key=lambda one: one.sort_key("party"))
    assert [hit.number for hit in found] == [one.number for one in whole[20:40]]
    assert find(made(LISTED), WORDS, parse("冲洞"), 10**9, 20, "party")[0].hits == []


@pytest.mark.parametrize("typed", ["韦桂兰", "wgl", "韦 或 兰", "姓名:李 或 姓名:韦", "冲洞"])
def test_pages_are_the_same_however_many_are_scored_at_once(
    people: Engine, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = find(people, WORDS, parse(typed), 0, 100)[0].hits
    assert len(whole) > 3
    for at_once in (1, 2, 4, 7):
        monkeypatch.setattr(tantivy_engine, "SCORED_AT_ONCE", at_once)
        for size in (1, 2, 5):
            pages = [find(people, WORDS, parse(typed), at, size)[0].hits for at in range(0, len(whole), size)]
            assert [hit for page in pages for hit in page] == whole


def test_a_party_sorts_by_pinyin_a_place_by_number_and_no_end_comes_last() -> None:
    by_end = sorted(
        (document(at, ends=end) for at, end in enumerate(["", "2029-02-28", "2026-12-31"])),
        key=lambda one: one.sort_key("end"),
    )
    assert [one.ends for one in by_end] == ["2026-12-31", "2029-02-28", ""]
    by_name = sorted(
        (document(at, name) for at, name in enumerate(["张一", "李一", "阿一"])),
        key=lambda one: one.sort_key("party"),
    )
    assert [one.party for one in by_name] == ["阿一", "李一", "张一"]
    by_place = sorted(
        (
            document(at, group=group, household=of)
            for at, (group, of) in enumerate([(10, "1"), (2, "10"), (2, "9")])
        ),
        key=lambda one: one.sort_key("village"),
    )
    assert [(one.group, one.household) for one in by_place] == [(2, "9"), (2, "10"), (10, "1")]


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("韦", ["韦国强", "韦桂兰", "韦桂兰香", "韦秀英", "韦贵兰"]),
        ("韦桂", ["韦桂兰", "韦桂兰香"]),
        ("韋桂", ["韦桂兰", "韦桂兰香"]),
        ("weigui", ["韦桂兰", "韦桂兰香", "韦贵兰", "魏桂蓝"]),
        ("WGL", ["韦桂兰", "韦桂兰香", "韦贵兰", "魏桂蓝"]),
        ("tanx", ["覃小明"]),
        ("冲", ["东门镇冲洞村委会"]),
        ("chongd", ["东门镇冲洞村委会"]),
        ("东门镇", ["东门镇冲洞村委会", "东门镇上冲洞村委会"]),
        ("451225100201-2026-02-00000", [*numbers(1, 2, 3, 4, 5)]),
        ("", []),
        ("(", []),
        ("没有", []),
    ],
)
def test_what_is_being_typed_is_completed(people: Engine, typed: str, texts: list[str]) -> None:
    assert [one.text for one in suggestions(people, WORDS, typed, 5, None, lambda _: {})] == texts


@pytest.mark.parametrize(
    ("typed", "meant", "note"),
    [
        ("韦桂澜", ["韦桂兰", "韦贵兰", "魏桂蓝"], ""),
        ("weiguilan", ["韦桂兰", "韦贵兰", "魏桂蓝"], ""),
        ("韦国墙 冲洞", ["韦国强"], ""),
        ("村:虫洞", ["冲洞"], "没有叫“虫洞”的村"),
        ("冲垌 韦国强", ["冲洞"], ""),
        ("计划生育合同输", ["计划生育合同书"], ""),
        ("韦国强 李芳", [], "分开查都有（“韦国强”1 份，“李芳”1 份）"),
        ("韦桂兰", [], ""),
        ("没有这个人", [], ""),
        ("", [], ""),
    ],
)
def test_what_may_have_been_meant(people: Engine, typed: str, meant: list[str], note: str) -> None:
    def parties(of: list[str]) -> dict[str, str]:
        return {number: PARTIES[int(number[-8:-2]) - 1] for number in of}

    query = parse(typed)
    _, exact = find(people, WORDS, query, 0, 10)
    hints = hints_for(people, WORDS, query, exact, parties)
    assert list(hints.suggestions) == meant
    assert any(note in one for one in hints.notes) if note else not hints.notes


@pytest.mark.parametrize(
    ("typed", "sounds"),
    [
        ("weiguilan", [("wei", "gui", "lan")]),
        ("xian", [("xian",), ("xi", "an")]),
        ("xi'an", [("xi", "an")]),
        ("lüjun", [("lv", "jun")]),
        ("lyujun", [("lv", "jun")]),
        ("zhgl", [("Z", "G", "L"), ("Z", "H", "G", "L")]),
        ("weigl", [("wei", "G", "L")]),
        ("lan", [("lan",), ("L", "A", "N")]),
        ("2026", []),
        ("韦guilan", []),
        ("i", []),
        ("", []),
    ],
)
def test_pinyin_is_read_in_every_way_it_may_be_meant(typed: str, sounds: list[tuple[str, ...]]) -> None:
    assert typed_sounds(typed) == sounds


def test_every_reading_of_a_name() -> None:
    assert readings(tuple("单乐")) == (("shan", "le"), ("dan", "le"), ("shan", "yue"), ("dan", "yue"))
    assert readings(tuple("万俟明")) == (("mo", "qi", "ming"), ("wan", "si", "ming"))
    assert readings(tuple("𠮷明")) == (("𠮷", "ming"),)
    assert readings(()) == ((),)


def test_the_tables_hold_each_character_once() -> None:
    alike = shapes.ALIKE.replace(" ", "")
    assert len(set(alike)) == len(alike)
    assert simplified(alike) == alike, "shapes are those of folded characters"
    traditional, plain = PAIRS[0::2], PAIRS[1::2]
    assert len(set(traditional)) == len(traditional) > 3000
    assert not set(traditional) & set(plain), "folding once is folding for good"


@given(st.text("韦桂兰贵", min_size=2, max_size=6), st.text("韦桂兰贵", min_size=2, max_size=6))
def test_names_are_found_by_what_is_nearly_one(one: str, other: str) -> None:
    names = [other, "韦桂", "贵兰韦", "兰", "贵兰韦"]
    found = Alike(names).mistyped(tuple(one))
    assert found == [name for name in names if nearly(tuple(name), tuple(one))]


@given(st.text("韦桂兰贵", min_size=2, max_size=6), st.text("韦桂兰贵", min_size=2, max_size=6))
def test_nearly_is_one_character_more_less_or_other(one: str, other: str) -> None:
    near = len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) <= 1
    long, short = sorted((one, other), key=len, reverse=True)
    near = near or any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    assert nearly(tuple(one), tuple(other)) == near
