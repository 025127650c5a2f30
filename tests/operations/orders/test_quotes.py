"""Every plan has a price for this very client, or one named reason why not; the first reason found is the one told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.quote import Decision, When
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.service import ServiceStatus
from kajoom.models.catalog import Price
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.models.service_snapshot import service_snapshot_of
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.quotes import offers, suggested
from tests import factories
from tests.conftest import Statements
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON, QUARTERLY


def test_a_product_that_stands_alone_permits_no_change_whatever_else_is_wrong_with_it() -> None:
    row = factories.service(plan="domain", status=ServiceStatus.SUSPENDED)

    assert not factories.snapshot(row).permits_changes
    assert factories.refusal(row, "domain", ANNUALLY) is Refusal.NOT_PERMITTED


def test_a_plan_nobody_knows_is_unknown_even_in_another_group() -> None:
    row = factories.service()

    assert factories.refusal(row, "zzz") is Refusal.UNKNOWN_PLAN
    assert factories.refusal(row, "domain") is Refusal.UNKNOWN_PLAN


def test_a_withdrawn_plan_is_neither_listed_nor_sold() -> None:
    factories.plan_row("b").withdrawn = True
    factories.reload_catalogue()
    row = factories.service()

    assert factories.refusal(row, "b") is Refusal.PLAN_WITHDRAWN
    assert "b" not in {offer.plan.code for offer in offers(factories.snapshot(row), MONTHLY, ON)}


def test_who_holds_a_withdrawn_plan_may_leave_it_and_may_change_its_cycle() -> None:
    factories.plan_row("a").withdrawn = True
    factories.reload_catalogue()
    row = factories.service()

    assert factories.price(row, "b").decision is Decision.NOW
    assert factories.price(row, "a", ANNUALLY).target.cycle is ANNUALLY


def test_a_move_the_host_does_not_name_is_not_permitted() -> None:
    factories.plan_row("a").moves = [move for move in factories.plan_row("a").moves if move.to_plan.code != "b"]
    factories.reload_catalogue()

    assert factories.refusal(factories.service(), "b") is Refusal.NOT_PERMITTED


def test_the_same_plan_on_the_same_cycle_is_no_change() -> None:
    assert factories.refusal(factories.service(), "a", MONTHLY) is Refusal.SAME_TERMS


def test_the_same_terms_are_no_change_even_where_they_are_no_longer_sold() -> None:
    row = factories.service()
    factories.plan_row("a").prices = [price for price in factories.plan_row("a").prices if price.cycle is not MONTHLY]
    factories.reload_catalogue()

    assert factories.refusal(row, "a", MONTHLY) is Refusal.SAME_TERMS


def test_a_cycle_without_a_price_is_not_offered() -> None:
    assert factories.refusal(factories.service(), "b", BillingCycle.BIENNIALLY) is Refusal.CYCLE_NOT_OFFERED


def test_a_plan_not_sold_in_the_currency_of_the_service_is_refused_and_not_listed() -> None:
    plan = factories.plan_row("b")
    plan.prices.append(Price(cycle=MONTHLY, currency="USD", cents=17_000))
    factories.reload_catalogue()
    row = factories.service(currency="USD")

    assert factories.refusal(row, "c") is Refusal.OTHER_CURRENCY
    assert [offer.plan.code for offer in offers(factories.snapshot(row), MONTHLY, ON)] == ["a", "b"]
    assert factories.price(row, "b").total.currency == "USD"


def test_a_plan_is_refused_for_its_cycle_before_the_space_to_free_is_told() -> None:
    row = factories.service(usage={"disk_mb": 9_000, "mailboxes": 1, "databases": 1})

    assert factories.refusal(row, "base", BillingCycle.BIENNIALLY) is Refusal.CYCLE_NOT_OFFERED
    assert factories.refusal(row, "base", MONTHLY) is Refusal.OVER_LIMITS


def test_use_over_the_limits_is_listed_with_what_to_free_and_cannot_be_chosen() -> None:
    row = factories.service(usage={"disk_mb": 5_001, "mailboxes": 12, "databases": 2})

    with pytest.raises(BusinessError) as error:
        factories.price(row, "base")
    offer = offers(factories.snapshot(row), MONTHLY, ON)[0]

    assert error.value.code is offer.refusal is Refusal.OVER_LIMITS
    assert [(over.resource.value, over.to_free) for over in offer.fit.over] == [("disk_mb", 1), ("mailboxes", 2)]
    assert offer.quote is None


def test_use_exactly_at_the_limit_fits_and_needs_nobody() -> None:
    row = factories.service(usage={"disk_mb": 5_000, "mailboxes": 10, "databases": 2})

    assert not factories.price(row, "base").needs_person


@pytest.mark.parametrize("usage", [None, {}, {"disk_mb": None, "mailboxes": 1, "databases": 1}])
def test_use_that_nobody_knows_goes_to_a_person_where_a_limit_shrinks(usage: Any) -> None:
    row = factories.service(usage=usage)

    assert factories.price(row, "base").needs_person
    assert not factories.price(row, "b").needs_person


def test_a_move_that_needs_a_person_announces_the_delay() -> None:
    listed = {offer.plan.code: offer for offer in offers(factories.snapshot(factories.service()), MONTHLY, ON)}

    assert listed["c"].quote is not None
    assert listed["c"].quote.needs_person
    assert listed["c"].delay == factories.DELAY
    assert listed["b"].delay is None


def test_every_plan_is_offered_in_order_of_level_with_its_own_difference() -> None:
    listed = offers(factories.snapshot(factories.service()), MONTHLY, ON)

    assert [offer.plan.code for offer in listed] == ["base", "a", "b", "c"]
    assert [offer.quote and offer.quote.subtotal.cents for offer in listed] == [0, None, 3750, 10000]
    assert [offer.is_current for offer in listed] == [False, True, False, False]


def test_a_quantity_of_three_costs_three_times() -> None:
    row = factories.service(quantity=3, recurring_cents=45_000)

    quote = factories.price(row, "b")

    assert quote.target.recurring == Money(67_500)
    assert quote.subtotal == Money(11_250)  # (675.00 - 450.00) / 2


def test_the_unused_time_is_that_of_what_was_billed_a_discount_included() -> None:
    row = factories.service(recurring_cents=12_000)

    assert factories.price(row, "b").subtotal == Money(5_250)  # (225.00 - 120.00) / 2


def test_a_longer_cycle_begins_today_and_a_shorter_one_waits() -> None:
    assert factories.price(factories.service(), "a", ANNUALLY).next_due == date(2027, 6, 16)
    yearly = factories.service(cycle=ANNUALLY, recurring_cents=150_000)
    assert factories.price(yearly, "a", QUARTERLY).effective_on == DUE


def test_an_upgrade_may_wait_for_the_renewal_and_then_costs_nothing_today() -> None:
    quote = factories.price(factories.service(), "b", when=When.RENEWAL)

    assert (quote.decision, quote.due_today, quote.effective_on) == (Decision.AT_NEXT_DUE, Money(0), DUE)


def suggestion(row: Service, cycle: BillingCycle = MONTHLY) -> str | None:
    """The code of the plan that the page opens on."""
    offer = suggested(offers(factories.snapshot(row), cycle, ON))
    return offer.plan.code if offer else None


def recommend(*codes: str) -> None:
    """The host recommends these plans."""
    for code in codes:
        factories.plan_row(code).recommended = True
    factories.reload_catalogue()


def test_the_next_plan_up_is_suggested() -> None:
    assert suggestion(factories.service(plan="base")) == "a"
    assert suggestion(factories.service(plan="b")) == "c"


def test_a_recommended_plan_above_is_suggested_before_the_next_one_up() -> None:
    recommend("c")
    assert suggestion(factories.service(plan="base")) == "c"


def test_the_lowest_of_two_recommended_plans_above_is_suggested() -> None:
    recommend("b", "c")
    assert suggestion(factories.service(plan="base")) == "b"


def test_a_recommended_plan_below_is_not_suggested_while_one_above_can_be_had() -> None:
    recommend("base", "a")
    assert suggestion(factories.service(plan="a")) == "b"


def test_any_plan_that_can_be_had_is_suggested_where_none_is_above() -> None:
    row = factories.service(plan="c", usage={"disk_mb": 6_000, "mailboxes": 1, "databases": 1})

    assert suggestion(row) == "a"  # "base" is too small for what is used


def test_a_plan_that_is_refused_is_not_suggested() -> None:
    factories.plan_row("a").moves = [move for move in factories.plan_row("a").moves if move.to_plan.code != "b"]
    recommend("b")

    assert suggestion(factories.service(plan="a")) == "c"


def test_the_plan_in_force_is_not_suggested_on_another_cycle() -> None:
    row = factories.service(plan="c", usage={"disk_mb": 30_000, "mailboxes": 1, "databases": 1})

    assert factories.price(row, "c", ANNUALLY).decision is Decision.NOW
    assert suggestion(row, ANNUALLY) is None  # every other plan is too small


def test_nothing_is_suggested_where_no_change_can_be_made() -> None:
    assert suggestion(factories.service(status=ServiceStatus.SUSPENDED)) is None


def test_offers_compare_the_limits_of_each_plan_with_the_plan_in_force() -> None:
    listed = {offer.plan.code: offer.limits for offer in offers(factories.snapshot(factories.service()), MONTHLY, ON)}

    assert [(change.before, change.after, change.used) for change in listed["b"]] == [
        (10_000, 20_000, 1_000),
        (20, 50, 3),
        (5, 10, 1),
    ]
    assert {change.is_gain for change in listed["b"]} == {True}
    assert {change.is_gain for change in listed["base"]} == {False}


@pytest.mark.parametrize(
    ("plan", "when", "acknowledged"),
    [("base", When.NOW, True), ("base", When.RENEWAL, False), ("base", None, False), ("b", When.NOW, False)],
)
def test_only_a_lower_plan_at_once_must_be_acknowledged(plan: str, when: When | None, acknowledged: bool) -> None:
    assert factories.price(factories.service(), plan, when=when).must_acknowledge is acknowledged


def test_no_canadian_tax_outside_canada() -> None:
    row = factories.service(factories.client(province="QC", country="FR"))

    assert factories.price(row, "b").taxes == ()


def test_the_service_of_another_client_does_not_exist() -> None:
    assert service_snapshot_of(factories.client().id, factories.service().id) is None


def test_a_service_is_one_statement_whatever_the_number_of_services_and_orders(statements: Statements) -> None:
    holder = factories.client()
    for _ in range(5):
        other = factories.service(holder)
        factories.confirm(other, "base")
        issue_renewal(other.id, ON, AT)
    row = factories.service(holder)
    client_id, service_id = row.client_id, row.id
    db.session.commit()

    with statements() as seen:
        found = service_snapshot_of(client_id, service_id)

    assert found is not None
    assert len(seen) == 1
    assert found.open_order is None
