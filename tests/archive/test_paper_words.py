"""Words of papers: numbers that may be somebody's are taken out, contract numbers stay."""

import pytest

from archive.paper_words import has_identity, joined, masked, parted
from tests.archive.test_states import A

ID, OLD_ID = "45122519900108081X", "451225900101001"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (f"身份证{ID}。", "身份证***。"),
        (f"身份证{ID.lower()}号", "身份证***号"),
        (f"旧证{OLD_ID}", "旧证***"),
        ("４５１２２５１９９００１０８０８１Ｘ", "***"),
        ("4512 2519 9001 0808 1X", "***"),
        (" ".join(ID), "***"),
        (f"3 {' '.join(ID)} 女", "3 *** 女"),
        ("电话13812345678，138 1234 5678", "电话***，***"),
        ("认错了的451225199001010011", "认错了的***"),
        ("账号6222021234567890123", "账号***"),
        (f"合同{A}和{A.replace('-', '')}", f"合同{A}和{A.replace('-', '')}"),
        ("2009年3月1日 第12号 1200 1300 1400元", "2009年3月1日 第12号 1200 1300 1400元"),
        ("桂人口〔2009〕12号，0778-8212345", "桂人口〔2009〕12号，0778-8212345"),
    ],
)
def test_numbers_of_people_are_taken_out_of_words(written: str, kept: str) -> None:
    assert masked(written) == kept
    note, text = parted(joined(written, f"{written}\f\x00{written}"))
    assert (note, text) == (kept, f"{kept} {kept}")


def test_a_whole_identity_number_is_seen_in_what_is_typed() -> None:
    assert all(has_identity(text) for text in (ID, f"韦{OLD_ID}", "4512 2519 9001 0808 1x"))
    assert not any(
        has_identity(text) for text in (A, A.replace("-", ""), "13812345678", "20090301000123", "")
    )


def test_words_are_cut_not_refused() -> None:
    assert len(joined("注", "字" * 300_000)) == 200_000
