"""Why one plan cannot be chosen: of two reasons, the first in the order of docs/pricing.md is reported."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.refusal import Refusal
from kajoom.models.catalog import Price
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.orders.quotes import Quotes
from tests import factories
from tests.factories import ANNUALLY, MONTHLY


def _sell_in_another_currency(row: Service) -> None:
    """Only plan "c" stays on sale in the currency of the service."""
    row.currency = "USD"
    plan = factories.plan_row("c")
    plan.prices.append(Price(cycle=MONTHLY, currency="USD", cents=30_000))


def _keep_the_terms(row: Service) -> None:
    row.plan = factories.plan_row("base")


def _forbid(row: Service) -> None:
    for code in ("a", "base"):
        factories.plan_row(code).moves = []


def _withdraw(row: Service) -> None:
    factories.plan_row("base").withdrawn = True


def _stop_the_cycle(row: Service) -> None:
    plan = factories.plan_row("base")
    plan.prices = [price for price in plan.prices if price.cycle is not MONTHLY]


def _use_too_much(row: Service) -> None:
    row.usage = {"disk_mb": 9_000, "mailboxes": 1, "databases": 1}


STATES: dict[Refusal, Callable[[Service], None]] = {
    Refusal.OTHER_CURRENCY: _sell_in_another_currency,
    Refusal.SAME_TERMS: _keep_the_terms,
    Refusal.NOT_PERMITTED: _forbid,
    Refusal.PLAN_WITHDRAWN: _withdraw,
    Refusal.CYCLE_NOT_OFFERED: _stop_the_cycle,
    Refusal.OVER_LIMITS: _use_too_much,
}
"""What prevents the change of a service from plan "a" to "base", in the order in which it is reported."""


def refused_for(*reasons: Refusal) -> Service:
    """A service on plan "a" in each of these states."""
    row = factories.service()
    for reason in reasons:
        STATES[reason](row)
    db.session.commit()
    factories.reload_catalogue()
    return row


@pytest.mark.parametrize("reason", STATES)
def test_plan_is_refused_for_its_reason(reason: Refusal) -> None:
    assert factories.refusal(refused_for(reason), "base") is reason


@pytest.mark.parametrize(("first", "second"), list(combinations(STATES, 2)))
def test_first_of_two_reasons_is_reported(first: Refusal, second: Refusal) -> None:
    assert factories.refusal(refused_for(first, second), "base") is first


def test_reasons_are_in_the_order_of_the_enum() -> None:
    assert list(STATES) == [reason for reason in Refusal if reason in STATES]


def test_recurring_service_cannot_become_one_time_even_when_that_is_withdrawn() -> None:
    plan = factories.plan_row("base")
    plan.prices.append(Price(cycle=BillingCycle.ONE_TIME, currency="CAD", cents=9_500))
    plan.withdrawn = True
    factories.reload_catalogue()

    assert factories.refusal(factories.service(), "base", BillingCycle.ONE_TIME) is Refusal.NOT_PERMITTED


def test_service_in_a_currency_without_prices_has_no_change() -> None:
    row = factories.service(currency="EUR")

    assert not factories.snapshot(row).permits_changes
    assert Quotes(factories.snapshot(row)).blocked_reason is Refusal.OTHER_CURRENCY
    assert {factories.refusal(row, plan) for plan in ("base", "a", "b", "c")} == {Refusal.OTHER_CURRENCY}
    assert {offer.refusal for offer in Quotes(factories.snapshot(row)).offers(MONTHLY)} == {Refusal.OTHER_CURRENCY}


def test_withdrawn_plan_without_any_price_is_no_matter_of_currency() -> None:
    plan = factories.plan_row("a")
    plan.withdrawn, plan.prices = True, []
    factories.reload_catalogue()
    row = factories.service(recurring_cents=15_000, plan="b")
    row.plan = factories.plan_row("a")
    db.session.commit()

    assert factories.snapshot(row).permits_changes
    assert factories.refusal(row, "a") is Refusal.SAME_TERMS
    assert factories.refusal(row, "a", ANNUALLY) is Refusal.CYCLE_NOT_OFFERED
