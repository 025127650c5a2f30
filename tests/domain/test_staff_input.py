"""What staff type is bounded: amounts by the columns of the database, reasons by what a page can show."""

from __future__ import annotations

import pytest

from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason, parse_amount, parse_positive_amount, plain_amount, search_words


@pytest.mark.parametrize(
    "text", ["", "0", "0.00", "-0.00", "abc", "1,5", "1.005", "21474836.48", "-21474836.48", "9" * 40]
)
def test_unusable_amount_is_refused(text: str) -> None:
    with pytest.raises(BusinessError) as error:
        parse_amount(text, "CAD")
    assert error.value.code is StaffRefusal.NOT_AN_AMOUNT


@pytest.mark.parametrize(("text", "cents"), [("41.72", 4172), ("-5", -500), ("21474836.47", 2**31 - 1)])
def test_amount_is_read(text: str, cents: int) -> None:
    assert parse_amount(text, "CAD") == Money(cents, "CAD")


def test_amount_below_zero_is_refused_where_it_must_be_above() -> None:
    with pytest.raises(BusinessError):
        parse_positive_amount("-5", "CAD")
    assert parse_positive_amount("5", "CAD") == Money(500, "CAD")


@pytest.mark.parametrize("text", ["", "   ", "a" * 501, "a\x00b", "a\x07", "a\u202eb"])
def test_unusable_reason_is_refused(text: str) -> None:
    with pytest.raises(BusinessError) as error:
        check_reason(text)
    assert error.value.code is StaffRefusal.NO_REASON


def test_reason_is_put_on_one_line() -> None:
    assert check_reason("  Panne \n du 3\u00a0juin ") == "Panne du 3 juin"


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("41.72", "41.72"),
        (" 41,72 ", "41.72"),
        ("$41.72", "41.72"),
        ("41,72\u00a0$ CAD", "41.72"),
        ("1 234,50 $", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1,234", "1234"),
        ("12,345,678.9", "12345678.9"),
        ("7", "7"),
        ("1.234", "1.234"),
        ("1,2345", "1,2345"),
        ("12 34", "12 34"),
        ("-5", "-5"),
        ("١٢", "١٢"),
        ("", ""),
    ],
)
def test_amount_is_read_as_either_language_writes_it(typed: str, plain: str) -> None:
    assert plain_amount(typed) == plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2022-0012 41,72 $", [("2022-0012", None), ("41,72", 4172)]),
        ("1 234,50", [("1234,50", 123450)]),
        ("K150", [("K150", None)]),
        ("150", [("150", 15000)]),
        ("CH-2022-000001 150,00", [("CH-2022-000001", None), ("150,00", 15000)]),
        ("$", []),
        ("0 99999999999999", [("0", None), ("99999999999999", None)]),
    ],
)
def test_words_of_a_search_have_their_value_as_an_amount(text: str, words: list[tuple[str, int | None]]) -> None:
    assert search_words(text) == words
