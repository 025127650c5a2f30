"""Prices calculated by hand, and the decision, charge and choices of each row of the decision table."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import ChargePolicy, Decision, Line, LineCode, When
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote, quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.terms import Terms
from tests.domain.factories import day, make_service, terms

NOW, AT_NEXT_DUE, WITH_RENEWAL = Decision.NOW, Decision.AT_NEXT_DUE, Decision.WITH_RENEWAL


class Case(NamedTuple):
    """A change and its expected price. ``taxes`` in the order of the invoice; ``anchor`` 0 means the due date's day."""

    old: str
    new: str
    due: str | None
    on: str
    decision: Decision
    charge: str
    taxes: str
    total: str
    next_due: str | None
    anchor: int = 0
    province: str = "QC"


WORKED_CASES = [
    # 10.00 × 15/30
    Case("10.00/month", "20.00/month", "2026-07-01", "2026-06-16", NOW, "5.00", "0.25 0.50", "5.75", "2026-07-01"),
    # 10.00 × 22/31 = 7.097
    Case("9.99/month", "19.99/month", "2026-08-01", "2026-07-10", NOW, "7.10", "0.36 0.71", "8.17", "2026-08-01"),
    # 14.00 × 18/28
    Case("10.00/month", "24.00/month", "2026-03-01", "2026-02-11", NOW, "9.00", "0.45 0.90", "10.35", "2026-03-01"),
    # 14.50 × 19/29, a leap year
    Case("10.00/month", "24.50/month", "2028-03-01", "2028-02-11", NOW, "9.50", "0.48 0.95", "10.93", "2028-03-01"),
    # 14.00 × 14/28, from the 31st
    Case("10.00/month", "24.00/month", "2026-02-28", "2026-02-14", NOW, "7.00", "0.35 0.70", "8.05", "2026-02-28", 31),
    # the first day: the full difference
    Case("10.00/month", "20.00/month", "2026-07-01", "2026-06-01", NOW, "10.00", "0.50 1.00", "11.50", "2026-07-01"),
    # the last day: 30.00 × 1/30
    Case("10.00/month", "40.00/month", "2026-07-01", "2026-06-30", NOW, "1.00", "0.05 0.10", "1.15", "2026-07-01"),
    # the due date
    Case("10.00/month", "20.00/month", "2026-07-01", "2026-07-01", WITH_RENEWAL, "0.00", "", "0.00", "2026-07-01"),
    # paid ahead: 10.00 × 15/30 + 10.00
    Case("10.00/month", "20.00/month", "2026-08-01", "2026-06-16", NOW, "15.00", "0.75 1.50", "17.25", "2026-08-01"),
    # a lower plan waits
    Case("20.00/month", "10.00/month", "2026-07-01", "2026-06-16", AT_NEXT_DUE, "0.00", "", "0.00", "2026-07-01"),
    # 50.00 × 167/365 = 22.877
    Case("100.00/year", "150.00/year", "2027-03-01", "2026-09-15", NOW, "22.88", "1.14 2.28", "26.30", "2027-03-01"),
    # 50.00 × 168/366 = 22.951
    Case("100.00/year", "150.00/year", "2028-03-01", "2027-09-15", NOW, "22.95", "1.15 2.29", "26.39", "2028-03-01"),
    # 120.00 × 200/365 = 65.753; by rounding each plan it would be 65.76
    Case("119.40/year", "239.40/year", "2027-03-01", "2026-08-13", NOW, "65.75", "3.29 6.56", "75.60", "2027-03-01"),
    # 150.00 × 730/1095, from 29 February
    Case("300.00/3 years", "450.00/3 years", "2027-02-28", "2025-02-28", NOW, "100.00", "5.00 9.98", "114.98",
         "2027-02-28", 29),
    # 30.00 × 90/181 = 14.917
    Case("60.00/half-year", "90.00/half-year", "2027-02-28", "2026-11-30", NOW, "14.92", "0.75 1.49", "17.16",
         "2027-02-28", 31),
    # 28.00 × 7/28, on the day the clocks change
    Case("10.00/month", "38.00/month", "2026-03-15", "2026-03-08", NOW, "7.00", "0.35 0.70", "8.05", "2026-03-15"),
    # 0.01 × 1/31 rounds to zero
    Case("10.00/month", "10.01/month", "2026-08-01", "2026-07-31", NOW, "0.00", "", "0.00", "2026-08-01"),
    # the discounted recurring amount: 12.50 × 15/30
    Case("7.50/month", "20.00/month", "2026-07-01", "2026-06-16", NOW, "6.25", "0.31 0.62", "7.18", "2026-07-01"),
    # 20.00 × 15/30 in Ontario, in Nova Scotia
    Case("10.00/month", "30.00/month", "2026-07-01", "2026-06-16", NOW, "10.00", "1.30", "11.30", "2026-07-01",
         province="ON"),
    Case("10.00/month", "30.00/month", "2026-07-01", "2026-06-16", NOW, "10.00", "1.40", "11.40", "2026-07-01",
         province="NS"),
    # 100.00 - 10.00 × 15/30
    Case("10.00/month", "100.00/year", "2026-07-01", "2026-06-16", NOW, "95.00", "4.75 9.48", "109.23", "2027-06-16"),
    # 27.00 - 10.00 × 18/28 = 27.00 - 6.43
    Case("10.00/month", "27.00/quarter", "2026-02-28", "2026-02-10", NOW, "20.57", "1.03 2.05", "23.65",
         "2026-05-10", 31),
    # 288.00 - 10.00 × 10/29 = 288.00 - 3.45; the new anchor is the 29th
    Case("10.00/month", "288.00/3 years", "2028-03-10", "2028-02-29", NOW, "284.55", "14.23 28.38", "327.16",
         "2031-02-28"),
    # a shorter cycle waits
    Case("100.00/year", "20.00/month", "2027-01-01", "2026-06-16", AT_NEXT_DUE, "0.00", "", "0.00", "2027-01-01"),
    # the unused time, 60.00 × 29/30 = 58.00, is worth more than the year
    Case("60.00/month", "50.00/year", "2026-07-01", "2026-06-02", AT_NEXT_DUE, "0.00", "", "0.00", "2026-07-01"),
    # the first period is not prorated; from the 31st to the end of February
    Case("free", "9.99/month", None, "2026-01-31", NOW, "9.99", "0.50 1.00", "11.49", "2026-02-28"),
    # 0.00 with a due date: 100.00 × 15/30, as from 0.01 (below)
    Case("0.00/month", "100.00/month", "2025-07-01", "2025-06-16", NOW, "50.00", "2.50 4.99", "57.49", "2025-07-01"),
    # 99.99 × 15/30 = 49.995
    Case("0.01/month", "100.00/month", "2025-07-01", "2025-06-16", NOW, "50.00", "2.50 4.99", "57.49", "2025-07-01"),
    # 0.00, its date moved by whole months to 2026-07-01: 20.00 × 15/30
    Case("0.00/month", "20.00/month", "2026-03-01", "2026-06-16", NOW, "10.00", "0.50 1.00", "11.50", "2026-07-01"),
    # 80.00 - 50.00, paid once
    Case("50.00/once", "80.00/once", None, "2026-06-16", NOW, "30.00", "1.50 2.99", "34.49", None),
]  # fmt: skip


