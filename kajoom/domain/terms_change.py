"""Terms of a service changed by staff: from when they apply, and what becomes of the renewals; or why they cannot."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from dataclasses import astuple, dataclass
from datetime import date
from enum import StrEnum

from kajoom.domain.cycle import add_months, first_due_from
from kajoom.domain.money import Money
from kajoom.domain.quote import with_taxes
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import Terms

_LONGEST_AHEAD = 120
"""In how many months from today a day may be at most."""


class TermsStatus(StrEnum):
    """Where a change of terms stands; one that is planned is replaced by any later change of the service."""

    PLANNED = "planned"
    IN_FORCE = "in_force"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class OpenRenewal:
    """The unpaid renewal of a service, for the period that begins on ``start``."""

    number: str
    start: date
    is_partly_paid: bool
    is_being_paid: bool


@dataclass(frozen=True, slots=True)
class TermsFacts:
    """The facts about a service on which a change of its terms depends.

    ``due`` is the first day not paid for as it stands today, and ``paid_until`` the end of the last period that was
    paid by an invoice. ``planned_since`` is from when other terms are planned. ``open_order`` is a reference.
    ``is_suspended`` is whether the service is or will be suspended until it has paid.
    """

    terms: Terms
    due: date | None
    anchor: int
    taxation: Taxation
    status: ServiceStatus
    version: int
    open_order: str | None = None
    is_cancelling: bool = False
    renewal: OpenRenewal | None = None
    paid_until: date | None = None
    planned_since: date | None = None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class TermsRequest:
    """The terms that staff want from the day ``first_day`` on, and the due date, ``None`` to leave it.

    The cycle and the currency are those of the service.
    """

    terms: Terms
    first_day: date
    due: date | None = None


@dataclass(frozen=True, slots=True)
class TermsEffect:
    """What a change of terms does.

    ``since`` is the first day of the first period on the new terms, ``applies_now`` whether they are the service's own
    at once; otherwise they are once the renewal of that period is paid. ``renewal`` is the amount of that renewal,
    taxes included, ``None`` when nothing is billed. ``voided`` is the number of the unpaid renewal that becomes void,
    and ``reissues`` whether another one takes its place at once. ``withdraws`` is whether other terms, planned until
    now, are replaced, ``lifts_suspension`` whether the service has nothing left to pay that it was suspended for.
    """

    before: Terms
    after: Terms
    due_before: date | None
    due: date | None
    anchor: int
    since: date
    applies_now: bool
    renewal: Money | None
    voided: str
    voids_since: date
    reissues: bool
    withdraws: bool
    lifts_suspension: bool
    version: int

    @property
    def moves_due_date(self) -> bool:
        """Whether the due date changes."""
        return self.due != self.due_before

    @property
    def digest(self) -> str:
        """A hash of all of it: what staff confirm is what they saw."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:32]


def blocked_terms(status: ServiceStatus, is_cancelling: bool, open_order: str | None) -> BusinessError | None:
    """Why staff cannot change the terms of a service at all, ``None`` when they can."""
    if status.has_ended:
        return BusinessError(StaffRefusal.SERVICE_ENDED)
    if is_cancelling:
        return BusinessError(Refusal.CANCELLATION_REQUESTED)
    return BusinessError(Refusal.CHANGE_UNDER_WAY, reference=open_order) if open_order is not None else None


