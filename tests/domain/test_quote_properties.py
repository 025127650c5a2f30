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
from tests.domain.strategies import CENTS, CHARGES, CYCLES, RECURRING, WHENS, holdings, paid_days, wanted

DAY = timedelta(days=1)
NOTHING = Money(0)


@st.composite
def quotes(draw: st.DrawFn) -> tuple[PricingInput, date, Quote]:
    """Any change that is not refused, with the service it was asked for and the day."""
    holding = draw(holdings(CYCLES))
    on = draw(paid_days(holding))
    try:
        return holding, on, quote(holding, draw(wanted()), on, draw(WHENS), draw(CHARGES))
    except BusinessError:
        assume(False)
        raise


@st.composite
def rises(draw: st.DrawFn, least: int = 1) -> tuple[PricingInput, list[Terms], date]:
    """A service, two dearer plans in order on its own cycle, and a day with at least ``least`` days left."""
    holding = draw(holdings())
    cheap, *dearer = sorted(draw(st.lists(CENTS, min_size=3, max_size=3, unique=True)))
    snapshot = replace(holding, terms=replace(holding.terms, recurring=Money(cheap)), credit=NOTHING)
    plans = [
        Terms(name, "hosting", snapshot.terms.cycle, Money(cents)) for name, cents in zip("bc", dearer, strict=True)
    ]
    return snapshot, plans, draw(paid_days(snapshot, least))


@st.composite
def lengthenings(draw: st.DrawFn) -> tuple[PricingInput, Terms, date]:
    """A service, a longer cycle that costs more than what is unused of the old one, and a day with two days left."""
    cycle, longer = sorted(draw(st.lists(RECURRING, min_size=2, max_size=2, unique=True)), key=lambda each: each.months)
    holding = replace(draw(holdings(st.just(cycle))), credit=NOTHING)
    on = draw(paid_days(holding, least=2))
    price = worth(holding, holding.terms.recurring, on) + Money(draw(CENTS))
    return holding, Terms("b", "hosting", longer, price), on


def worth(holding: PricingInput, amount: Money, on: date) -> Money:
    """``amount`` a cycle for every day from ``on`` to the due date, each day worth its part of its own cycle."""
    assert holding.due is not None
    total, end, back = Decimal(0), holding.due, 0
    while end > on:
        back += holding.terms.months
        start = add_months(holding.due, -back, holding.anchor)
        total += Decimal(amount.cents) * (end - max(start, on)).days / (end - start).days
        end = start
    return Money(int(total.quantize(Decimal(1), ROUND_HALF_UP)), amount.currency)


@given(quotes())
def test_nothing_due_is_negative_and_credit_is_never_overspent(drawn: tuple[PricingInput, date, Quote]) -> None:
    holding, _, found = drawn
    assert NOTHING <= found.due_today <= found.total
    assert NOTHING <= found.credit_used <= min(holding.credit, found.total)
    assert found.due_today == NOTHING or found.credit_used == holding.credit