@pytest.mark.parametrize("case", WORKED_CASES, ids=lambda case: f"{case.old} to {case.new} on {case.on}")
def test_worked_case_has_the_price_calculated_by_hand(case: Case) -> None:
    service = make_service(case.old, case.due, case.anchor or None, province=case.province)
    priced = quote(service, terms(case.new, "b"), day(case.on))
    assert priced.decision is case.decision
    assert str(priced.subtotal) == case.charge
    assert " ".join(str(tax.amount) for tax in priced.taxes) == case.taxes
    assert (str(priced.total), str(priced.due_today)) == (case.total, case.total)
    assert priced.next_due == (day(case.next_due) if case.next_due else None)
    assert priced.effective_on == (day(case.on) if case.decision is NOW else service.due)


def test_worked_case_past_its_due_date_is_refused() -> None:
    with pytest.raises(BusinessError, match="overdue"):
        quote(make_service("10.00/month", "2026-07-01"), terms("20.00/month", "b"), day("2026-07-11"))


TABLE = {
    # name: (old, new, due, when, decision, charge, next due, timing options)
    "same cycle, up": ("10/month", "20/month", "2026-07-01", None, NOW, "5.00", "2026-07-01", "now renewal"),
    "same cycle, up, later": ("10/month", "20/month", "2026-07-01", "renewal", AT_NEXT_DUE, "0.00", "2026-07-01",
                              "now renewal"),
    "same cycle, same price": ("10/month", "10/month", "2026-07-01", None, NOW, "0.00", "2026-07-01", "now renewal"),
    "same cycle, down": ("20/month", "10/month", "2026-07-01", None, AT_NEXT_DUE, "0.00", "2026-07-01", "renewal now"),
    "same cycle, down, now": ("20/month", "10/month", "2026-07-01", "now", NOW, "0.00", "2026-07-01", "renewal now"),
    "longer cycle": ("10/month", "100/year", "2026-07-01", "now", NOW, "95.00", "2027-06-16", "now renewal"),
    "longer cycle, later": ("10/month", "100/year", "2026-07-01", "renewal", AT_NEXT_DUE, "0.00", "2026-07-01",
                            "now renewal"),
    "longer cycle, covered by the unused time": ("20/month", "10/year", "2026-07-01", None, NOW, "0.00", "2027-06-16",
                                             "now renewal"),
    "longer cycle, cheaper than the unused time": ("20/month", "9.99/year", "2026-07-01", "now", AT_NEXT_DUE, "0.00",
                                                  "2026-07-01", ""),
    "longer cycle, paid ahead": ("10/month", "100/year", "2026-08-01", None, NOW, "85.00", "2027-06-16", "now renewal"),
    "shorter cycle": ("100/year", "20/month", "2026-07-01", None, AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "shorter cycle, now": ("100/year", "20/month", "2026-07-01", "now", AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "the due date, up": ("10/month", "20/month", "2026-06-16", "now", WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "the due date, down": ("20/month", "10/month", "2026-06-16", "now", WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "the due date, longer": ("10/month", "100/year", "2026-06-16", None, WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "the due date, shorter": ("100/year", "10/month", "2026-06-16", None, WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "the due date, free": ("10/month", "free", "2026-06-16", None, WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "free to paid": ("free", "100/year", None, None, NOW, "100.00", "2027-06-16", ""),
    "free to paid, nothing to wait for": ("free", "100/year", None, "renewal", NOW, "100.00", "2027-06-16", ""),
    "free to once": ("free", "80/once", None, None, NOW, "80.00", None, ""),
    "free to free": ("free", "0/month", None, None, NOW, "0.00", None, ""),
    "free each month, no due date": ("0/month", "20/month", None, None, NOW, "20.00", "2026-07-16", ""),
    "free once to paid": ("0/once", "20/month", None, None, NOW, "20.00", "2026-07-16", ""),
    "0.00 with a due date, up": ("0/month", "20/month", "2026-07-01", None, NOW, "10.00", "2026-07-01", "now renewal"),
    "0.00 with a due date, later": ("0/month", "20/month", "2026-07-01", "renewal", AT_NEXT_DUE, "0.00", "2026-07-01",
                                    "now renewal"),
    "0.00 with a due date, paid ahead": ("0/month", "20/month", "2026-08-01", None, NOW, "30.00", "2026-08-01",
                                         "now renewal"),
    "0.00 with a due date, longer": ("0/month", "100/year", "2026-07-01", None, NOW, "100.00", "2027-06-16",
                                     "now renewal"),
    "0.00 with a due date, shorter": ("0/year", "20/month", "2026-07-01", None, AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "0.00 with a due date, on it": ("0/month", "20/month", "2026-06-16", None, WITH_RENEWAL, "0.00", "2026-06-16", ""),
    "0.00 with a due date, past": ("0/month", "20/month", "2026-05-01", None, NOW, "10.00", "2026-07-01",
                                   "now renewal"),
    "0.00 with a due date, past, on the day": ("0/month", "20/month", "2026-03-16", None, WITH_RENEWAL, "0.00",
                                               "2026-06-16", ""),
    "0.00 with a due date, to 0.00": ("0/month", "0/month", "2026-07-01", None, NOW, "0.00", "2026-07-01",
                                      "now renewal"),
    "0.00 with a due date, to free": ("0/month", "free", "2026-07-01", None, AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "paid to free": ("10/month", "free", "2026-07-01", "now", AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "paid to free each year": ("10/month", "0/year", "2026-07-01", None, AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "paid to free each month": ("10/month", "0/month", "2026-07-01", "now", AT_NEXT_DUE, "0.00", "2026-07-01", ""),
    "once, up": ("50/once", "80/once", None, "renewal", NOW, "30.00", None, ""),
    "once, down": ("80/once", "50/once", None, None, NOW, "0.00", None, ""),
    "once to free": ("80/once", "free", None, None, NOW, "0.00", None, ""),
    "once to free each month": ("80/once", "0/month", None, None, NOW, "0.00", None, ""),
    "once, whatever its date": ("50/once", "80/once", "2026-06-16", None, NOW, "30.00", None, ""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "due", "when", "decision", "charge", "next_due", "timing_options"), TABLE.values(), ids=list(TABLE)
)
def test_row_of_the_decision_table(
    old: str,
    new: str,
    due: str | None,
    when: str | None,
    decision: Decision,
    charge: str,
    next_due: str | None,
    timing_options: str,
) -> None:
    priced = quote(make_service(old, due), terms(new, "b"), day("2026-06-16"), When(when) if when else None)
    assert priced.decision is decision
    assert str(priced.subtotal) == charge
    assert priced.next_due == (day(next_due) if next_due else None)
    assert priced.timing_options == tuple(When(option) for option in timing_options.split())


def upgrade(**more: Any) -> Quote:
    """10.00 to 20.00 a month with half of June left: 5.00 before tax."""
    return quote(make_service("10/month", "2026-07-01", **more), terms("20/month", "b"), day("2026-06-16"))


@pytest.mark.parametrize(
    ("on", "due", "charge"),
    [
        ("2026-06-16", "2026-07-01", "10.00"),
        ("2026-06-30", "2026-07-01", "10.00"),
        ("2026-06-16", "2026-09-01", "30.00"),
    ],
)
def test_full_period_policy_charges_the_full_difference_of_each_paid_period(on: str, due: str, charge: str) -> None:
    priced = quote(make_service("10/month", due), terms("20/month", "b"), day(on), charge=ChargePolicy.FULL_PERIOD)
    assert str(priced.subtotal) == charge


def test_full_period_policy_charges_the_full_price_above_a_price_of_zero() -> None:
    service, on = make_service("0/month", "2026-07-01"), day("2026-06-16")
    assert str(quote(service, terms("20/month", "b"), on, charge=ChargePolicy.FULL_PERIOD).subtotal) == "20.00"


@pytest.mark.parametrize("new", ["5/month", "100/year", "1/month", "free"])
def test_full_period_policy_applies_only_to_upgrades_on_the_same_cycle(new: str) -> None:
    service, on = make_service("10/month", "2026-07-01"), day("2026-06-16")
    full, prorated = (quote(service, terms(new, "b"), on, charge=charge) for charge in ChargePolicy)
    assert full == prorated


def test_each_cycle_paid_ahead_is_charged_in_full() -> None:
    # 15 days of June (30), then July, August and September: 10.00 × (15/30 + 3)
    priced = quote(make_service("10/month", "2026-10-01"), terms("20/month", "b"), day("2026-06-16"))
    line = priced.lines[0]
    assert str(priced.subtotal) == "35.00"
    assert (line.days, line.of_days, line.cycles_ahead) == (15, 30, 3)


def test_recurring_amount_covers_the_whole_quantity() -> None:
    # three units of 10.00 to three of 20.00, half of June left: 30.00 × 15/30
    priced = quote(make_service("30/month", "2026-07-01"), terms("60/month", "b", quantity=3), day("2026-06-16"))
    assert (str(priced.subtotal), priced.target.quantity) == ("15.00", 3)


@pytest.mark.parametrize(
    ("credit", "used", "due_today"),
    [
        ("0", "0.00", "5.75"),
        ("0.01", "0.01", "5.74"),
        ("5.75", "5.75", "0.00"),
        ("100", "5.75", "0.00"),
        ("-3", "0.00", "5.75"),
    ],
)
def test_credit_is_used_after_tax_and_a_negative_balance_is_not_added(credit: str, used: str, due_today: str) -> None:
    priced = upgrade(credit=Money.parse(credit))
    assert (str(priced.total), str(priced.credit_used), str(priced.due_today)) == ("5.75", used, due_today)


def test_line_has_the_days_it_covers() -> None:
    line = upgrade().lines[0]
    assert (line.code, str(line.amount), line.days, line.of_days) == (LineCode.DIFFERENCE, "5.00", 15, 30)
    assert line.period is not None
    assert (line.period.start, line.period.end) == (day("2026-06-16"), day("2026-07-01"))


def test_longer_cycle_has_a_line_for_the_new_period_and_one_for_unused_time() -> None:
    new, unused = quote(make_service("10/month", "2026-07-01"), terms("100/year", "b"), day("2026-06-16")).lines
    assert (new.code, str(new.amount)) == (LineCode.NEW_PERIOD, "100.00")
    assert (unused.code, str(unused.amount), unused.days, unused.of_days) == (LineCode.UNUSED_TIME, "-5.00", 15, 30)


def test_line_that_rounds_to_zero_is_dropped() -> None:
    def lines(old: str, new: str) -> tuple[Line, ...]:
        return quote(make_service(old, "2026-08-01"), terms(new, "b"), day("2026-07-31")).lines

    assert lines("10.00/month", "10.01/month") == ()
    assert [line.code for line in lines("0.10/month", "1.00/year")] == [LineCode.NEW_PERIOD]


def test_renewal_amounts_before_and_after_include_taxes() -> None:
    # 10.00 + 0.50 + 1.00, then 20.00 + 1.00 + 2.00 (1.995)
    priced = upgrade()
    assert (str(priced.renewal_before), str(priced.renewal_after)) == ("11.50", "23.00")


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("10/month", "20/month", "upgrade"),
        ("20/month", "10/month", "downgrade"),
        ("10/month", "10/month", "same"),
        ("10/month", "100/year", "downgrade"),  # 120.00 a year before
        ("10/month", "120/year", "same"),
        ("10/month", "121/year", "upgrade"),
        ("100/year", "300/3 years", "same"),
        ("free", "1/month", "upgrade"),
        ("1/month", "free", "downgrade"),
        ("50/once", "60/once", "upgrade"),
        ("80/once", "50/once", "downgrade"),
    ],
)
def test_direction_compares_yearly_amounts(old: str, new: str, direction: str) -> None:
    recurring = "once" not in old and "free" not in old
    priced = quote(make_service(old, "2026-07-01" if recurring else None), terms(new, "b"), day("2026-06-16"))
    assert priced.direction == direction


@pytest.mark.parametrize(
    ("new", "when", "expected"),
    [("10/month", "now", True), ("10/month", "renewal", False), ("20/month", "now", False), ("30/month", "now", False),
     ("300/year", "now", False), ("10/year", "now", False), ("free", "now", False)],
)  # fmt: skip
def test_only_an_immediate_downgrade_must_be_acknowledged(new: str, when: str, expected: bool) -> None:
    priced = quote(make_service("20/month", "2026-07-01"), terms(new, "b"), day("2026-06-16"), When(when))
    assert priced.must_acknowledge is expected


def test_one_time_downgrade_needs_no_acknowledgement() -> None:
    priced = quote(make_service("80/once"), terms("50/once", "b"), day("2026-06-16"))
    assert not priced.must_acknowledge


@pytest.mark.parametrize(("new", "difference"), [("30/month", "10.00"), ("20/month", "0.00"), ("5/month", "-15.00")])
def test_difference_is_for_a_full_period_before_tax(new: str, difference: str) -> None:
    priced = quote(make_service("20/month", "2026-07-01"), terms(new, "b"), day("2026-06-16"))
    assert str(priced.difference) == difference


def test_upgrade_on_the_last_day_of_the_calendar_is_priced() -> None:
    priced = quote(make_service("10/month", "9999-12-31"), terms("20/month", "b"), day("9999-12-30"))
    assert str(priced.subtotal) == "0.32"  # 10.00 × 1/31: the cycle runs from 30 November


@pytest.mark.parametrize(("due", "on"), [("0001-01-20", "0001-01-10"), ("9999-12-31", "9999-12-30")])
def test_date_outside_the_calendar_raises_overflow_error(due: str, on: str) -> None:
    with pytest.raises(OverflowError, match="outside the calendar"):
        quote(make_service("10/month", due), terms("100/year", "b"), day(on))


def test_very_large_amounts_are_exact() -> None:
    priced = quote(make_service("1/month", "2026-07-01"), terms("999999999999.99/month", "b"), day("2026-06-16"))
    assert str(priced.subtotal) == "499999999999.50"  # 999 999 999 998.99 / 2 = …499.495, half up


def test_recurring_service_without_a_due_date_is_rejected() -> None:
    with pytest.raises(ValueError, match="has a due date"):
        quote(make_service("10/month"), terms("20/month", "b"), day("2026-06-16"))


@pytest.mark.parametrize(("amount", "quantity"), [("-0.01", 1), ("10", 0), ("10", -1)])
def test_negative_amount_or_quantity_below_one_is_rejected(amount: str, quantity: int) -> None:
    with pytest.raises(ValueError, match="invalid terms"):
        terms(f"{amount}/month", "b", quantity=quantity)


def test_default_quantity_is_one() -> None:
    assert Terms("a", "hosting", BillingCycle.MONTHLY, Money(1)).quantity == 1
