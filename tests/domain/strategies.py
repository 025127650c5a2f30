"""Hypothesis strategies for the services, target terms and days of a quote."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from kajoom.domain.cycle import BillingCycle, add_months
from kajoom.domain.decision import ChargePolicy, PricingInput, When
from kajoom.domain.money import Money
from kajoom.domain.tax import RATES, Taxation, TaxName
from kajoom.domain.terms import Terms

DAYS = st.dates(date(2023, 4, 1), date(2089, 12, 31))
_FIRST_DAY = date(2014, 4, 1)
"""The rates of taxes before are not all known, and three cycles of ten years begin before."""

ANCHORS = st.integers(1, 31) | st.sampled_from([28, 29, 30, 31])
CENTS = st.integers(1, 100_000) | st.integers(1, 10**11)
RECURRING = st.sampled_from([cycle for cycle in BillingCycle if cycle.months])
CYCLES = st.sampled_from(list(BillingCycle))
PROVINCES = st.sampled_from([*sorted(RATES), ""])
TAXATIONS = st.builds(Taxation, PROVINCES, st.frozensets(st.sampled_from(TaxName)), st.booleans())
CHARGES = st.sampled_from(list(ChargePolicy))
TIMINGS = st.sampled_from([None, *When])


@st.composite
def target_terms(draw: st.DrawFn, cycles: st.SearchStrategy[BillingCycle] = CYCLES, plan: str = "b") -> Terms:
    """Draw the terms of another plan at any price, zero included."""
    cycle = draw(cycles)
    cents = 0 if cycle is BillingCycle.FREE else draw(CENTS | st.just(0))
    return Terms(plan, "hosting", cycle, Money(cents), draw(st.integers(1, 20)))


@st.composite
def services(
    draw: st.DrawFn,
    cycles: st.SearchStrategy[BillingCycle] = RECURRING,
    prices: st.SearchStrategy[int] = CENTS,
) -> PricingInput:
    """Draw a service with a due date on its anchor day, with or without account credit."""
    anchor = draw(ANCHORS)
    cycle = draw(cycles)
    due = add_months(draw(DAYS), 0, anchor) if cycle.months else None
    recurring = Money(0 if cycle is BillingCycle.FREE else draw(prices))
    credit = Money(draw(st.integers(0, 30_000) | st.integers(0, 10**12)))
    return PricingInput(Terms("a", "hosting", cycle, recurring), due, anchor, draw(TAXATIONS), credit)


@st.composite
def paid_days(draw: st.DrawFn, service: PricingInput, least: int = 0) -> date:
    """Draw a day on which the service is not overdue, up to three cycles before its due date but not before 2014.

    At least ``least`` days are left; the due date itself is possible when ``least`` is 0.
    """
    if service.due is None:
        return draw(DAYS)
    first = max(add_months(service.due, -3 * service.terms.months, service.anchor), _FIRST_DAY)
    left = (service.due - first).days
    return service.due - timedelta(days=draw(st.integers(least, left) | st.sampled_from([least, least + 1, 28])))
