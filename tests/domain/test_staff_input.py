"""What staff type is bounded: amounts by the columns of the database, reasons by what a page can show."""

from __future__ import annotations

import pytest

from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason, parse_amount, parse_positive_amount


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
