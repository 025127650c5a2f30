"""The daily comparison of the payments recorded here with what each provider says it captured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from kajoom.domain.reconciliation import Discrepancy, Entry, differences
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import Capture, PaymentProvider, ProviderUnavailable
from kajoom.models.db import db
from kajoom.models.payment import Payment
from kajoom.models.reconciliation import (
    Difference,
    differences_of,
    open_differences,
    payments_between,
    payments_by_reference,
)
from kajoom.operations.transaction import transactional

_DAY = timedelta(days=1)


def reconcile(providers: Mapping[str, PaymentProvider], day: date, at: datetime) -> list[str]:
    """Compare a UTC ``day`` with each provider, and again each day that still has an unexplained difference.

    Returns the codes of the providers that could not answer, to be asked again. No transaction is open while they
    are asked. Comparing a day twice adds nothing; a difference that no longer exists is resolved.
    """
    unavailable = []
    for code, provider in providers.items():
        days = {day, *_unexplained_days(code)}
        try:
            captures = {
                each: list(provider.captures(each)) for each in {near for each in days for near in _around(each)}
            }
        except ProviderUnavailable:
            unavailable.append(code)
            continue
        for each in sorted(days):
            nearby = [capture.reference for near in _around(each) for capture in captures[near]]
            _compare(code, each, captures[each], nearby, at)
    return unavailable


@transactional
def explain(reference: str, note: str, actor: str, at: datetime) -> int:
    """Resolve the open differences of a reference with the explanation of staff; returns how many.

    ``BusinessError`` with ``NO_DIFFERENCE`` when there is none.
    """
    explained = [difference for difference in open_differences() if difference.reference == reference]
    if not explained:
        raise BusinessError(StaffRefusal.NO_DIFFERENCE, reference=reference)
    for difference in explained:
        difference.resolved_at, difference.note = at, f"{actor}: {note}"
    return len(explained)


@transactional(read_only=True)
def _unexplained_days(provider: str) -> list[date]:
    return [difference.day for difference in open_differences() if difference.provider == provider]


@transactional
def _compare(provider: str, day: date, captures: Iterable[Capture], nearby: Iterable[str], at: datetime) -> None:
    """Compare one day; ``nearby`` are the references captured on that day, the day before and the day after."""
    taken = [Entry(capture.reference, capture.invoice, capture.amount) for capture in captures]
    start = datetime.combine(day, time(), UTC)
    recorded = [
        _entry(payment) for payment in payments_by_reference([f"{provider}:{each.reference}" for each in taken])
    ]
    ours = [_entry(payment) for payment in payments_between(provider, start, start + _DAY)]
    discrepancies = differences(taken, {each.reference: each for each in recorded}, ours, set(nearby))
    _store(provider, day, discrepancies, at)


def _store(provider: str, day: date, discrepancies: list[Discrepancy], at: datetime) -> None:
    """Add new differences, keep the explained ones, and resolve those that no longer exist."""
    known = {difference.reference: difference for difference in differences_of(provider, day)}
    for each in discrepancies:
        if each.reference in known:
            difference = known[each.reference]
            difference.resolved_at = difference.resolved_at if difference.note else None
        else:
            db.session.add(_difference(provider, day, each, at))
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


def _entry(payment: Payment) -> Entry:
    return Entry(payment.provider_reference, payment.invoice.number, payment.amount)


def _around(day: date) -> tuple[date, date, date]:
    return day - _DAY, day, day + _DAY