def terms_effect(service: TermsFacts, request: TermsRequest, today: date) -> TermsEffect:
    """What a change of terms does to a service, decided on the day ``today``.

    The new terms apply to every period that begins on ``request.first_day`` or later and is not paid; what is paid is
    not calculated again. Raises ``BusinessError`` with the first reason against it: ``SERVICE_ENDED``,
    ``CANCELLATION_REQUESTED``, ``CHANGE_UNDER_WAY``, ``PAST_DAY``, ``TOO_FAR``, ``NO_PERIODS``, ``DAYS_PAID``,
    ``SAME_TERMS``, ``PARTLY_PAID`` or ``PAYMENT_PENDING``.
    """
    due = request.due or service.due
    _check_request(service, request, due, today)
    anchor = _anchor(due, service.anchor) if due and due != service.due else service.anchor
    since = _first_period(service, request, due, anchor) or today
    voids_since = _first_void(service, request, due, since)
    voided = _voided(service.renewal, voids_since)
    is_billed = due is not None and request.terms.is_paid and service.status is not ServiceStatus.PENDING
    is_overdue = is_billed and due is not None and due < today
    return TermsEffect(
        before=service.terms,
        after=request.terms,
        due_before=service.due,
        due=due,
        anchor=anchor,
        since=since,
        applies_now=request.first_day <= today and (due is None or since == due),
        renewal=with_taxes(request.terms.recurring, service.taxation, max(since, today)) if is_billed else None,
        voided=voided.number if voided else "",
        voids_since=voids_since,
        reissues=voided is not None and due is not None and due <= max(today, voided.start) and is_billed,
        withdraws=service.planned_since is not None,
        lifts_suspension=service.is_suspended and voided is not None and not is_overdue,
        version=service.version,
    )


def _check_request(service: TermsFacts, request: TermsRequest, due: date | None, today: date) -> None:
    """Raise the first reason against what is asked for, whatever it would do to a renewal."""
    blocked = blocked_terms(service.status, service.is_cancelling, service.open_order)
    if blocked is not None:
        raise blocked
    _check_days(service, request, today)
    _check_periods(service, request, due, today)
    if request.terms == service.terms and due == service.due and service.planned_since is None:
        raise BusinessError(Refusal.SAME_TERMS)


def _voided(renewal: OpenRenewal | None, since: date) -> OpenRenewal | None:
    """The unpaid renewal when it is void because its period begins on ``since`` or later, else ``None``."""
    if renewal is None or renewal.start < since:
        return None
    if renewal.is_partly_paid:
        raise BusinessError(StaffRefusal.PARTLY_PAID, number=renewal.number)
    if renewal.is_being_paid:
        raise BusinessError(Refusal.PAYMENT_PENDING, number=renewal.number)
    return renewal


def _first_period(service: TermsFacts, request: TermsRequest, due: date | None, anchor: int) -> date | None:
    """When the first period on the new terms begins; the first to come when only the due date moves."""
    if due is None or request.terms == service.terms:
        return due
    return first_due_from(request.first_day, due, service.terms.months, anchor)


def _first_void(service: TermsFacts, request: TermsRequest, due: date | None, since: date) -> date:
    """From which period on an unpaid renewal is void: every one when the due date moves, else on other terms."""
    if due != service.due:
        return date.min
    days = [] if request.terms == service.terms else [since]
    return min([*days, *([service.planned_since] if service.planned_since else [])])


def _check_days(service: TermsFacts, request: TermsRequest, today: date) -> None:
    """The first day is today, a later one, or the due date even when it has passed; a due date is never in the past."""
    latest = add_months(today, _LONGEST_AHEAD, today.day)
    for day, is_past in (
        (request.first_day, request.first_day < today and request.first_day != service.due),
        (request.due, request.due is not None and request.due < today and request.due != service.due),
    ):
        if is_past:
            raise BusinessError(StaffRefusal.PAST_DAY, day=day)
        if day is not None and day > latest:
            raise BusinessError(StaffRefusal.TOO_FAR, day=day)
    if request.due not in {None, service.due} and service.paid_until and request.due < service.paid_until:
        raise BusinessError(StaffRefusal.DAYS_PAID, day=request.due, until=service.paid_until)


def _check_periods(service: TermsFacts, request: TermsRequest, due: date | None, today: date) -> None:
    """A service that is not billed by periods has no later day, no due date and no other price."""
    if service.terms.months and due is not None:
        return
    is_other_price = request.terms.recurring != service.terms.recurring
    if request.first_day != today or is_other_price or (request.due is not None and not service.terms.months):
        raise BusinessError(StaffRefusal.NO_PERIODS)


def _anchor(due: date, anchor: int) -> int:
    """The day of the month of the due dates after ``due``: its own, unless it is the last of a month before ``anchor``.

    A service due each 31st that is moved to 28 February is next due on 31 March.
    """
    last = monthrange(due.year, due.month)[1]
    return anchor if due.day == last < anchor else due.day
