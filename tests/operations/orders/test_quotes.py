"""Quotes and offers: each plan has a price for the client's service, or the first reason why it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
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
from kajoom.operations.orders.quotes import Choice, Quotes, quotes_of, suggested
from tests import factories
from tests.conftest import Statements
from tests.factories import ANNUALLY, AT, DUE, MONTHLY, ON, QUARTERLY


def test_plan_alone_in_its_group_permits_no_change() -> None:
    row = factories.service(plan="domain")

    assert not factories.snapshot(row).permits_changes
    assert Quotes(factories.snapshot(row)).blocked_reason is Refusal.NOT_PERMITTED
    assert factories.refusal(row, "domain", ANNUALLY) is Refusal.NOT_PERMITTED


def test_plan_outside_the_group_is_unknown() -> None:
    row = factories.service()

    assert factories.refusal(row, "zzz") is Refusal.UNKNOWN_PLAN
    assert factories.refusal(row, "domain") is Refusal.UNKNOWN_PLAN


def test_withdrawn_plan_is_refused_and_not_offered() -> None:
    factories.plan_row("b").withdrawn = True
    factories.reload_catalogue()
    row = factories.service()

    assert factories.refusal(row, "b") is Refusal.PLAN_WITHDRAWN
    assert "b" not in {offer.plan.code for offer in Quotes(factories.snapshot(row)).offers(MONTHLY)}


def test_current_plan_is_offered_at_the_price_that_the_client_pays() -> None:
    row = factories.service(recurring_cents=12_000)
    current = {cycle: Quotes(factories.snapshot(row)).offers(cycle)[1].price for cycle in (MONTHLY, ANNUALLY)}
    assert current == {MONTHLY: Money(12_000, "CAD"), ANNUALLY: Money(150_000, "CAD")}


def savings(row: Service, cycle: BillingCycle) -> dict[str, tuple[str, int] | None]:
    """The amount that each plan saves on a cycle, and how many months it is."""
    listed = {offer.plan.code: offer.saving for offer in Quotes(factories.snapshot(row)).offers(cycle)}
    return {code: (str(saving.amount), saving.months) if saving else None for code, saving in listed.items()}


def test_longer_cycle_saves_against_the_client_s_own_price_and_cycle() -> None:
    row = factories.service(recurring_cents=14_000)
    assert savings(row, MONTHLY) == savings(row, QUARTERLY) == dict.fromkeys(("base", "a", "b", "c"))
    assert savings(row, ANNUALLY) == {"base": ("190.00", 2), "a": ("180.00", 0), "b": ("450.00", 2), "c": ("700.00", 2)}
    yearly = factories.service(cycle=ANNUALLY, recurring_cents=150_000)
    assert savings(yearly, ANNUALLY) == savings(yearly, MONTHLY) == dict.fromkeys(("base", "a", "b", "c"))


def test_service_on_a_withdrawn_plan_can_change_plan_or_cycle() -> None:
    factories.plan_row("a").withdrawn = True
    factories.reload_catalogue()
    row = factories.service()

    assert factories.price(row, "b").decision is Decision.NOW
    assert factories.price(row, "a", ANNUALLY).target.cycle is ANNUALLY


def test_move_missing_from_the_catalogue_is_not_permitted() -> None:
    factories.plan_row("a").moves = [move for move in factories.plan_row("a").moves if move.to_plan.code != "b"]
    factories.reload_catalogue()

    assert factories.refusal(factories.service(), "b") is Refusal.NOT_PERMITTED


def test_current_plan_on_current_cycle_is_no_change() -> None:
    assert factories.refusal(factories.service(), "a", MONTHLY) is Refusal.SAME_TERMS


def test_current_terms_are_no_change_even_if_no_longer_sold() -> None:
    row = factories.service()
    factories.plan_row("a").prices = [price for price in factories.plan_row("a").prices if price.cycle is not MONTHLY]
    factories.reload_catalogue()

    assert factories.refusal(row, "a", MONTHLY) is Refusal.SAME_TERMS


def test_cycle_without_a_price_is_not_offered() -> None:
    assert factories.refusal(factories.service(), "b", BillingCycle.BIENNIALLY) is Refusal.CYCLE_NOT_OFFERED


def test_plan_without_price_in_the_services_currency_is_not_offered() -> None:
    plan = factories.plan_row("b")
    plan.prices.append(Price(cycle=MONTHLY, currency="USD", cents=17_000))
    factories.reload_catalogue()
    row = factories.service(currency="USD")

    assert factories.refusal(row, "c") is Refusal.OTHER_CURRENCY
    assert [offer.plan.code for offer in Quotes(factories.snapshot(row)).offers(MONTHLY)] == ["a", "b"]
    assert factories.price(row, "b").total.currency == "USD"


def test_missing_cycle_is_reported_before_exceeded_limits() -> None:
    row = factories.service(usage={"disk_mb": 9_000, "mailboxes": 1, "databases": 1})

    assert factories.refusal(row, "base", BillingCycle.BIENNIALLY) is Refusal.CYCLE_NOT_OFFERED
    assert factories.refusal(row, "base", MONTHLY) is Refusal.OVER_LIMITS


def test_usage_over_limits_is_refused_with_the_amounts_to_free() -> None:
    row = factories.service(usage={"disk_mb": 5_001, "mailboxes": 12, "databases": 2})

    with pytest.raises(BusinessError) as error:
        factories.price(row, "base")
    offer = Quotes(factories.snapshot(row)).offers(MONTHLY)[0]

    assert error.value.code is offer.refusal is Refusal.OVER_LIMITS
    assert [(over.resource.value, over.to_free) for over in offer.fit.over] == [("disk_mb", 1), ("mailboxes", 2)]
    assert offer.quote is None


def test_usage_equal_to_the_limits_fits() -> None:
    row = factories.service(usage={"disk_mb": 5_000, "mailboxes": 10, "databases": 2})

    assert not factories.price(row, "base").needs_person


@pytest.mark.parametrize("usage", [None, {}, {"disk_mb": None, "mailboxes": 1, "databases": 1}])
def test_unknown_usage_needs_a_person_if_a_limit_is_lowered(usage: Any) -> None:
    row = factories.service(usage=usage)

    assert factories.price(row, "base").needs_person
    assert not factories.price(row, "b").needs_person


def test_offer_that_needs_a_person_has_its_delay() -> None:
    by_plan = {offer.plan.code: offer for offer in Quotes(factories.snapshot(factories.service())).offers(MONTHLY)}

    assert by_plan["c"].quote is not None
    assert by_plan["c"].quote.needs_person
    assert by_plan["c"].delay == factories.DELAY
    assert by_plan["b"].delay is None


def test_plans_are_offered_by_level_with_their_subtotals() -> None:
    result = Quotes(factories.snapshot(factories.service())).offers(MONTHLY)

    assert [offer.plan.code for offer in result] == ["base", "a", "b", "c"]
    assert [offer.quote and offer.quote.subtotal.cents for offer in result] == [0, None, 3750, 10000]
    assert [offer.is_current for offer in result] == [False, True, False, False]


def test_amounts_are_multiplied_by_the_quantity() -> None:
    row = factories.service(quantity=3, recurring_cents=45_000)

    quote = factories.price(row, "b")

    assert quote.target.recurring == Money(67_500)
    assert quote.subtotal == Money(11_250)  # (675.00 - 450.00) / 2


def test_unused_time_is_credited_at_the_discounted_amount_billed() -> None:
    row = factories.service(recurring_cents=12_000)

    assert factories.price(row, "b").subtotal == Money(5_250)  # (225.00 - 120.00) / 2


def test_longer_cycle_starts_today_and_shorter_one_at_next_due_date() -> None:
    assert factories.price(factories.service(), "a", ANNUALLY).next_due == date(2027, 6, 16)
    yearly = factories.service(cycle=ANNUALLY, recurring_cents=150_000)
    assert factories.price(yearly, "a", QUARTERLY).effective_on == DUE


def test_upgrade_at_renewal_costs_nothing_today() -> None:
    quote = factories.price(factories.service(), "b", when=When.RENEWAL)

    assert (quote.decision, quote.due_today, quote.effective_on) == (Decision.AT_NEXT_DUE, Money(0), DUE)


def suggestion(row: Service, cycle: BillingCycle = MONTHLY) -> str | None:
    """The code of the plan that the page selects at first."""
    offer = suggested(Quotes(factories.snapshot(row)).offers(cycle))
    return offer.plan.code if offer else None


def recommend(*codes: str) -> None:
    """Mark plans as recommended in the catalogue."""
    for code in codes:
        factories.plan_row(code).recommended = True
    factories.reload_catalogue()


def test_next_higher_plan_is_suggested() -> None:
    assert suggestion(factories.service(plan="base")) == "a"
    assert suggestion(factories.service(plan="b")) == "c"


def test_recommended_higher_plan_is_suggested_first() -> None:
    recommend("c")
    assert suggestion(factories.service(plan="base")) == "c"


def test_lowest_of_two_recommended_higher_plans_is_suggested() -> None:
    recommend("b", "c")
    assert suggestion(factories.service(plan="base")) == "b"


def test_recommended_lower_plan_is_not_suggested_if_a_higher_one_is_available() -> None:
    recommend("base", "a")
    assert suggestion(factories.service(plan="a")) == "b"


def test_available_lower_plan_is_suggested_from_the_highest_plan() -> None:
    row = factories.service(plan="c", usage={"disk_mb": 6_000, "mailboxes": 1, "databases": 1})

    assert suggestion(row) == "a"  # the usage exceeds the limits of "base"


def test_refused_plan_is_not_suggested() -> None:
    factories.plan_row("a").moves = [move for move in factories.plan_row("a").moves if move.to_plan.code != "b"]
    recommend("b")

    assert suggestion(factories.service(plan="a")) == "c"


def test_current_plan_is_not_suggested_on_another_cycle() -> None:
    row = factories.service(plan="c", usage={"disk_mb": 30_000, "mailboxes": 1, "databases": 1})

    assert factories.price(row, "c", ANNUALLY).decision is Decision.NOW
    assert suggestion(row, ANNUALLY) is None  # the usage exceeds the limits of every other plan


def test_nothing_is_suggested_if_no_change_is_possible() -> None:
    assert suggestion(factories.service(status=ServiceStatus.SUSPENDED)) is None


def test_offers_compare_the_limits_of_each_plan_with_the_current_plan() -> None:
    by_plan = {
        offer.plan.code: offer.limits for offer in Quotes(factories.snapshot(factories.service())).offers(MONTHLY)
    }

    assert [(change.before, change.after, change.used) for change in by_plan["b"]] == [
        (10_000, 20_000, 1_000),
        (20, 50, 3),
        (5, 10, 1),
    ]
    assert {change.is_gain for change in by_plan["b"]} == {True}
    assert {change.is_gain for change in by_plan["base"]} == {False}


@pytest.mark.parametrize(
    ("plan", "when", "acknowledged"),
    [("base", When.NOW, True), ("base", When.RENEWAL, False), ("base", None, False), ("b", When.NOW, False)],
)
def test_only_an_immediate_downgrade_must_be_acknowledged(plan: str, when: When | None, acknowledged: bool) -> None:
    assert factories.price(factories.service(), plan, when=when).must_acknowledge is acknowledged


def test_no_canadian_tax_outside_canada() -> None:
    row = factories.service(factories.client(province="QC", country="FR"))

    assert factories.price(row, "b").taxes == ()


def test_service_of_another_client_is_not_found() -> None:
    assert service_snapshot_of(factories.client().id, factories.service().id, ON) is None


def test_service_snapshot_takes_one_statement(statements: Statements) -> None:
    client = factories.client()
    for _ in range(5):
        other = factories.service(client)
        factories.confirm(other, "base")
        issue_renewal(other.id, ON, AT)
    row = factories.service(client)
    client_id, service_id = row.client_id, row.id
    db.session.commit()

    with statements() as executed:
        result = service_snapshot_of(client_id, service_id, ON)

    assert result is not None
    assert len(executed) == 1
    assert result.open_order is None


def test_service_that_is_read_again_unchanged_has_the_quotes_that_were_computed() -> None:
    row = factories.service()
    before = factories.snapshot(row)
    quote = factories.price(row, "b")

    assert factories.snapshot(row) is before
    assert factories.price(row, "b") is quote
    assert quotes_of(before) is quotes_of(before)


def _on_another_plan(row: Service) -> None:
    row.plan = factories.plan_row("base")


def _with_credit(row: Service) -> None:
    factories.credit(row.client, 1_000)


def _using_more(row: Service) -> None:
    row.usage = {**(row.usage or {}), "disk_mb": 1_001}


def _of_a_client_elsewhere(row: Service) -> None:
    row.client.province = "ON"


def _with_an_open_renewal(row: Service) -> None:
    issue_renewal(row.id, ON, AT)


def _with_another_catalogue(_row: Service) -> None:
    factories.reload_catalogue()


@pytest.mark.parametrize(
    "change",
    [
        _on_another_plan, _with_credit, _using_more, _of_a_client_elsewhere, _with_an_open_renewal,
        _with_another_catalogue,
    ],
)  # fmt: skip
def test_service_that_changed_is_priced_again(change: Callable[[Service], None]) -> None:
    row = factories.service()
    before = factories.snapshot(row)
    db.session.commit()

    change(row)
    db.session.commit()

    after = factories.snapshot(row)
    assert after is not before
    assert tuple(after.values) != tuple(before.values) or after.catalog is not before.catalog
    assert quotes_of(after) is not quotes_of(before)


def test_service_is_priced_again_on_another_day() -> None:
    row = factories.service()
    today, tomorrow = ON, ON + timedelta(days=1)

    assert factories.snapshot(row, today) is not factories.snapshot(row, tomorrow)
    assert factories.price(row, "b", on=today).subtotal == Money(3_750)  # 15 of 30 days
    assert factories.price(row, "b", on=tomorrow).subtotal == Money(3_500)  # 14
    assert factories.price(row, "b", on=today).subtotal == Money(3_750)


def test_refusal_that_was_computed_is_raised_as_a_new_error() -> None:
    quotes, choice = quotes_of(factories.snapshot(factories.service())), Choice("a", MONTHLY)

    errors = []
    for _ in range(2):
        with pytest.raises(BusinessError) as raised:
            quotes.quote(choice)
        errors.append(raised.value)

    assert [error.code for error in errors] == [Refusal.SAME_TERMS] * 2
    assert errors[0] is not errors[1]  # an error grows by the frames of each time that it is raised


def test_options_and_discount_are_on_both_sides_of_the_price() -> None:
    row = factories.service(recurring_cents=15_000 + 1_000 - 1_600, options_cents=1_000, discount_cents=1_600)
    assert factories.price(row, "b").target.recurring == Money(22_500 + 1_000 - 1_600)
    assert factories.price(row, "b").subtotal == Money(3_750)  # as without either


def test_options_and_discount_follow_the_length_of_the_cycle() -> None:
    row = factories.service(recurring_cents=15_500, options_cents=500)
    assert factories.price(row, "b", ANNUALLY).target.recurring == Money(225_000 + 6_000)
    row = factories.service(cycle=ANNUALLY, recurring_cents=149_001, discount_cents=999)
    assert factories.price(row, "a", MONTHLY).target.recurring == Money(15_000 - 83)  # 9.99 / 12 = 0.8325


def test_discount_above_the_price_makes_a_plan_free_not_negative() -> None:
    row = factories.service(recurring_cents=0, discount_cents=15_000)
    assert factories.price(row, "base").target.recurring == Money(0)
    assert factories.price(row, "b").target.recurring == Money(7_500)


def test_completed_change_converts_options_and_discount_to_the_new_cycle() -> None:
    row = factories.service(recurring_cents=15_500, options_cents=1_000, discount_cents=500)
    row.carry_extras(ANNUALLY)
    assert (row.options_cents, row.discount_cents) == (12_000, 6_000)
    row.cycle = ANNUALLY
    row.carry_extras(BillingCycle.TEN_YEARS)
    assert (row.options_cents, row.discount_cents) == (120_000, 60_000)
