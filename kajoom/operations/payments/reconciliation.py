"""Each day, what the providers say they took is compared with what we recorded, and every difference is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from kajoom.domain.reconciliation import Discrepancy, LedgerEntry, differences
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
    """Compare a day in UTC with each provider, and again every day on which something is still unexplained.

    The codes of the providers that could not be asked, to be asked again. Nothing is open in the database while they
    are. Doing a day again adds nothing; a difference that has gone is resolved.
    """
    silent = []
    for code, provider in providers.items():
        days = {day, *_unexplained_days(code)}
        try:
            told = {each: list(provider.captures(each)) for each in {near for each in days for near in _around(each)}}
        except ProviderUnavailable:
            silent.append(code)
            continue
        for each in sorted(days):
            seen = [capture.reference for near in _around(each) for capture in told[near]]
            _compare(code, each, told[each], seen, at)
    return silent


@transactional
def explain(reference: str, note: str, actor: str, at: datetime) -> int:
    """Staff have explained the differences that bear a reference: how many. ``BusinessError`` with
    ``NO_DIFFERENCE``."""
    explained = [difference for difference in open_differences() if difference.reference == reference]
    if not explained:
        raise BusinessError(StaffRefusal.NO_DIFFERENCE, reference=reference)
    for difference in explained:
        difference.resolved_at, difference.note = at, f"{actor}: {note}"
    return len(explained)


@transactional
def _unexplained_days(provider: str) -> list[date]:
    return [difference.day for difference in open_differences() if difference.provider == provider]


@transactional
def _compare(provider: str, day: date, captures: Iterable[Capture], seen: Iterable[str], at: datetime) -> None:
    taken = [LedgerEntry(capture.reference, capture.invoice, capture.amount) for capture in captures]
    start = datetime.combine(day, time(), UTC)
    recorded = [
        _entry(payment) for payment in payments_by_reference([f"{provider}:{each.reference}" for each in taken])
    ]
    ours = [_entry(payment) for payment in payments_between(provider, start, start + _DAY)]
    found = differences(taken, {each.reference: each for each in recorded}, ours, set(seen))
    _keep(provider, day, found, at)


def _keep(provider: str, day: date, found: list[Discrepancy], at: datetime) -> None:
    """Add what is new, leave what staff explained, and resolve by itself what is no longer so."""
    known = {difference.reference: difference for difference in differences_of(provider, day)}
    for each in found:
        if each.reference in known:
            difference = known[each.reference]
            difference.resolved_at = difference.resolved_at if difference.note else None
        else:
            amount = each.taken or each.recorded
            db.session.add(
                Difference(
                    provider=provider,
                    day=day,
                    reference=each.reference,
                    kind=each.kind,
                    invoice=each.invoice,
                    taken_cents=each.taken.cents if each.taken else None,
                    recorded_cents=each.recorded.cents if each.recorded else None,
                    currency=amount.currency if amount else "CAD",
                    found_at=at,
                )
            )
    gone = known.keys() - {each.reference for each in found}
    for reference in gone:
        if known[reference].resolved_at is None:
            known[reference].resolved_at = at


def _entry(payment: Payment) -> LedgerEntry:
    return LedgerEntry(payment.reference.removeprefix(f"{payment.provider}:"), payment.invoice.number, payment.amount)


def _around(day: date) -> tuple[date, date, date]:
    return day - _DAY, day, day + _DAY
