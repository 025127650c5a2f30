"""Sales taxes by province and day, each calculated on the price before tax."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.money import Money
from kajoom.domain.tax import RATES, taxes_on
from tests.domain.factories import day
from tests.domain.strategies import CENTS, DAYS, PROVINCES

NOW = day("2026-06-16")


@pytest.mark.parametrize(
    ("province", "on", "taxes"),
    [
        ("QC", "2026-06-16", [("GST", "5", "5.00"), ("QST", "9.975", "9.98")]),
        ("ON", "2026-06-16", [("HST", "13", "13.00")]),
        ("NB", "2026-06-16", [("HST", "15", "15.00")]),
        ("NL", "2026-06-16", [("HST", "15", "15.00")]),
        ("PE", "2026-06-16", [("HST", "15", "15.00")]),
        ("NS", "2026-06-16", [("HST", "14", "14.00")]),
        ("NS", "2025-04-01", [("HST", "14", "14.00")]),  # the day the rate changed
        ("NS", "2025-03-31", [("HST", "15", "15.00")]),  # the day before
        ("PE", "2016-09-30", [("HST", "14", "14.00")]),
        ("NB", "2016-07-01", [("HST", "15", "15.00")]),
        ("NB", "2016-06-30", [("HST", "13", "13.00")]),
        ("NL", "2016-07-01", [("HST", "15", "15.00")]),
        ("NL", "2016-06-30", [("HST", "13", "13.00")]),
        ("PE", "2016-10-01", [("HST", "15", "15.00")]),
        ("QC", "2012-12-31", [("GST", "5", "5.00")]),  # before the first rate of a tax, that tax is not charged
        *((province, "2026-06-16", [("GST", "5", "5.00")]) for province in ("AB", "BC", "MB", "SK", "NT", "NU", "YT")),
        ("", "2026-06-16", []),  # outside Canada
        ("NY", "2026-06-16", []),
    ],
)
def test_taxes_on_one_hundred_dollars(province: str, on: str, taxes: list[tuple[str, str, str]]) -> None:
    lines = taxes_on(Money.parse("100"), province, day(on))
    assert [(tax.name.value, tax.percent, str(tax.amount)) for tax in lines] == taxes


def test_every_province_and_territory_has_rates() -> None:
    assert sorted(RATES) == ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]


def test_rates_are_in_date_order() -> None:
    for histories in RATES.values():
        for history in histories:
            assert [rate.since for rate in history] == sorted(rate.since for rate in history)
            assert len({rate.name for rate in history}) == 1


def test_qst_is_not_calculated_on_gst() -> None:
    # 1000.00 × 9.975 % = 99.75; on 1050.00 it would be 104.74.
    assert taxes_on(Money.parse("1000"), "QC", NOW)[1].amount == Money.parse("99.75")


def test_each_tax_is_rounded_half_up_separately() -> None:
    # 0.10: GST 0.005 -> 0.01, QST 0.009975 -> 0.01; together 14.975 % would be 0.01.
    assert [str(tax.amount) for tax in taxes_on(Money(10), "QC", NOW)] == ["0.01", "0.01"]


@pytest.mark.parametrize("cents", [0, -1, -10_000])
def test_amount_of_zero_or_less_is_not_taxed(cents: int) -> None:
    assert taxes_on(Money(cents), "QC", NOW) == ()


def test_tax_has_the_currency_of_its_amount() -> None:
    assert taxes_on(Money(100, "USD"), "ON", NOW)[0].amount == Money(13, "USD")


@given(CENTS, PROVINCES, DAYS)
def test_taxes_are_never_negative_nor_over_a_fifth_of_the_price(cents: int, province: str, on: date) -> None:
    taxes = taxes_on(Money(cents), province, on)
    assert all(tax.amount >= Money(0) for tax in taxes)
    assert sum(tax.amount.cents for tax in taxes) <= cents * 0.2 + 1


@given(st.integers(1, 10**12), st.integers(1, 10**12), DAYS)
def test_higher_price_never_has_less_tax(one: int, other: int, on: date) -> None:
    low, high = (taxes_on(Money(cents), "QC", on) for cents in sorted((one, other)))
    assert all(less.amount <= more.amount for less, more in zip(low, high, strict=True))
