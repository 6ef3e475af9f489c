"""Words of old practice: warned of where they oblige, not where they are forbidden."""

import pytest

from pipeline.warning_words import WORDS, warning_words


@pytest.mark.parametrize("word", WORDS)
def test_a_bare_demand_is_warned_of(word: str) -> None:
    assert list(warning_words(f"乙方违反约定的，甲方可以{word}。")) == [(word, f"甲方可以{word}")]


@pytest.mark.parametrize(
    "text",
    [
        "甲方不得收取押金、保证金。",
        "甲方不收任何押金。",
        "甲方不要求结扎。",
        "禁止强制任何人接受手术。",
        "任何单位和个人不得强制乙方作出选择。",
        "不得罚款、不得征收社会抚养费。",
        "不得罚款、不收押金。",
        "不得 收取\n押金。",
    ],
)
def test_what_is_forbidden_is_not_warned_of(text: str) -> None:
    assert list(warning_words(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "乙方不得超期返回，违者罚款。",
        "罚款不得减少。",
        "乙方不得不交押金。",
        "乙方不得拒绝结扎。",
        "乙方不得拖欠社会抚养费。",
        "禁止逃避引产。",
        "甲方不得不收押金。",
        "不得外出；押金照交。",
        "罚 款一百元。",
        "签字时交押　金。",
    ],
)
def test_a_negation_elsewhere_or_of_refusing_does_not_help(text: str) -> None:
    assert len(list(warning_words(text))) == 1
