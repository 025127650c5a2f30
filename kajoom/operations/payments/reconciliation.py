"""The daily comparison of the payments recorded here with what each provider says it captured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from kajoom.domain.audit import Act
from kajoom.domain.money import Money
from kajoom.domain.reconciliation import Discrepancy, LedgerEntry, differences
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason
from kajoom.domain.task import AlertKind
from kajoom.gateways.ports import Capture, PaymentProvider, ProviderUnavailable
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.db import db
from kajoom.models.invoice import invoice_by_number
from kajoom.models.payment import Payment, attempt_by_key, open_attempts_of, payment_by_reference
from kajoom.models.reconciliation import (
    Difference,
    differences_of,
    lock_open_differences,
    open_differences,
    payments_between,
    payments_by_reference,
)
from kajoom.operations import outbox
from kajoom.operations.payments.attempts import IN_FLIGHT_WINDOW
from kajoom.operations.payments.receipts import record_payment
from kajoom.operations.transaction import transactional

_DAY = timedelta(days=1)


def reconcile(providers: Mapping[str, PaymentProvider], day: date, at: datetime) -> list[str]:
    """Compare a UTC ``day`` with each provider, and again each day that may have changed since.

    These are the days with an unexplained difference, and those of the attempts that are still open: a capture that
    was held for review is reported on its first day, whenever it is completed. A day that has not begun is not asked
    for. Returns the codes of the providers that could not answer, to be asked again. No transaction is open while they
    are asked. Comparing a day twice adds nothing; a difference that no longer exists is resolved, and money of an
    attempt that is not recorded has the worker look it up.

    ``BusinessError`` with ``NOT_YET`` for a day to come.
    """
    today = at.astimezone(UTC).date()
    if day > today:
        raise BusinessError(StaffRefusal.NOT_YET, on=day)
    unavailable = []
    for code, provider in providers.items():
        days = {each for each in (day, *_unexplained_days(code), *_days_of_open_attempts(code)) if each <= today}
        asked = {near for each in days for near in _around(each) if near <= today}
        try:
            captures = {each: list(provider.captures(each)) for each in sorted(asked)}
        except ProviderUnavailable:
            unavailable.append(code)
            continue
        for each in sorted(days):
            nearby = [capture.reference for near in _around(each) for capture in captures.get(near, ())]
            _compare(code, each, captures[each], nearby, at)
    return unavailable


@transactional
def explain(reference: str, note: str, actor: str, at: datetime) -> int:
    """Resolve the open differences of a reference with the explanation of staff; returns how many.

    ``BusinessError`` with ``NO_DIFFERENCE`` when there is none, ``NO_REASON`` for an unusable note.
    """
    note = check_reason(note)
    return len(_resolve(reference, note, Act.DIFFERENCE_EXPLAINED, actor, at))


@transactional
def record_missing_payment(reference: str, number: str, actor: str, at: datetime) -> Money:
    """Record, for the invoice ``number``, the money that a provider took and that is not recorded here.

    The provider's reference makes it a payment that is recorded once, whoever else records it. Resolves the differences
    of the reference and returns the amount. ``BusinessError`` with ``NO_DIFFERENCE``, ``NOT_MISSING_HERE`` when the
    money is recorded but differs, ``NO_INVOICE`` or ``OTHER_CURRENCY``.
    """
    invoice = invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    client_id = invoice.client_id
    lock_client(client_id)
    difference = _resolve(reference, f"invoice {number}", Act.DIFFERENCE_RECORDED, actor, at, client_id)[0]
    taken = difference.taken
    if taken is None or difference.recorded is not None or payment_by_reference(f"{difference.provider}:{reference}"):
        raise BusinessError(StaffRefusal.NOT_MISSING_HERE, reference=reference)
    if taken.currency != invoice.currency:
        raise BusinessError(StaffRefusal.OTHER_CURRENCY, number=number, currency=invoice.currency)
    received_at = datetime.combine(difference.day, time(12), UTC)  # within the day that is compared
    record_payment(invoice, taken, difference.provider, reference, actor, at, received_at)
    return taken


def _resolve(
    reference: str, note: str, act: Act, actor: str, at: datetime, client_id: int | None = None
) -> list[Difference]:
    """Resolve the open differences of a reference; ``BusinessError`` with ``NO_DIFFERENCE`` when there is none."""
    found = lock_open_differences(reference)
    if not found:
        raise BusinessError(StaffRefusal.NO_DIFFERENCE, reference=reference)
    for difference in found:
        difference.resolved_at, difference.note = at, f"{actor}: {note}"
        record_act(act, actor, at, client_id=client_id, subject=difference)
    return found


@transactional(read_only=True)
def _unexplained_days(provider: str) -> list[date]:
    return [difference.day for difference in open_differences() if difference.provider == provider]


@transactional(read_only=True)
def _days_of_open_attempts(provider: str) -> set[date]:
    """The days in UTC on which money of an open attempt may have been captured: of its start and its last request."""
    requests = [
        instant
        for attempt in open_attempts_of(provider)
        for instant in (attempt.started_at, attempt.in_flight_since)
        if instant is not None
    ]
    # A request just before midnight may have been carried out just after it.
    return {(each + later).astimezone(UTC).date() for each in requests for later in (timedelta(), IN_FLIGHT_WINDOW)}


@transactional
def _compare(provider: str, day: date, captures: list[Capture], nearby: Iterable[str], at: datetime) -> None:
    """Compare one day; ``nearby`` are the references captured on that day, the day before and the day after."""
    taken = [LedgerEntry(capture.reference, capture.invoice, capture.amount) for capture in captures]
    start = datetime.combine(day, time(), UTC)
    recorded = [
        _entry(payment) for payment in payments_by_reference([f"{provider}:{each.reference}" for each in taken])
    ]
    ours = [_entry(payment) for payment in payments_between(provider, start, start + _DAY)]
    discrepancies = differences(taken, {each.reference: each for each in recorded}, ours, set(nearby))
    _store(provider, day, discrepancies, at)
    _look_up(provider, captures, {each.reference for each in recorded}, at)


def _look_up(provider: str, captures: list[Capture], recorded: set[str], at: datetime) -> None:
    """Have the worker look up the attempts of captures that are not recorded, once for each capture."""
    for capture in captures:
        attempt = attempt_by_key(capture.key) if capture.reference not in recorded else None
        if attempt is not None and attempt.provider == provider:
            key = f"settle-{attempt.key}-{capture.reference}"
            outbox.enqueue("settle", key, at, attempt=attempt.key, again=True)


def _store(provider: str, day: date, discrepancies: list[Discrepancy], at: datetime) -> None:
    """Add new differences, keep the explained ones, and resolve those that no longer exist."""
    known = {difference.reference: difference for difference in differences_of(provider, day)}
    for each in discrepancies:
        if each.reference in known:
            difference = known[each.reference]
            difference.resolved_at = difference.resolved_at if difference.note else None
        else:
            db.session.add(_difference(provider, day, each, at))
            outbox.alert_staff(AlertKind.DIFFERENCE, provider, at)
    for reference in known.keys() - {each.reference for each in discrepancies}:
        if known[reference].resolved_at is None:
            known[reference].resolved_at = at


def _difference(provider: str, day: date, discrepancy: Discrepancy, at: datetime) -> Difference:
    taken, recorded = discrepancy.taken, discrepancy.recorded
    amount = taken or recorded
    return Difference(
        provider=provider,
        day=day,
        reference=discrepancy.reference,
        kind=discrepancy.kind,
        invoice=discrepancy.invoice,
        taken_cents=taken.cents if taken else None,
        recorded_cents=recorded.cents if recorded else None,
        currency=amount.currency if amount else "CAD",
        found_at=at,
    )


def _entry(payment: Payment) -> LedgerEntry:
    return LedgerEntry(payment.provider_reference, payment.invoice.number, payment.amount)


def _around(day: date) -> tuple[date, date, date]:
    return day - _DAY, day, day + _DAY
