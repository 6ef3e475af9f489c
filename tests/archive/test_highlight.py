"""Highlights mark what was found, show the text as it is, and let no HTML through."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.index.highlight import highlight

SHORT = st.text(st.sampled_from("覃小明𠮷欧阳·、12aＡ<&\n "), max_size=12)


@pytest.mark.parametrize(
    ("text", "terms", "shown"),
    [
        ("覃小明、韦秀英", ["小明"], "覃<mark>小明</mark>、韦秀英"),
        ("𠮷小𠮷", ["𠮷"], "<mark>𠮷</mark>小<mark>𠮷</mark>"),
        ("欧阳𠮷明", ["阳𠮷"], "欧<mark>阳𠮷</mark>明"),
        ("阿依古丽·买买提", ["古丽买"], "阿依<mark>古丽·买</mark>买提"),
        ("阿依古丽·买买提", ["阿依古丽•买买提"], "<mark>阿依古丽·买买提</mark>"),
        ("ＡＢＣ公司", ["abc"], "<mark>ＡＢＣ</mark>公司"),
        ("abc公司", ["ＡBc"], "<mark>abc</mark>公司"),
        ("冲洞村委会", ["冲洞村", "洞村委"], "<mark>冲洞村委</mark>会"),
        ("冲洞村委会", ["冲洞", "村委"], "<mark>冲洞村委</mark>会"),
        ("明明明", ["明明"], "<mark>明明明</mark>"),
        ("<b>覃</b> & 'x'", ["覃"], "&lt;b&gt;<mark>覃</mark>&lt;/b&gt; &amp; &#x27;x&#x27;"),
        ("451225100201-2026-02-000001-Y", ["4512251002012026"], "<mark>451225100201-2026</mark>-02-000001-Y"),
        ("第12组112号", ["12"], "第<mark>12</mark>组112号"),
        ("东门镇 冲洞村", ["东门镇冲洞村"], "<mark>东门镇 冲洞村</mark>"),
        ("葛\U000e0100小明", ["葛"], "<mark>葛\U000e0100</mark>小明"),
    ],
)
def test_matches_are_marked(text: str, terms: list[str], shown: str) -> None:
    assert highlight(text, terms) == shown


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("覃小明", ["韦"]),
        ("覃小明、韦秀英", ["明韦"]),
        ("覃小\n明", ["小明"]),
        ("覃", []),
        ("覃", ["", "·", "、"]),
        ("", ["覃"]),
    ],
)
def test_nothing_found_gives_none(text: str, terms: list[str]) -> None:
    assert highlight(text, terms) is None


@given(SHORT, st.lists(SHORT, max_size=3))
def test_without_its_marks_it_is_the_text_escaped(text: str, terms: list[str]) -> None:
    shown = highlight(text, terms)
    if shown is not None:
        assert "<mark>" in shown
        assert re.sub("</?mark>", "", shown) == html.escape(text)
        assert "</mark><mark>" not in shown


@given(SHORT.filter(lambda text: re.search("[覃小明𠮷欧阳]", text)))
def test_a_text_is_found_in_itself(text: str) -> None:
    assert highlight(text, [text]) is not None
