"""Paying an invoice in place, and what is known of it: paid, refused, or still being verified."""

from __future__ import annotations

from typing import Any

from flask import current_app

from kajoom import clock
from kajoom.domain.payment import OPEN, AttemptStatus
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.invoice import Invoice
from kajoom.models.payment import last_attempt_of
from kajoom.operations.payment import pay


def methods() -> list[str]:
    """The codes of the payment methods that can be used now."""
    return list(_providers())


def method_for(preferred: str) -> str | None:
    """The client's usual method if it can be used now, else the first that can, else none."""
    offered = methods()
    return preferred if preferred in offered else next(iter(offered), None)


def pay_invoice(invoice: Invoice, method: str) -> Refused | None:
    """Try to pay; what went wrong is returned rather than raised, because the page it belongs on is the same."""
    if method not in _providers():
        return Refused(Refusal.UNREADABLE)
    try:
        status = pay(invoice.id, _providers(), method, clock.now())
    except Refused as refused:
        return refused
    if status is AttemptStatus.REFUSED:
        return Refused(Refusal.PAYMENT_REFUSED)
    return None


def payment_trouble(invoice: Invoice | None) -> Refused | None:
    """What the last try left to be said: it was refused, or nobody knows yet."""
    attempt = last_attempt_of(invoice.id) if invoice is not None and invoice.balance else None
    if attempt is None:
        return None
    if attempt.status in OPEN:
        return Refused(Refusal.PAYMENT_PENDING)
    return Refused(Refusal.PAYMENT_REFUSED, code=attempt.reason) if attempt.status is AttemptStatus.REFUSED else None


def _providers() -> Any:
    return current_app.extensions["kajoom"].payments
