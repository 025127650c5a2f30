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
from kajoom.models.credit import CreditEntry, balance_of
from kajoom.models.db import db
from kajoom.operations.transaction import transactional


@transactional
def grant_credit(
    email: str, amount: str, reason: str, at: datetime, currency: str = "CAD", actor: str = APPLICATION
) -> Money:
    """Grant account credit to a client, or take it back with a negative amount, and return the new balance.

    Raises ``BusinessError`` with ``NO_CLIENT``, ``NOT_AN_AMOUNT``, ``NO_REASON``, or ``BALANCE_TOO_LOW`` when it would
    be negative.
    """
    client = client_by_email(email)
    if client is None or client.is_staff:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    moved, reason = parse_amount(amount, currency), check_reason(reason)
    client_id = client.id
    lock_client(client_id)
    before = balance_of(client_id, currency)
    if before + moved < moved.zero():
        raise BusinessError(StaffRefusal.BALANCE_TOO_LOW, balance=before)
    kind = CreditReason.GRANTED if moved > moved.zero() else CreditReason.CORRECTED
    entry = CreditEntry(
        key=f"staff-{uuid4().hex}", client_id=client_id, cents=moved.cents, currency=currency, reason=kind,
        note=reason, at=at,
    )  # fmt: skip
    db.session.add(entry)
    db.session.flush()  # assigns the id that the audit refers to
    record_act(Act.CREDIT_CHANGED, actor, at, client_id=client_id, subject=entry)
    return before + moved
