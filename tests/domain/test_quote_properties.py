"""What is true of every plan, cycle, price and day, tried on drawn examples."""

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
from kajoom.domain.terms import Terms
from tests.domain.strategies import CENTS, CHARGES, CYCLES, RECURRING, WHENS, paid_days, services, wanted

DAY = timedelta(days=1)
NOTHING = Money(0)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[PricingInput, date, Quote]:
    """Any change that is not refused, with the service it was asked for and the day."""
    service = draw(services(CYCLES))
    on = draw(paid_days(service))
    try:
        return service, on, quote(service, draw(wanted()), on, draw(WHENS), draw(CHARGES))
    except BusinessError:
        assume(False)
        raise


@st.composite
def rises(draw: st.DrawFn, least: int = 1) -> tuple[PricingInput, list[Terms], date]:
    """A service, two dearer plans in order on its own cycle, and a day with at least ``least`` days left."""
    service = draw(services())
    cheap, *dearer = sorted(draw(st.lists(CENTS, min_size=3, max_size=3, unique=True)))
    discounted = replace(service, terms=replace(service.terms, recurring=Money(cheap)), credit=NOTHING)
    plans = [
        Terms(name, "hosting", discounted.terms.cycle, Money(cents)) for name, cents in zip("bc", dearer, strict=True)
    ]
    return discounted, plans, draw(paid_days(discounted, least))


@st.composite
def lengthenings(draw: st.DrawFn) -> tuple[PricingInput, Terms, date]:
    """A service, a longer cycle that costs more than what is unused of the old one, and a day with two days left."""
    cycle, longer = sorted(draw(st.lists(RECURRING, min_size=2, max_size=2, unique=True)), key=lambda each: each.months)
    service = replace(draw(services(st.just(cycle))), credit=NOTHING)
    on = draw(paid_days(service, least=2))
    price = worth(service, service.terms.recurring, on) + Money(draw(CENTS))
    return service, Terms("b", "hosting", longer, price), on


def worth(service: PricingInput, amount: Money, on: date) -> Money:
    """``amount`` a cycle for every day from ``on`` to the due date, each day worth its part of its own cycle."""
    assert service.due is not None
    total, end, back = Decimal(0), service.due, 0
    while end > on:
        back += service.terms.months
        start = add_months(service.due, -back, service.anchor)
        total += Decimal(amount.cents) * (end - max(start, on)).days / (end - start).days
        end = start
    return Money(int(total.quantize(Decimal(1), ROUND_HALF_UP)), amount.currency)


