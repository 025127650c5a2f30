"""Properties of every quote, on generated services, target terms and days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle, add_months
from kajoom.domain.decision import ChargePolicy, Decision, LineCode, PricingInput, When
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.tax import ALL_TAXES, Taxation
from kajoom.domain.terms import Terms
from tests.domain.strategies import (
    CENTS,
    CHARGES,
    CYCLES,
    RECURRING,
    TAXATIONS,
    TIMINGS,
    paid_days,
    services,
    target_terms,
)

DAY = timedelta(days=1)
ZERO = Money(0)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[PricingInput, date, Quote]:
    """Draw a change that is not refused: the service, the day and the quote."""
    service = draw(services(CYCLES, CENTS | st.just(0)))
    on = draw(paid_days(service))
    try:
        return service, on, quote(service, draw(target_terms()), on, draw(TIMINGS), draw(CHARGES))
    except BusinessError:
        assume(False)
        raise


@st.composite
def upgrades(draw: st.DrawFn, least: int = 1) -> tuple[PricingInput, list[Terms], date]:
    """Draw a service, two more expensive plans on its cycle in order, and a day with at least ``least`` days left."""
    service = draw(services())
    cheap, *higher = sorted(draw(st.lists(CENTS | st.just(0), min_size=3, max_size=3, unique=True)))
    cheapest = replace(service, terms=replace(service.terms, recurring=Money(cheap)), credit=ZERO)
    plans = [
        Terms(name, "hosting", cheapest.terms.cycle, Money(cents)) for name, cents in zip("bc", higher, strict=True)
    ]
    return cheapest, plans, draw(paid_days(cheapest, least))


@st.composite
def longer_cycles(draw: st.DrawFn) -> tuple[PricingInput, Terms, date]:
    """Draw a service, a longer cycle that costs more than its unused time, and a day with at least two days left."""
    cycle, longer = sorted(draw(st.lists(RECURRING, min_size=2, max_size=2, unique=True)), key=lambda each: each.months)
    service = replace(draw(services(st.just(cycle))), credit=ZERO)
    on = draw(paid_days(service, least=2))
    price = prorated_value(service, service.terms.recurring, on) + Money(draw(CENTS))
    return service, Terms("b", "hosting", longer, price), on


def prorated_value(service: PricingInput, amount: Money, on: date) -> Money:
    """Return the value of the days from ``on`` to the due date at ``amount`` a cycle, prorated in each cycle."""
    assert service.due is not None
    total, end, back = Decimal(0), service.due, 0
    while end > on:
        back += service.terms.months
        start = add_months(service.due, -back, service.anchor)
        total += Decimal(amount.cents) * (end - max(start, on)).days / (end - start).days
        end = start
    return Money(int(total.quantize(Decimal(1), ROUND_HALF_UP)), amount.currency)


@given(quotes())
def test_amount_due_is_never_negative_and_credit_never_overspent(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, _, priced = drawn
    assert ZERO <= priced.due_today <= priced.total
    assert ZERO <= priced.credit_used <= min(service.credit, priced.total)
    assert priced.due_today == ZERO or priced.credit_used == service.credit


@given(quotes())
def test_lines_sum_to_the_subtotal_and_with_the_taxes_to_the_total(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, priced = drawn
    assert sum(line.amount.cents for line in priced.lines) == priced.subtotal.cents
    assert priced.subtotal.cents + sum(tax.amount.cents for tax in priced.taxes) == priced.total.cents
    assert all(line.amount for line in priced.lines)
    assert bool(priced.taxes) <= bool(priced.subtotal)


@given(quotes())
def test_only_an_immediate_change_is_charged(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, on, priced = drawn
    if priced.decision is Decision.NOW:
        assert priced.effective_on == on
    else:
        assert not priced.total
        assert priced.effective_on == priced.next_due == service.due
        assert priced.anchor == service.anchor


@given(quotes())
def test_only_unused_time_is_a_negative_line(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, priced = drawn
    assert all((line.amount < ZERO) is (line.code is LineCode.UNUSED_TIME) for line in priced.lines)


@given(quotes())
def test_next_due_date_is_never_earlier_unless_unused_time_is_credited(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, on, priced = drawn
    if priced.next_due is not None and service.terms.is_paid:
        assert service.due is not None
        has_unused_time_credit = any(line.code is LineCode.UNUSED_TIME for line in priced.lines)
        assert priced.next_due >= service.due or has_unused_time_credit
        assert priced.next_due >= on


@given(services(CYCLES), st.data())
def test_each_timing_option_is_respected(service: PricingInput, data: st.DataObject) -> None:
    target, on = data.draw(target_terms()), data.draw(paid_days(service))
    try:
        priced = quote(service, target, on)
    except BusinessError:
        return
    for when in priced.timing_options:
        decided = quote(service, target, on, when).decision
        assert decided is (Decision.NOW if when is When.NOW else Decision.AT_NEXT_DUE)
    if priced.timing_options:
        assert quote(service, target, on, priced.timing_options[0]) == priced
    else:
        assert all(quote(service, target, on, when) == priced for when in When)


@given(upgrades())
def test_upgrade_is_prorated_by_the_days_of_each_cycle(
    drawn: tuple[PricingInput, list[Terms], date],
) -> None:
    service, (higher, _), on = drawn
    difference = higher.recurring - service.terms.recurring
    assert quote(service, higher, on).subtotal == prorated_value(service, difference, on)


@given(upgrades(), CHARGES)
def test_charge_is_at_most_the_full_difference_of_the_paid_periods(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    service, (higher, _), on = drawn
    priced = quote(service, higher, on, charge=charge)
    periods = sum(add_months(service.due or on, -service.terms.months * n, service.anchor) > on for n in range(5)) or 1
    whole = (higher.recurring - service.terms.recurring) * periods
    assert ZERO <= priced.subtotal <= whole
    assert charge is ChargePolicy.PRORATED or priced.subtotal == whole


@given(services(), st.data())
def test_upgrade_on_the_first_day_of_a_cycle_costs_the_full_difference(
    service: PricingInput, data: st.DataObject
) -> None:
    increase, ahead = data.draw(CENTS), data.draw(st.integers(0, 3))
    higher = replace(service.terms, plan="b", recurring=service.terms.recurring + Money(increase))
    assert service.due is not None
    first_day = add_months(service.due, -service.terms.months * (ahead + 1), service.anchor)
    assert quote(service, higher, first_day).subtotal == Money(increase) * (ahead + 1)


@given(upgrades())
def test_two_upgrades_on_one_day_cost_the_same_as_one_within_a_cent(
    drawn: tuple[PricingInput, list[Terms], date],
) -> None:
    """Each of the three prices is rounded by at most half a cent, so the difference is at most one cent."""
    service, (middle, highest), on = drawn
    first = quote(service, middle, on).subtotal
    second = quote(replace(service, terms=middle), highest, on).subtotal
    direct = quote(service, highest, on).subtotal
    assert abs((first + second - direct).cents) <= 1


@given(upgrades(), st.data())
def test_two_upgrades_on_one_day_cost_the_same_as_one_without_rounding(
    drawn: tuple[PricingInput, list[Terms], date], data: st.DataObject
) -> None:
    """A difference that is a multiple of the days of the cycle needs no rounding."""
    service, _, on = drawn
    days = next(
        length
        for length in [quote(service, drawn[1][0], on, charge=ChargePolicy.FULL_PERIOD).lines[0].of_days]
        if length
    )
    steps = [Money(days * data.draw(st.integers(1, 1000))) for _ in range(2)]
    middle = replace(service.terms, plan="b", recurring=service.terms.recurring + steps[0])
    highest = replace(middle, plan="c", recurring=middle.recurring + steps[1])
    split = quote(service, middle, on).subtotal + quote(replace(service, terms=middle), highest, on).subtotal
    assert split == quote(service, highest, on).subtotal


@given(longer_cycles(), CENTS, RECURRING)
def test_upgrade_after_a_longer_cycle_started_today_costs_the_same_as_one_change(
    drawn: tuple[PricingInput, Terms, date], increase: int, cycle: BillingCycle
) -> None:
    """The new cycle is entirely unused on its first day, so only the first step is rounded."""
    service, middle, on = drawn
    last = Terms(
        "c", "hosting", max(cycle, middle.cycle, key=lambda each: each.months), middle.recurring + Money(increase)
    )
    first = quote(service, middle, on)
    started = replace(service, terms=middle, due=first.next_due, anchor=first.anchor)
    assert first.subtotal + quote(started, last, on).subtotal == quote(service, last, on).subtotal


@given(upgrades(least=2), CHARGES)
def test_upgrade_on_the_same_cycle_never_costs_more_a_day_later(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    service, (higher, _), on = drawn
    today, tomorrow = (quote(service, higher, each, charge=charge) for each in (on, on + DAY))
    assert tomorrow.subtotal <= today.subtotal


@given(longer_cycles())
def test_longer_cycle_a_day_later_credits_one_day_less_and_ends_no_earlier(
    drawn: tuple[PricingInput, Terms, date],
) -> None:
    """The new period costs the same on either day; the credit is the time still unused on that day."""
    service, target, on = drawn
    today, tomorrow = (quote(service, target, each) for each in (on, on + DAY))
    unused = [prorated_value(service, service.terms.recurring, each) for each in (on, on + DAY)]
    assert [priced.subtotal for priced in (today, tomorrow)] == [target.recurring - left for left in unused]
    assert today.next_due is not None
    assert tomorrow.next_due is not None
    assert today.next_due <= tomorrow.next_due


@given(services(), st.data(), TIMINGS, CHARGES)
def test_downgrade_never_charges_nor_uses_credit(
    service: PricingInput, data: st.DataObject, when: When | None, charge: ChargePolicy
) -> None:
    lower = Money(data.draw(st.integers(0, service.terms.recurring.cents)))
    target = replace(service.terms, plan="b", recurring=lower)
    priced = quote(service, target, data.draw(paid_days(service)), when, charge)
    assert (priced.total, priced.credit_used, priced.lines, priced.taxes) == (ZERO, ZERO, (), ())
    assert priced.next_due == service.due


@given(services(), target_terms(RECURRING), st.data(), TIMINGS)
def test_shorter_cycle_never_charges(
    service: PricingInput, target: Terms, data: st.DataObject, when: When | None
) -> None:
    assume(target.months < service.terms.months)
    assert not quote(service, target, data.draw(paid_days(service)), when).total


@given(services(prices=st.just(0)), target_terms(RECURRING), st.data(), TIMINGS, CHARGES)
def test_price_of_zero_costs_at_most_a_cent_a_period_more_than_a_price_of_one_cent(
    service: PricingInput, target: Terms, data: st.DataObject, when: When | None, charge: ChargePolicy
) -> None:
    """Free is a service without a due date: a price of zero with one follows the same row as any other price."""
    assume(target.recurring > Money(1) or target.months < service.terms.months)
    on = data.draw(paid_days(service))
    cent = replace(service, terms=replace(service.terms, recurring=Money(1)))
    free, paid = (quote(each, target, on, when, charge) for each in (service, cent))
    assume(free.decision is paid.decision)  # a longer cycle at 0.01 waits when more cents of it are paid ahead
    assert ZERO <= free.subtotal - paid.subtotal <= Money(4)  # three cycles are paid at most, and one rounding
    assert (free.next_due, free.anchor, free.timing_options) == (paid.next_due, paid.anchor, paid.timing_options)


@given(services(prices=st.just(0)), target_terms(RECURRING), st.data(), TIMINGS)
def test_price_of_zero_is_priced_from_its_next_due_date_whatever_date_is_stored(
    service: PricingInput, target: Terms, data: st.DataObject, when: When | None
) -> None:
    on, cycles = data.draw(paid_days(service)), data.draw(st.integers(1, 60))
    assert service.due is not None
    assume(add_months(service.due, -service.terms.months, service.anchor) < on)
    stored = add_months(service.due, -service.terms.months * cycles, service.anchor)
    assert quote(replace(service, due=stored), target, on, when) == quote(service, target, on, when)


@given(services(prices=st.just(0) | CENTS), target_terms(), st.data(), TIMINGS, TAXATIONS)
def test_taxation_changes_only_the_taxes(
    service: PricingInput, target: Terms, data: st.DataObject, when: When | None, taxation: Taxation
) -> None:
    on = data.draw(paid_days(service))
    try:
        full = quote(replace(service, taxation=replace(taxation, registered=ALL_TAXES, exempt=False)), target, on, when)
    except BusinessError:
        return
    priced = quote(replace(service, taxation=taxation), target, on, when)
    expected = () if taxation.exempt else tuple(tax for tax in full.taxes if tax.name in taxation.registered)
    assert priced.taxes == expected
    assert (priced.decision, priced.lines, priced.subtotal) == (full.decision, full.lines, full.subtotal)
    assert priced.total == priced.subtotal + sum((tax.amount for tax in expected), start=ZERO)


@given(services(st.sampled_from([BillingCycle.FREE])), target_terms(RECURRING), st.data())
def test_first_period_after_a_free_plan_is_charged_in_full(
    service: PricingInput, target: Terms, data: st.DataObject
) -> None:
    on = data.draw(paid_days(service))
    priced = quote(service, target, on)
    assert priced.subtotal == target.recurring
    if target.recurring:
        assert priced.next_due == add_months(on, target.months, on.day)


@given(quotes())
def test_digest_starts_with_the_amount_due_and_changes_with_the_credit(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, priced = drawn
    assert replace(priced).digest == priced.digest
    assert priced.digest.startswith(f"{priced.due_today.cents}-")
    assert replace(priced, credit_used=priced.credit_used + Money(1)).digest != priced.digest
