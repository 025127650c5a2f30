"""The taxes of a credit note: at the rates of the invoice, and never more than is left of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.credit_note import taxes_of_credit
from kajoom.domain.money import Money
from kajoom.domain.tax import Taxation, TaxLine, TaxName, taxes_on
from tests.domain.factories import day

ON = day("2022-10-17")


def credited_taxes(amount: str, left: str, *left_of_taxes: str) -> list[str]:
    lines = zip((TaxName.GST, TaxName.QST), ("5", "9.975"), left_of_taxes, strict=True)
    taxes = [TaxLine(name, percent, Money.parse(cents)) for name, percent, cents in lines]
    return [str(tax.amount) for tax in taxes_of_credit(Money.parse(amount), Money.parse(left), taxes)]


def test_taxes_are_those_of_the_credited_amount() -> None:
    """16.94 of 36.29: 0.847 and 1.689765."""
    assert credited_taxes("16.94", "36.29", "1.81", "3.62") == ["0.85", "1.69"]


def test_whole_invoice_takes_its_taxes() -> None:
    assert credited_taxes("36.29", "36.29", "1.81", "3.62") == ["1.81", "3.62"]


def test_tax_is_never_more_than_what_is_left_of_it() -> None:
    """0.85 of 1.81 was credited: 5 % of 19.30 is 0.965, and 0.96 is left."""
    assert credited_taxes("19.30", "19.35", "0.96", "1.93") == ["0.96", "1.93"]


@given(st.integers(1, 100_000), st.lists(st.integers(1, 50_000), max_size=6), st.sampled_from(("QC", "ON", "NS", "AB")))
def test_parts_of_an_invoice_come_to_its_taxes_in_the_end(cents: int, parts: list[int], province: str) -> None:
    left, taxes = Money(cents), taxes_on(Money(cents), Taxation(province), ON)
    for part in [*parts, cents]:
        credited = min(Money(part), left)
        taken = taxes_of_credit(credited, left, taxes)
        assert all(Money(0) <= tax.amount for tax in taken)
        taxes = tuple(
            TaxLine(tax.name, tax.percent, tax.amount - each.amount) for tax, each in zip(taxes, taken, strict=True)
        )
        left -= credited
        assert all(tax.amount >= Money(0) for tax in taxes)
    assert [tax.amount.cents for tax in taxes] == [0] * len(taxes)
