"""Paying an invoice, here or where the client approves, and what is known of it: paid, refused, or being verified."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from flask import current_app, request

from kajoom import clock
from kajoom.domain.payment import EXPIRED, GIVEN_UP, OFFLINE, OPEN, SAVED_METHOD_ENDED, AttemptStatus, Means
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.catalog import catalog
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.billing.credit import CREDIT, spend
from kajoom.operations.payments.pay import give_up, pay, verify
from kajoom.web.auth import is_recent, proof_url
from kajoom.web.forms import Fields, one

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_NEVER_APPROVED = {GIVEN_UP, EXPIRED}


def means_of(fields: Fields, method: str) -> Means:
    """What a form says its client pays with by ``method``; ``Refused`` with ``UNREADABLE`` when it makes no sense."""
    saved, saves = one(fields, "saved"), one(fields, "saves") is not None
    if saved is not None and (saves or not _NUMBER.fullmatch(saved)):
        raise Refused(Refusal.UNREADABLE)
    return Means(method, int(saved) if saved else None, saves and method in saving())


def saving() -> set[str]:
    """The methods whose account a client may have kept for another time."""
    return {code for code, provider in _providers().items() if provider.can_save}


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
    """What pressing « pay » led to: what went wrong, or where the client goes on, to approve it or to say again who
    they are; neither when it is paid."""

    trouble: Refused | None = None
    leads_to: str = ""


def pay_invoice(invoice: Invoice, means: Means, return_url: str, here: str) -> Outcome:
    """Try to pay; what went wrong is returned rather than raised, because the page it belongs on is the same.

    ``return_url`` is where a client who approves elsewhere comes back to, ``here`` the page they press « pay » on.
    """
    if means.method not in {CREDIT, *_providers()}:
        return Outcome(Refused(Refusal.UNREADABLE))
    if means.saved is not None and not is_recent():
        return Outcome(leads_to=proof_url(here))
    try:
        if means.method == CREDIT:
            spend(invoice.id, clock.now())
            return Outcome()
        if means.saved is not None and means.method not in saving():
            raise Refused(Refusal.SAVED_METHOD_ENDED)
        answer = pay(invoice.id, _providers(), means, clock.now(), return_url)
    except Refused as refused:
        return Outcome(refused)
    if answer.status is AttemptStatus.REFUSED or answer.reason == SAVED_METHOD_ENDED:
        return Outcome(_refusal(answer.reason))
    return Outcome(leads_to=answer.approve_url)


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
        return _refusal(attempt.reason)
    return Refused(Refusal.PAYMENT_PENDING) if attempt.status in OPEN and not attempt.approve_url else None


def approving(invoice: Invoice | None) -> Means | None:
    """The means of a try that only waits for its client to approve it: nothing was taken."""
    attempt = _last_attempt(invoice)
    if attempt is None or attempt.status not in OPEN or not attempt.approve_url:
        return None
    return Means(attempt.provider, saves=attempt.saves)


def way_back() -> str:
    """How a client comes back from where they approve: "approved", or "left" without paying."""
    return "left" if "cancelled" in request.args else "approved"


def _refusal(reason: str) -> Refused:
    ended = reason == SAVED_METHOD_ENDED
    return Refused(Refusal.SAVED_METHOD_ENDED if ended else Refusal.PAYMENT_REFUSED, code=reason)


def _last_attempt(invoice: Invoice | None) -> Attempt | None:
    return last_attempt_of(invoice.id) if invoice is not None and invoice.balance else None


def _providers() -> Any:
    return current_app.extensions["kajoom"].payments
