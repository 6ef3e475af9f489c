"""What the six stock contracts say: voluntary, lawful, each in its own words."""

import re
from itertools import combinations

import pytest

from pipeline import marks
from pipeline.marks import W
from pipeline.template import Template, load_template
from pipeline.warning_words import WORDS
from tests.templates.template_edits import NAMES, STOCK, members_of

LOADED = [load_template(folder) for folder in STOCK]
every = pytest.mark.parametrize("template", LOADED, ids=NAMES)

# What the law asks of every contract (design: "The law today"), in whatever words it is said.
THEMES = {
    "signing is voluntary": r"签不签由|两人都愿意才签|本人申请|不以签订本合同为前提|全凭乙方意愿|不签字",
    "one may leave at any time": r"说一声就行|随时退出|随时可以停|作罢|随时可以不要|中途退出",
    "benefits are untouched": r"待遇|权益",
    "mistakes are corrected": r"更正|改正",
    "methods or schemes are one's own choice": r"自选|方法由夫妻选|由乙方与医务人员商定|都由乙方作主|由乙方一人决定",
    "sexes are equal": r"儿女都一样|生男生女一样|男孩女孩|女性|妇女",
    "nothing is charged": r"免费|无偿|不收费|不代收",
    "one may complain": r"反映|投诉|起诉|诉讼|监督|意见",
    "the notice says what for": r"为什么用|目的和范围|用途|需要什么|为何用全号|登记什么",
    "the notice says who sees it": r"可以查看|联户责任人使用|经手的只有|只供|不得翻看|密封保管",
    "copies may be had": r"复印|副本|想要一份|复制",
    "data are deleted": r"删除|删去|删掉|提前销毁",
    "consent may be withdrawn": r"撤回|收回|作罢",
    "consent may be left empty": r"不同意就空着|可以不签|不签这一处|签或不签随意|不必签|此处不签",
}


def paragraphs(template: Template) -> list[str]:
    root = marks.parse(members_of(template.docx)["word/document.xml"])
    return [marks.MARK.sub("", marks.text_of(one)) for one in root.iter(f"{W}p")]


@pytest.mark.parametrize("theme", THEMES)
@every
def test_the_law_in_force_is_in_the_text(template: Template, theme: str) -> None:
    assert re.search(THEMES[theme], "\n".join(paragraphs(template)))


@every
def test_no_word_of_old_practice_stands_in_it_even_forbidden(template: Template) -> None:
    text = "".join(paragraphs(template))
    assert not [word for word in (*WORDS, "违约金", "滞纳金", "罚", "一票否决", "妇检") if word in text]


@every
def test_laws_are_named_without_article_numbers(template: Template) -> None:
    text = "".join(paragraphs(template))
    assert "《中华人民共和国人口与计划生育法》" in text
    assert not re.search(r"》第", text)


@every
def test_the_notice_says_as_many_years_as_the_manifest_keeps(template: Template) -> None:
    years = {"D10": "十年", "D30": "三十年"}[template.manifest.retention]
    notice = [text for text in paragraphs(template) if re.search(r"存|保管|销毁", text)]
    assert any(re.search(rf"(?<!三){years}", text) for text in notice)


@every
def test_consent_is_a_signature_of_its_own_within_the_notice(template: Template) -> None:
    root = marks.parse(members_of(template.docx)["word/document.xml"])
    tables = list(root.iter(f"{W}tbl"))
    labels = {box.label for name, box in template.manifest.boxes.items() if name.endswith("privacy_consent")}
    contents = ["".join(str(text) for text in table.itertext()) for table in tables]
    inside = [text for text in contents if any(label in text for label in labels)]
    assert len(inside) == 1
    assert "告知" in inside[0]
    assert "单独同意：" in inside[0]
    others = {box.label for box in template.manifest.boxes.values()} - labels
    assert not [label for label in others if f"{{{{框:{label}}}}}" in inside[0]]


def test_a_choice_may_be_of_every_method_of_another_or_of_none() -> None:
    text = "\n".join(paragraphs(LOADED[5]))
    for method in (
        "避孕套",
        "口服避孕药",
        "避孕针",
        "皮下埋植剂",
        "宫内节育器",
        "绝育手术",
        "暂不选择",
        "其他",
    ):
        assert method in text
    assert not re.search(r"推荐|首选|最好|应当选择|必须", text)


def test_both_of_a_couple_sign_each_for_themselves() -> None:
    text = "\n".join(paragraphs(LOADED[1]))
    assert "不能互相代签" in text


@pytest.mark.parametrize(
    ("one", "other"), list(combinations(LOADED, 2)), ids=lambda template: template.manifest.number
)
def test_no_two_say_the_same(one: Template, other: Template) -> None:
    assert _shared(_shingles(one), _shingles(other)) < 0.05
    assert _shared(_sentences(one), _sentences(other)) < 0.05


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / min(len(one), len(other))


def _shingles(template: Template) -> set[str]:
    """Every run of eight Chinese characters."""
    plain = [re.sub(r"[^\u4e00-\u9fff]", "", text) for text in paragraphs(template)]
    return {text[start : start + 8] for text in plain for start in range(len(text) - 7)}


def _sentences(template: Template) -> set[str]:
    parts = [part for text in paragraphs(template) for part in re.split("[。；：]", text)]
    return {part for part in parts if len(part) >= 8}
