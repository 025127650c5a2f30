"""Amounts of money: parsing, formatting, arithmetic and rounding."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.money import Money


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0", 0), ("1/2", 1), ("-1/2", -1), ("49/100", 0), ("3/2", 2), ("5/2", 3), ("-5/2", -3), ("1/3", 0), ("2/3", 1)],
)
def test_tie_is_rounded_away_from_zero(value: str, rounded: int) -> None:
    assert Money(1) * Fraction(value) == Money(rounded)


@given(st.integers(-(10**15), 10**15), st.integers(0, 1000))
def test_rounding_equals_decimal_round_half_up(cents: int, thousandths: int) -> None:
    exact = Decimal(cents) * Decimal(thousandths) / 1000
    by_decimal = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert (Money(cents) * Fraction(thousandths, 1000)).cents == by_decimal


@pytest.mark.parametrize(
    ("text", "cents"),
    [("0", 0), ("1", 100), ("1.5", 150), ("1234.50", 123_450), (" 7.10 ", 710), ("-0.01", -1), ("-0", 0), ("007", 700)],
)
def test_amount_is_parsed_into_cents(text: str, cents: int) -> None:
    assert Money.parse(text) == Money(cents)


@pytest.mark.parametrize(
    "text",
    ["", "-", ".5", "5.", "1.234", "1,50", "1 000", "1_000", "+1", "1e3", "NaN", "inf", "--1", "١", "1\x00", "9" * 13],
)
def test_invalid_amount_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text)


@pytest.mark.parametrize("currency", ["", "cad", "CA", "CADX", "C$D", "ÇAD"])
def test_invalid_currency_is_rejected(currency: str) -> None:
    with pytest.raises(ValueError, match="not a currency code"):
        Money.parse("1", currency)


@given(st.integers(-(10**13), 10**13))
def test_formatted_amount_parses_to_the_same_amount(cents: int) -> None:
    assert Money.parse(str(Money(cents))) == Money(cents)


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (1, "0.01"), (-1, "-0.01"), (100, "1.00"), (-12_345, "-123.45")]
)
def test_amount_is_formatted_with_two_decimals(cents: int, text: str) -> None:
    assert str(Money(cents)) == text


def test_zero_has_no_minus_sign() -> None:
    assert str(-Money(0)) == "0.00"
    assert str(Money(-1) * Fraction(1, 3)) == "0.00"


def test_only_zero_is_falsy() -> None:
    assert not Money(0)
    assert Money(1)
    assert Money(-1)


def test_amounts_can_be_added_and_compared() -> None:
    assert Money(100) + Money(50) - Money(25) == Money(125)
    assert Money(1) < Money(2) <= Money(2)
    assert Money(2) > Money(1) >= Money(1)
    assert Money(100) != Money(100, "USD")
    assert Money(5, "USD").zero() == Money(0, "USD")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_operations_between_two_currencies_are_rejected(operation: str) -> None:
    with pytest.raises(ValueError, match="cannot combine CAD and USD"):
        getattr(Money(100), operation)(Money(100, "USD"))
