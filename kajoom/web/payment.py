"""Paying an invoice, here or where the client approves, and what is known of it: paid, refused, or being verified."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import current_app, request

from kajoom import clock
from kajoom.domain.payment import OFFLINE, OPEN, AttemptStatus
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.catalog import catalog
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.attempt import GIVEN_UP
from kajoom.operations.credit import CREDIT, spend
from kajoom.operations.payment import give_up, pay, verify

_NEVER_APPROVED = {GIVEN_UP, "expired"}


def methods() -> list[str]:
    """The codes of the payment methods that can be used now."""
    return list(_providers())


def method_for(preferred: str) -> str | None:
    """The client's usual method if it can be used now, else the first that can, else none.

    Nobody whose usual method is an offline one is charged by another without having asked for it.
    """
    offered = methods()
    if preferred in OFFLINE or catalog().offline_method(preferred) is not None:
        return None
    return preferred if preferred in offered else next(iter(offered), None)


class Outcome(NamedTuple):
    """What pressing « pay » led to: what went wrong, or where the client approves; neither when it is paid."""

    trouble: Refused | None = None
    approve_url: str = ""


def pay_invoice(invoice: Invoice, method: str, return_url: str) -> Outcome:
    """Try to pay; what went wrong is returned rather than raised, because the page it belongs on is the same."""
    if method not in {CREDIT, *_providers()}:
        return Outcome(Refused(Refusal.UNREADABLE))
    try:
        if method == CREDIT:
            spend(invoice.id, clock.now())
            return Outcome()
        answer = pay(invoice.id, _providers(), method, clock.now(), return_url)
    except Refused as refused:
        return Outcome(refused)
    if answer.status is AttemptStatus.REFUSED:
        return Outcome(Refused(Refusal.PAYMENT_REFUSED))
    return Outcome(approve_url=answer.approve_url)


def verify_payment(invoice: Invoice) -> Refused | None:
    """Ask what became of the last try, and finish it where the client has approved; answers what is left to be said."""
    try:
        verify(invoice.id, _providers(), clock.now())
    except Refused as refused:
        return refused
    return payment_trouble(invoice)


def give_up_payment(invoice: Invoice) -> None:
    """End a try that waits for its client; ``Refused`` while nobody knows what became of it."""
    give_up(invoice.id, _providers(), clock.now())


def payment_trouble(invoice: Invoice | None) -> Refused | None:
    """What the last try left to be said: it was refused, or nobody knows yet. One never approved leaves nothing."""
    attempt = _last_attempt(invoice)
    if attempt is None or attempt.reason in _NEVER_APPROVED:
        return None
    if attempt.status is AttemptStatus.REFUSED or (attempt.approve_url and attempt.reason):
        return Refused(Refusal.PAYMENT_REFUSED, code=attempt.reason)
    return Refused(Refusal.PAYMENT_PENDING) if attempt.status in OPEN and not attempt.approve_url else None


def approving(invoice: Invoice | None) -> str | None:
    """The method of a try that only waits for its client to approve it: nothing was taken."""
    attempt = _last_attempt(invoice)
    return attempt.provider if attempt is not None and attempt.status in OPEN and attempt.approve_url else None


def way_back() -> str:
    """How a client comes back from where they approve: "approved", or "left" without paying."""
    return "left" if "cancelled" in request.args else "approved"


def _last_attempt(invoice: Invoice | None) -> Attempt | None:
    return last_attempt_of(invoice.id) if invoice is not None and invoice.balance else None


def _providers() -> Any:
    return current_app.extensions["kajoom"].payments
