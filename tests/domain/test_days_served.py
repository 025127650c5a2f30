"""What is credited when an upgrade becomes operational on a later day than the one it was priced from."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.days_served import ProratedUpgrade
from kajoom.domain.decision import PricingInput
from kajoom.domain.money import Money
from kajoom.domain.quote import quote
from tests.domain.factories import day
from tests.domain.strategies import CENTS, paid_days, services

# 150.00 to 225.00 a month, due on 1 November 2022.
UPGRADE = ProratedUpgrade(Money(150_00), Money(225_00), BillingCycle.MONTHLY, day("2022-11-01"), 1)


@pytest.mark.parametrize(
    ("in_force", "charge", "credit"),
    [
        ("2022-10-17", "36.29", "0.00"),  # 75.00 × 15/31
        ("2022-10-18", "33.87", "2.42"),  # 75.00 × 14/31
        ("2022-10-24", "19.35", "16.94"),  # 75.00 × 8/31
        ("2022-10-31", "2.42", "33.87"),  # 75.00 × 1/31
        ("2022-11-01", "0.00", "36.29"),  # the due date
        ("2022-12-24", "0.00", "36.29"),
        ("2022-10-10", "53.23", "0.00"),  # before it was priced: nothing more is charged
    ],
)
def test_days_before_the_upgrade_is_in_force_are_credited(in_force: str, charge: str, credit: str) -> None:
    assert str(UPGRADE.charge_on(day(in_force))) == charge
    assert str(UPGRADE.credit(day("2022-10-17"), day(in_force))) == credit


@pytest.mark.parametrize(
    ("in_force", "charge"),
    [
        ("2026-06-16", "15.00"),  # 10.00 × (15/30 + 1)
        ("2026-06-30", "10.33"),  # 10.00 × (1/30 + 1)
        ("2026-07-01", "10.00"),
        ("2026-07-10", "7.10"),  # 10.00 × 22/31
        ("2026-08-01", "0.00"),
    ],
)
def test_days_of_cycles_paid_ahead_are_counted_in_their_own_cycle(in_force: str, charge: str) -> None:
    upgrade = ProratedUpgrade(Money(10_00), Money(20_00), BillingCycle.MONTHLY, day("2026-08-01"), 1)
    assert str(upgrade.charge_on(day(in_force))) == charge


def test_anchor_day_gives_the_length_of_the_cycle() -> None:
    # From 31 January to 28 February: 14.00 × 14/28.
    upgrade = ProratedUpgrade(Money(10_00), Money(24_00), BillingCycle.MONTHLY, day("2026-02-28"), 31)
    assert str(upgrade.charge_on(day("2026-02-14"))) == "7.00"


@pytest.mark.parametrize("after", [Money(150_00), Money(10_00)])
def test_lower_or_equal_price_has_nothing_to_credit(after: Money) -> None:
    assert replace(UPGRADE, after=after).credit(day("2022-10-17"), day("2022-11-01")) == Money(0)


@pytest.mark.parametrize("cycle", [BillingCycle.FREE, BillingCycle.ONE_TIME])
def test_product_that_does_not_recur_is_not_charged_by_the_day(cycle: BillingCycle) -> None:
    with pytest.raises(ValueError, match="not charged by the day"):
        replace(UPGRADE, cycle=cycle)


@given(services(), CENTS, st.data())
def test_charge_is_the_quote_of_that_day_and_credit_the_rest(
    service: PricingInput, increase: int, data: st.DataObject
) -> None:
    assert service.due is not None
    before, cycle = service.terms.recurring, service.terms.cycle
    upgrade = ProratedUpgrade(before, before + Money(increase), cycle, service.due, service.anchor)
    priced_on = data.draw(paid_days(service))
    later = priced_on + timedelta(days=data.draw(st.integers(0, 400)))
    target = replace(service.terms, plan="b", recurring=upgrade.after)
    assert upgrade.charge_on(priced_on) == quote(service, target, priced_on).subtotal
    assert Money(0) <= upgrade.credit(priced_on, later) <= upgrade.charge_on(priced_on)
    assert upgrade.credit(priced_on, later) + upgrade.charge_on(later) == upgrade.charge_on(priced_on)
