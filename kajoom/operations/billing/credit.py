"""Account credit granted by staff; its balance is never below zero."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from kajoom.domain.audit import APPLICATION, Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason, parse_amount
from kajoom.models.audit import record_act
from kajoom.models.client import client_by_email, lock_client
from kajoom.models.credit import CreditEntry, balance_of, newest_movement_of
from kajoom.models.db import db
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional


@transactional
def grant_credit(
    email: str,
    amount: str,
    reason: str,
    at: datetime,
    currency: str = "CAD",
    actor: str = APPLICATION,
    seen: int | None = None,
) -> Money:
    """Grant account credit to a client, or take it back with a negative amount, and return the new balance.

    The client is written to. ``seen`` is the newest movement that was shown to the person who decides, 0 for none; a
    command gives none. Raises ``BusinessError`` with ``NO_CLIENT``, ``NOT_AN_AMOUNT``, ``NO_REASON``,
    ``CHANGED_SINCE`` when the credit has moved since, or ``BALANCE_TOO_LOW`` when it would be negative.
    """
    client = client_by_email(email)
    if client is None or client.is_staff or client.is_erased:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    moved, reason = parse_amount(amount, currency), check_reason(reason)
    client_id = client.id
    lock_client(client_id)
    check_seen(client_id, seen)
    before = balance_of(client_id, currency)
    if before + moved < moved.zero():
        raise BusinessError(StaffRefusal.BALANCE_TOO_LOW, balance=before)
    entry = _entry(client_id, moved, reason, at)
    db.session.add(entry)
    db.session.flush()  # assigns the id that the audit and the e-mail refer to
    record_act(Act.CREDIT_CHANGED, actor, at, client_id=client_id, subject=entry)
    outbox.enqueue("email", f"credit_granted-{entry.key}", at, email="credit_granted", client=client_id, entry=entry.id)
    return before + moved


def check_seen(client_id: int, seen: int | None) -> None:
    """Within a transaction that has locked the client, check that the newest movement is still the one ``seen``.

    So two people who decide from the same figures do not both add to them. ``None`` is not checked.
    ``BusinessError`` with ``CHANGED_SINCE``.
    """
    if seen is not None and newest_movement_of(client_id) != seen:
        raise BusinessError(StaffRefusal.CHANGED_SINCE)


def _entry(client_id: int, moved: Money, reason: str, at: datetime) -> CreditEntry:
    kind = CreditReason.GRANTED if moved > moved.zero() else CreditReason.CORRECTED
    return CreditEntry(
        key=f"staff-{uuid4().hex}", client_id=client_id, cents=moved.cents, currency=moved.currency, reason=kind,
        note=reason, at=at,
    )  # fmt: skip