@given(quotes())
def test_nothing_due_is_negative_and_credit_is_never_overspent(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, _, found = drawn
    assert NOTHING <= found.due_today <= found.total
    assert NOTHING <= found.credit_used <= min(service.credit, found.total)
    assert found.due_today == NOTHING or found.credit_used == service.credit


@given(quotes())
def test_lines_sum_to_the_subtotal_and_with_the_taxes_to_the_total(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert sum(line.amount.cents for line in found.lines) == found.subtotal.cents
    assert found.subtotal.cents + sum(tax.amount.cents for tax in found.taxes) == found.total.cents
    assert all(line.amount for line in found.lines)
    assert bool(found.taxes) <= bool(found.subtotal)


@given(quotes())
def test_money_is_only_due_for_a_change_that_takes_effect_at_once(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, on, found = drawn
    if found.decision is Decision.NOW:
        assert found.effective_on == on
    else:
        assert not found.total
        assert found.effective_on == found.next_due == service.due
        assert found.anchor == service.anchor


@given(quotes())
def test_only_unused_time_is_ever_taken_off(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert all((line.amount < NOTHING) is (line.code is LineCode.UNUSED_TIME) for line in found.lines)


@given(quotes())
def test_the_next_due_date_is_never_brought_forward(drawn: tuple[PricingInput, date, Quote]) -> None:
    service, on, found = drawn
    if found.next_due is not None and not service.terms.is_free:
        assert service.due is not None
        unused_is_paid_back = any(line.code is LineCode.UNUSED_TIME for line in found.lines)
        assert found.next_due >= service.due or unused_is_paid_back
        assert found.next_due >= on


@given(services(CYCLES), st.data())
def test_the_answers_offered_are_the_answers_obeyed(service: PricingInput, data: st.DataObject) -> None:
    target, on = data.draw(wanted()), data.draw(paid_days(service))
    try:
        found = quote(service, target, on)
    except BusinessError:
        return
    for when in found.timing_options:
        decided = quote(service, target, on, when).decision
        assert decided is (Decision.NOW if when is When.NOW else Decision.AT_NEXT_DUE)
    if found.timing_options:
        assert quote(service, target, on, found.timing_options[0]) == found
    else:
        assert all(quote(service, target, on, when) == found for when in When)


@given(rises())
def test_an_upgrade_costs_each_day_left_its_part_of_its_own_cycle(
    drawn: tuple[PricingInput, list[Terms], date],
) -> None:
    service, (dearer, _), on = drawn
    difference = dearer.recurring - service.terms.recurring
    assert quote(service, dearer, on).subtotal == worth(service, difference, on)


@given(rises(), CHARGES)
def test_a_charge_is_at_most_the_whole_difference_of_the_periods_paid(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    service, (dearer, _), on = drawn
    found = quote(service, dearer, on, charge=charge)
    periods = sum(add_months(service.due or on, -service.terms.months * n, service.anchor) > on for n in range(5)) or 1
    whole = (dearer.recurring - service.terms.recurring) * periods
    assert NOTHING <= found.subtotal <= whole
    assert charge is ChargePolicy.PRORATED or found.subtotal == whole


@given(services(), st.data())
def test_on_the_first_day_of_a_cycle_an_upgrade_costs_the_whole_difference(
    service: PricingInput, data: st.DataObject
) -> None:
    rise, ahead = data.draw(CENTS), data.draw(st.integers(0, 3))
    dearer = replace(service.terms, plan="b", recurring=service.terms.recurring + Money(rise))
    assert service.due is not None
    first_day = add_months(service.due, -service.terms.months * (ahead + 1), service.anchor)
    assert quote(service, dearer, first_day).subtotal == Money(rise) * (ahead + 1)


@given(rises())
def test_two_steps_on_one_day_cost_what_one_costs_within_a_cent(drawn: tuple[PricingInput, list[Terms], date]) -> None:
    """Each step rounds once, by half a cent at most, and so does the direct way: three halves, so one whole cent."""
    service, (middle, dearest), on = drawn
    first = quote(service, middle, on).subtotal
    second = quote(replace(service, terms=middle), dearest, on).subtotal
    direct = quote(service, dearest, on).subtotal
    assert abs((first + second - direct).cents) <= 1


@given(rises(), st.data())
def test_two_steps_on_one_day_cost_the_same_to_the_cent_where_no_step_is_rounded(
    drawn: tuple[PricingInput, list[Terms], date], data: st.DataObject
) -> None:
    """A difference that is a multiple of the days of the cycle has no part of a cent to round."""
    service, _, on = drawn
    days = next(
        length
        for length in [quote(service, drawn[1][0], on, charge=ChargePolicy.FULL_PERIOD).lines[0].of_days]
        if length
    )
    steps = [Money(days * data.draw(st.integers(1, 1000))) for _ in range(2)]
    middle = replace(service.terms, plan="b", recurring=service.terms.recurring + steps[0])
    dearest = replace(middle, plan="c", recurring=middle.recurring + steps[1])
    split = quote(service, middle, on).subtotal + quote(replace(service, terms=middle), dearest, on).subtotal
    assert split == quote(service, dearest, on).subtotal


@given(lengthenings(), CENTS, RECURRING)
def test_stepping_up_after_a_longer_cycle_begun_today_costs_the_same_to_the_cent(
    drawn: tuple[PricingInput, Terms, date], rise: int, cycle: BillingCycle
) -> None:
    """The new cycle is unused as a whole on its first day, so only the first step has something to round."""
    service, middle, on = drawn
    last = Terms("c", "hosting", max(cycle, middle.cycle, key=lambda each: each.months), middle.recurring + Money(rise))
    first = quote(service, middle, on)
    begun = replace(service, terms=middle, due=first.next_due, anchor=first.anchor)
    assert first.subtotal + quote(begun, last, on).subtotal == quote(service, last, on).subtotal


@given(rises(least=2), CHARGES)
def test_an_upgrade_within_the_cycle_is_never_dearer_a_day_later(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    service, (dearer, _), on = drawn
    today, tomorrow = (quote(service, dearer, each, charge=charge) for each in (on, on + DAY))
    assert tomorrow.subtotal <= today.subtotal


@given(lengthenings())
def test_a_longer_cycle_a_day_later_is_dearer_by_the_day_that_was_used_and_ends_no_sooner(
    drawn: tuple[PricingInput, Terms, date],
) -> None:
    """The new period is bought whole on either day; what is taken off for the old one is what is still unused of it."""
    service, target, on = drawn
    today, tomorrow = (quote(service, target, each) for each in (on, on + DAY))
    unused = [worth(service, service.terms.recurring, each) for each in (on, on + DAY)]
    assert [found.subtotal for found in (today, tomorrow)] == [target.recurring - left for left in unused]
    assert today.next_due is not None
    assert tomorrow.next_due is not None
    assert today.next_due <= tomorrow.next_due


@given(services(), st.data(), WHENS, CHARGES)
def test_a_move_to_a_lower_plan_never_charges_and_leaves_the_credit_alone(
    service: PricingInput, data: st.DataObject, when: When | None, charge: ChargePolicy
) -> None:
    lower = Money(data.draw(st.integers(0, service.terms.recurring.cents)))
    target = replace(service.terms, plan="b", recurring=lower)
    found = quote(service, target, data.draw(paid_days(service)), when, charge)
    assert (found.total, found.credit_used, found.lines, found.taxes) == (NOTHING, NOTHING, (), ())
    assert found.next_due == service.due


@given(services(), wanted(RECURRING), st.data(), WHENS)
def test_a_shorter_cycle_never_charges(
    service: PricingInput, target: Terms, data: st.DataObject, when: When | None
) -> None:
    assume(target.months < service.terms.months)
    assert not quote(service, target, data.draw(paid_days(service)), when).total


@given(services(st.sampled_from([BillingCycle.FREE])), wanted(RECURRING), st.data())
def test_from_free_the_first_period_is_paid_whole(service: PricingInput, target: Terms, data: st.DataObject) -> None:
    on = data.draw(paid_days(service))
    found = quote(service, target, on)
    assert found.subtotal == target.recurring
    if target.recurring:
        assert found.next_due == add_months(on, target.months, on.day)


@given(quotes())
def test_the_digest_names_the_value_and_leads_with_what_is_due(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert replace(found).digest == found.digest
    assert found.digest.startswith(f"{found.due_today.cents}-")
    assert replace(found, credit_used=found.credit_used + Money(1)).digest != found.digest
