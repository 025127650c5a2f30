"""What a change of terms by staff does to the renewals of a service, or why it is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import Taxation
from kajoom.domain.terms_change import OpenRenewal, TermsEffect, TermsFacts, TermsRequest, terms_effect
from tests.domain.factories import day, terms

TODAY, DUE, AUGUST = day("2026-06-16"), day("2026-07-01"), day("2026-08-01")
NOW = terms("150/month", "a")
DEARER = terms("165/month", "a")
UNPAID = OpenRenewal("2026-0001", DUE, is_partly_paid=False, is_being_paid=False)
OVERDUE = OpenRenewal("2026-0001", day("2026-06-01"), is_partly_paid=False, is_being_paid=False)


def facts(**more: Any) -> TermsFacts:
    """A monthly service in Québec at 150.00, paid up to ``DUE``."""
    columns = {"terms": NOW, "due": DUE, "anchor": 1, "taxation": Taxation("QC"), "status": ServiceStatus.ACTIVE}
    return TermsFacts(**{**columns, "version": 1, **more})


def effect(first_day: date = DUE, asked: Any = DEARER, due: date | None = None, **more: Any) -> TermsEffect:
    """The effect of ``asked`` terms, with the due date moved to ``due``, on ``facts(**more)``."""
    return terms_effect(facts(**more), TermsRequest(asked, first_day, due), TODAY)


def refusal(*request: Any, **more: Any) -> str:
    with pytest.raises(BusinessError) as caught:
        effect(*request, **more)
    return str(caught.value.code)


@pytest.mark.parametrize(
    ("first_day", "since", "applies_now"),
    [
        (TODAY, DUE, True),
        (DUE, DUE, False),
        (day("2026-06-20"), DUE, False),
        (day("2026-07-02"), AUGUST, False),
        (AUGUST, AUGUST, False),
        (day("2027-01-15"), day("2027-02-01"), False),
    ],
)
def test_new_terms_begin_with_the_first_period_from_their_day_on(
    first_day: date, since: date, applies_now: bool
) -> None:
    found = effect(first_day)
    assert (found.since, found.applies_now) == (since, applies_now)
    assert found.renewal == Money(18_971)  # 165.00, GST 8.25, QST 16.46
    assert (found.due, found.voided, found.reissues) == (DUE, "", False)


def test_terms_from_the_due_date_on_that_day_itself_apply_now() -> None:
    found = terms_effect(facts(due=TODAY, anchor=16), TermsRequest(DEARER, TODAY), TODAY)
    assert (found.since, found.applies_now) == (TODAY, True)


@pytest.mark.parametrize("first_day", [TODAY, DUE])
def test_unpaid_renewal_of_the_period_is_void_and_issued_anew(first_day: date) -> None:
    found = effect(first_day, renewal=UNPAID)
    assert (found.voided, found.reissues) == ("2026-0001", True)


def test_unpaid_renewal_of_an_earlier_period_stays() -> None:
    found = effect(AUGUST, renewal=UNPAID)
    assert (found.voided, found.reissues, found.since) == ("", False, AUGUST)


def test_overdue_renewal_keeps_its_price_unless_the_terms_begin_on_its_due_date() -> None:
    overdue = facts(due=OVERDUE.start, renewal=OVERDUE)
    today = terms_effect(overdue, TermsRequest(DEARER, TODAY), TODAY)
    assert (today.since, today.applies_now, today.voided) == (DUE, False, "")
    at_due = terms_effect(overdue, TermsRequest(DEARER, OVERDUE.start), TODAY)
    assert (at_due.since, at_due.applies_now, at_due.voided, at_due.reissues) == (
        OVERDUE.start,
        True,
        "2026-0001",
        True,
    )


def test_service_that_becomes_free_is_not_invoiced_again() -> None:
    found = effect(TODAY, terms("0/month", "a"), renewal=UNPAID)
    assert (found.voided, found.reissues, found.renewal, found.due) == ("2026-0001", False, None, DUE)


def test_due_date_moves_at_once_and_voids_the_unpaid_renewal() -> None:
    later = effect(DUE, NOW, day("2026-07-15"), renewal=UNPAID)
    assert (later.due, later.anchor, later.since) == (day("2026-07-15"), 15, day("2026-07-15"))
    assert (later.voided, later.reissues) == ("2026-0001", False)  # the daily run issues it in time
    earlier = effect(DUE, NOW, day("2026-06-20"), renewal=UNPAID)
    assert (earlier.due, earlier.voided, earlier.reissues) == (day("2026-06-20"), "2026-0001", True)


@pytest.mark.parametrize(
    ("due", "before", "after"), [("2026-07-31", 1, 31), ("2027-02-28", 31, 31), ("2027-02-28", 15, 28)]
)
def test_anchor_is_the_day_of_the_new_due_date_unless_a_short_month_cut_it(due: str, before: int, after: int) -> None:
    found = terms_effect(facts(anchor=before), TermsRequest(NOW, DUE, day(due)), TODAY)
    assert found.anchor == after


def test_other_terms_begin_in_a_period_counted_from_the_new_due_date() -> None:
    assert effect(day("2026-07-20"), due=day("2026-07-15")).since == day("2026-08-15")


def test_planned_terms_are_replaced_and_the_renewal_on_them_is_void() -> None:
    found = effect(AUGUST, renewal=UNPAID, planned_since=DUE)
    assert (found.withdraws, found.since, found.voided) == (True, AUGUST, "2026-0001")


def test_present_terms_withdraw_those_that_are_planned() -> None:
    found = effect(DUE, NOW, renewal=UNPAID, planned_since=AUGUST)
    assert (found.withdraws, found.voided, found.renewal) == (True, "", Money(17_246))
    assert effect(DUE, NOW, renewal=UNPAID, planned_since=DUE).voided == "2026-0001"


def test_service_without_periods_changes_its_plan_at_once_at_the_same_price() -> None:
    once = facts(terms=terms("50/once", "a"), due=None)
    found = terms_effect(once, TermsRequest(terms("50/once", "b"), TODAY), TODAY)
    assert (found.applies_now, found.since, found.renewal) == (True, TODAY, None)


def test_free_service_with_a_cycle_is_billed_from_a_due_date_on() -> None:
    free = facts(terms=terms("0/month", "a"), due=None)
    found = terms_effect(free, TermsRequest(DEARER, DUE, DUE), TODAY)
    assert (found.due, found.since, found.applies_now, found.renewal) == (DUE, DUE, False, Money(18_971))


def test_pending_service_has_no_renewal_yet() -> None:
    assert effect(status=ServiceStatus.PENDING).renewal is None


@pytest.mark.parametrize("status", [ServiceStatus.TERMINATED, ServiceStatus.CANCELLED])
def test_ended_service_is_refused(status: ServiceStatus) -> None:
    assert refusal(status=status) == StaffRefusal.SERVICE_ENDED


def test_suspended_service_is_not_refused() -> None:
    assert effect(status=ServiceStatus.SUSPENDED).renewal is not None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"is_cancelling": True}, Refusal.CANCELLATION_REQUESTED),
        ({"open_order": "CH-2026-000001"}, Refusal.CHANGE_UNDER_WAY),
        ({"first_day": day("2026-06-15")}, StaffRefusal.PAST_DAY),
        ({"due": day("2026-06-15")}, StaffRefusal.PAST_DAY),
        ({"first_day": day("2036-06-17")}, StaffRefusal.TOO_FAR),
        ({"due": day("2036-06-17")}, StaffRefusal.TOO_FAR),
        ({"due": day("2026-06-30"), "paid_until": DUE}, StaffRefusal.DAYS_PAID),
        ({"asked": NOW}, Refusal.SAME_TERMS),
        ({"asked": NOW, "due": DUE}, Refusal.SAME_TERMS),
        ({"renewal": OpenRenewal("1", DUE, True, False)}, StaffRefusal.PARTLY_PAID),
        ({"renewal": OpenRenewal("1", DUE, False, True)}, Refusal.PAYMENT_PENDING),
    ],
)
def test_change_is_refused_by_name(more: dict[str, Any], code: str) -> None:
    assert refusal(**more) == code


@pytest.mark.parametrize(
    "request_",
    [
        TermsRequest(terms("60/once", "a"), TODAY),
        TermsRequest(terms("50/once", "b"), DUE),
        TermsRequest(terms("50/once", "b"), TODAY, DUE),
    ],
)
def test_service_without_periods_has_no_later_day_no_due_date_and_no_other_price(request_: TermsRequest) -> None:
    with pytest.raises(BusinessError) as caught:
        terms_effect(facts(terms=terms("50/once", "a"), due=None), request_, TODAY)
    assert caught.value.code is StaffRefusal.NO_PERIODS


def test_partly_paid_renewal_of_an_earlier_period_does_not_matter() -> None:
    assert effect(AUGUST, renewal=OpenRenewal("1", DUE, True, False)).voided == ""


def test_digest_differs_when_the_service_has_changed_meanwhile() -> None:
    assert effect().digest == effect().digest
    assert effect().digest != effect(version=2).digest
    assert effect().digest != effect(renewal=UNPAID).digest
