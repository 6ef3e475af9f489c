"""Contract numbers and page codes."""

import base64
import hashlib
import hmac
from datetime import date

import numpy as np
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from archive.numbers import Number, parse
from pipeline import page_code

NUMBERS = st.builds(
    Number,
    village=st.from_regex(r"[0-9]{12}", fullmatch=True),
    year=st.integers(2000, 2099),
    template=st.integers(1, 99).map("{:02d}".format),
    serial=st.integers(1, 999_999),
)


def test_the_number_of_the_interface_document_is_ours() -> None:
    assert str(Number("451225105001", 2026, "01", 123)) == "451225105001-2026-01-000123-Y"


@given(NUMBERS)
def test_a_number_is_read_with_hyphens_without_and_in_lower_case(number: Number) -> None:
    written = str(number)
    assert parse(written) == number
    assert parse(f" {written.replace('-', '').lower()} ") == number


@given(NUMBERS, st.integers(0, 24), st.integers(0, 9))
def test_a_wrong_digit_is_noticed(number: Number, place: int, digit: int) -> None:
    whole = str(number).replace("-", "")
    wrong = whole[:place] + str(digit) + whole[place + 1 :]
    assert parse(wrong) is None or wrong == whole


@given(st.text(max_size=40))
def test_other_text_is_no_number(text: str) -> None:
    found = parse(text)
    assert found is None or str(found).replace("-", "") == text.strip().upper().replace("-", "")


def test_a_page_code_carries_a_check_that_needs_the_archives_key() -> None:
    text = page_code.page_text("451225105001-2026-01-000123-Y", 1, 2, "ABC234", b"k" * 32)
    body, _, check = text.rpartition(":")
    assert body == "HY1:451225105001-2026-01-000123-Y:1.2:ABC234"
    digest = hmac.new(b"k" * 32, body.encode(), hashlib.sha256).digest()
    assert check == base64.b32encode(digest).decode()[:4]
    assert page_code.page_text("451225105001-2026-01-000123-Y", 1, 2, "ABC234", b"x" * 32) != text


@given(NUMBERS, st.integers(1, 9), st.integers(1, 9))
def test_every_code_is_a_version_3_level_m_qr_that_reads_back(number: Number, sheet: int, more: int) -> None:
    text = page_code.page_text(str(number), sheet, sheet + more, "Z7Z7Z7", b"k" * 32)
    bits = np.unpackbits(np.frombuffer(page_code.bitmap(text), np.uint8).reshape(29, 4), axis=1)[:, :29]
    picture = np.kron(np.pad(bits * 255, 4, constant_values=255), np.ones((4, 4), np.uint8)).astype(np.uint8)
    [found] = zxingcpp.read_barcodes(picture)
    assert (found.text, found.ec_level) == (text, "M")
    assert "'Version': '3'" in str(found.extra)


def test_a_cover_says_its_village_and_day() -> None:
    assert page_code.cover_text("451225105001", date(2026, 3, 1)) == "HY1:COVER:451225105001:20260301"
