"""Sales taxes by province and day, each calculated on the price before tax."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.money import Money
from kajoom.domain.tax import RATES, Taxation, TaxName, UnknownTaxRate, registered_taxes, taxes_on
from tests.domain.factories import day
from tests.domain.strategies import CENTS, DAYS, TAXATIONS

NOW = day("2026-06-16")
QUEBEC = Taxation("QC")
NUMBERS = {"gst_number": "123456789 RT0001", "qst_number": "1234567890 TQ0001"}


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
        ("QC", "2013-01-01", [("GST", "5", "5.00"), ("QST", "9.975", "9.98")]),  # the first known day
        *((province, "2026-06-16", [("GST", "5", "5.00")]) for province in ("AB", "BC", "MB", "SK", "NT", "NU", "YT")),
        ("", "2026-06-16", []),  # outside Canada
        ("NY", "2026-06-16", []),
    ],
)
def test_taxes_on_one_hundred_dollars(province: str, on: str, taxes: list[tuple[str, str, str]]) -> None:
    lines = taxes_on(Money.parse("100"), Taxation(province), day(on))
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
    assert taxes_on(Money.parse("1000"), QUEBEC, NOW)[1].amount == Money.parse("99.75")


def test_each_tax_is_rounded_half_up_separately() -> None:
    # 0.10: GST 0.005 -> 0.01, QST 0.009975 -> 0.01; together 14.975 % would be 0.01.
    assert [str(tax.amount) for tax in taxes_on(Money(10), QUEBEC, NOW)] == ["0.01", "0.01"]


@pytest.mark.parametrize("cents", [0, -1, -10_000])
def test_amount_of_zero_or_less_is_not_taxed(cents: int) -> None:
    assert taxes_on(Money(cents), QUEBEC, NOW) == ()


def test_tax_has_the_currency_of_its_amount() -> None:
    assert taxes_on(Money(100, "USD"), Taxation("ON"), NOW)[0].amount == Money(13, "USD")


@pytest.mark.parametrize(
    ("names", "province", "taxes"),
    [
        (["gst_number", "qst_number"], "QC", "GST QST"),
        (["gst_number"], "QC", "GST"),
        (["qst_number"], "QC", "QST"),
        ([], "QC", ""),
        (["gst_number"], "ON", "HST"),
        (["qst_number"], "ON", ""),
        ([], "AB", ""),
        (["gst_number", "qst_number"], "", ""),
    ],
)
def test_seller_charges_only_the_taxes_it_has_a_number_for(names: list[str], province: str, taxes: str) -> None:
    taxation = Taxation(province, registered_taxes({name: NUMBERS[name] for name in names}))
    assert " ".join(tax.name for tax in taxes_on(Money(100_00), taxation, NOW)) == taxes
    assert taxation.is_taxed is bool(taxes)


def test_empty_registration_number_is_none() -> None:
    assert registered_taxes({"gst_number": "", "qst_number": ""}) == frozenset()


def test_exempt_client_pays_no_tax() -> None:
    exempt = Taxation("QC", exempt=True)
    assert taxes_on(Money(100_00), exempt, NOW) == ()
    assert not exempt.is_taxed


@pytest.mark.parametrize(
    ("province", "last", "tax"),
    [
        ("QC", "2012-12-31", "QST"),
        ("QC", "2007-12-31", "GST"),
        ("AB", "2007-12-31", "GST"),
        ("ON", "2010-06-30", "HST"),
        ("PE", "2013-03-31", "HST"),
    ],
)
def test_day_before_the_first_known_rate_is_an_error(province: str, last: str, tax: str) -> None:
    with pytest.raises(UnknownTaxRate, match=f"no {tax} rate is known before"):
        taxes_on(Money(100_00), Taxation(province), day(last))


@pytest.mark.parametrize(
    "taxation", [Taxation("QC", registered=frozenset({TaxName.GST})), Taxation("QC", exempt=True), Taxation("FR")]
)
def test_rate_of_a_tax_that_is_not_charged_need_not_be_known(taxation: Taxation) -> None:
    assert "QST" not in [tax.name for tax in taxes_on(Money(100_00), taxation, day("2012-12-31"))]


def test_nothing_to_tax_needs_no_rate() -> None:
    assert taxes_on(Money(0), QUEBEC, day("2000-01-01")) == ()


@given(CENTS, TAXATIONS, DAYS)
def test_taxes_are_never_negative_nor_over_a_fifth_of_the_price(cents: int, taxation: Taxation, on: date) -> None:
    taxes = taxes_on(Money(cents), taxation, on)
    assert all(tax.amount >= Money(0) for tax in taxes)
    assert sum(tax.amount.cents for tax in taxes) <= cents * 0.2 + 1
    assert {tax.name for tax in taxes} <= taxation.registered
    assert bool(taxes) <= taxation.is_taxed


@given(st.integers(1, 10**12), st.integers(1, 10**12), DAYS)
def test_higher_price_never_has_less_tax(one: int, other: int, on: date) -> None:
    low, high = (taxes_on(Money(cents), QUEBEC, on) for cents in sorted((one, other)))
    assert all(less.amount <= more.amount for less, more in zip(low, high, strict=True))