@given(quotes())
def test_lines_sum_to_the_subtotal_and_with_the_taxes_to_the_total(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert sum(line.amount.cents for line in found.lines) == found.subtotal.cents
    assert found.subtotal.cents + sum(tax.amount.cents for tax in found.taxes) == found.total.cents
    assert all(line.amount for line in found.lines)
    assert bool(found.taxes) <= bool(found.subtotal)


@given(quotes())
def test_money_is_only_due_for_a_change_that_takes_effect_at_once(drawn: tuple[PricingInput, date, Quote]) -> None:
    holding, on, found = drawn
    if found.decision is Decision.NOW:
        assert found.effective_on == on
    else:
        assert not found.total
        assert found.effective_on == found.next_due == holding.due
        assert found.anchor == holding.anchor


@given(quotes())
def test_only_unused_time_is_ever_taken_off(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert all((line.amount < NOTHING) is (line.code is LineCode.UNUSED_TIME) for line in found.lines)


@given(quotes())
def test_the_next_due_date_is_never_brought_forward(drawn: tuple[PricingInput, date, Quote]) -> None:
    holding, on, found = drawn
    if found.next_due is not None and not holding.terms.is_free:
        assert holding.due is not None
        unused_is_paid_back = any(line.code is LineCode.UNUSED_TIME for line in found.lines)
        assert found.next_due >= holding.due or unused_is_paid_back
        assert found.next_due >= on


@given(holdings(CYCLES), st.data())
def test_the_answers_offered_are_the_answers_obeyed(holding: PricingInput, data: st.DataObject) -> None:
    target, on = data.draw(wanted()), data.draw(paid_days(holding))
    try:
        found = quote(holding, target, on)
    except BusinessError:
        return
    for when in found.timing_options:
        decided = quote(holding, target, on, when).decision
        assert decided is (Decision.NOW if when is When.NOW else Decision.AT_NEXT_DUE)
    if found.timing_options:
        assert quote(holding, target, on, found.timing_options[0]) == found
    else:
        assert all(quote(holding, target, on, when) == found for when in When)


@given(rises())
def test_an_upgrade_costs_each_day_left_its_part_of_its_own_cycle(
    drawn: tuple[PricingInput, list[Terms], date],
) -> None:
    holding, (dearer, _), on = drawn
    difference = dearer.recurring - holding.terms.recurring
    assert quote(holding, dearer, on).subtotal == worth(holding, difference, on)


@given(rises(), CHARGES)
def test_a_charge_is_at_most_the_whole_difference_of_the_periods_paid(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    holding, (dearer, _), on = drawn
    found = quote(holding, dearer, on, charge=charge)
    periods = sum(add_months(holding.due or on, -holding.terms.months * n, holding.anchor) > on for n in range(5)) or 1
    whole = (dearer.recurring - holding.terms.recurring) * periods
    assert NOTHING <= found.subtotal <= whole
    assert charge is ChargePolicy.PRORATED or found.subtotal == whole


@given(holdings(), st.data())
def test_on_the_first_day_of_a_cycle_an_upgrade_costs_the_whole_difference(
    holding: PricingInput, data: st.DataObject
) -> None:
    rise, ahead = data.draw(CENTS), data.draw(st.integers(0, 3))
    dearer = replace(holding.terms, plan="b", recurring=holding.terms.recurring + Money(rise))
    assert holding.due is not None
    first_day = add_months(holding.due, -holding.terms.months * (ahead + 1), holding.anchor)
    assert quote(holding, dearer, first_day).subtotal == Money(rise) * (ahead + 1)


@given(rises())
def test_two_steps_on_one_day_cost_what_one_costs_within_a_cent(drawn: tuple[PricingInput, list[Terms], date]) -> None:
    """Each step rounds once, by half a cent at most, and so does the direct way: three halves, so one whole cent."""
    holding, (middle, dearest), on = drawn
    first = quote(holding, middle, on).subtotal
    second = quote(replace(holding, terms=middle), dearest, on).subtotal
    direct = quote(holding, dearest, on).subtotal
    assert abs((first + second - direct).cents) <= 1


@given(rises(), st.data())
def test_two_steps_on_one_day_cost_the_same_to_the_cent_where_no_step_is_rounded(
    drawn: tuple[PricingInput, list[Terms], date], data: st.DataObject
) -> None:
    """A difference that is a multiple of the days of the cycle has no part of a cent to round."""
    holding, _, on = drawn
    days = next(
        length
        for length in [quote(holding, drawn[1][0], on, charge=ChargePolicy.FULL_PERIOD).lines[0].of_days]
        if length
    )
    steps = [Money(days * data.draw(st.integers(1, 1000))) for _ in range(2)]
    middle = replace(holding.terms, plan="b", recurring=holding.terms.recurring + steps[0])
    dearest = replace(middle, plan="c", recurring=middle.recurring + steps[1])
    split = quote(holding, middle, on).subtotal + quote(replace(holding, terms=middle), dearest, on).subtotal
    assert split == quote(holding, dearest, on).subtotal


@given(lengthenings(), CENTS, RECURRING)
def test_stepping_up_after_a_longer_cycle_begun_today_costs_the_same_to_the_cent(
    drawn: tuple[PricingInput, Terms, date], rise: int, cycle: BillingCycle
) -> None:
    """The new cycle is unused as a whole on its first day, so only the first step has something to round."""
    holding, middle, on = drawn
    last = Terms("c", "hosting", max(cycle, middle.cycle, key=lambda each: each.months), middle.recurring + Money(rise))
    first = quote(holding, middle, on)
    begun = replace(holding, terms=middle, due=first.next_due, anchor=first.anchor)
    assert first.subtotal + quote(begun, last, on).subtotal == quote(holding, last, on).subtotal


@given(rises(least=2), CHARGES)
def test_an_upgrade_within_the_cycle_is_never_dearer_a_day_later(
    drawn: tuple[PricingInput, list[Terms], date], charge: ChargePolicy
) -> None:
    holding, (dearer, _), on = drawn
    today, tomorrow = (quote(holding, dearer, each, charge=charge) for each in (on, on + DAY))
    assert tomorrow.subtotal <= today.subtotal


@given(lengthenings())
def test_a_longer_cycle_a_day_later_is_dearer_by_the_day_that_was_used_and_ends_no_sooner(
    drawn: tuple[PricingInput, Terms, date],
) -> None:
    """The new period is bought whole on either day; what is taken off for the old one is what is still unused of it."""
    holding, target, on = drawn
    today, tomorrow = (quote(holding, target, each) for each in (on, on + DAY))
    unused = [worth(holding, holding.terms.recurring, each) for each in (on, on + DAY)]
    assert [found.subtotal for found in (today, tomorrow)] == [target.recurring - left for left in unused]
    assert today.next_due is not None
    assert tomorrow.next_due is not None
    assert today.next_due <= tomorrow.next_due


@given(holdings(), st.data(), WHENS, CHARGES)
def test_a_move_to_a_lower_plan_never_charges_and_leaves_the_credit_alone(
    holding: PricingInput, data: st.DataObject, when: When | None, charge: ChargePolicy
) -> None:
    lower = Money(data.draw(st.integers(0, holding.terms.recurring.cents)))
    target = replace(holding.terms, plan="b", recurring=lower)
    found = quote(holding, target, data.draw(paid_days(holding)), when, charge)
    assert (found.total, found.credit_used, found.lines, found.taxes) == (NOTHING, NOTHING, (), ())
    assert found.next_due == holding.due


@given(holdings(), wanted(RECURRING), st.data(), WHENS)
def test_a_shorter_cycle_never_charges(
    holding: PricingInput, target: Terms, data: st.DataObject, when: When | None
) -> None:
    assume(target.months < holding.terms.months)
    assert not quote(holding, target, data.draw(paid_days(holding)), when).total


@given(holdings(st.sampled_from([BillingCycle.FREE])), wanted(RECURRING), st.data())
def test_from_free_the_first_period_is_paid_whole(holding: PricingInput, target: Terms, data: st.DataObject) -> None:
    on = data.draw(paid_days(holding))
    found = quote(holding, target, on)
    assert found.subtotal == target.recurring
    if target.recurring:
        assert found.next_due == add_months(on, target.months, on.day)


@given(quotes())
def test_the_digest_names_the_value_and_leads_with_what_is_due(drawn: tuple[PricingInput, date, Quote]) -> None:
    _, _, found = drawn
    assert replace(found).digest == found.digest
    assert found.digest.startswith(f"{found.due_today.cents}-")
    assert replace(found, credit_used=found.credit_used + Money(1)).digest != found.digest
