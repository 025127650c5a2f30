"""Paying an invoice, here or where the client approves, and what is known of it: paid, refused, or being verified."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from flask import current_app, request

from kajoom import clock
from kajoom.domain.payment import EXPIRED, GIVEN_UP, OPEN, SAVED_METHOD_ENDED, AttemptStatus, PaymentChoice
from kajoom.domain.payment_method import ACCOUNT_CREDIT
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.catalog import catalog
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.payments.credit import pay_with_credit
from kajoom.operations.payments.pay import give_up, pay, verify
from kajoom.web.auth import signed_in_recently, verify_url
from kajoom.web.forms import Fields, one

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_NEVER_APPROVED = {GIVEN_UP, EXPIRED}


def payment_choice_of(fields: Fields, method: str) -> PaymentChoice:
    """What a form says its client pays with by ``method``; ``BusinessError`` with ``UNREADABLE`` when it makes no
    sense."""
    saved, save_method = one(fields, "saved"), one(fields, "saves") is not None
    if saved is not None and (save_method or not _NUMBER.fullmatch(saved)):
        raise BusinessError(Refusal.UNREADABLE)
    return PaymentChoice(method, int(saved) if saved else None, save_method and method in saving())


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
    offered, method = methods(), catalog().payment_methods.get(preferred)
    if method is not None and method.is_offline:
        return None
    return preferred if preferred in offered else next(iter(offered), None)


class PaymentOutcome(NamedTuple):
    """What pressing « pay » led to: what went wrong, or where the client goes on, to approve it or to say again who
    they are; neither when it is paid."""

    payment_error: BusinessError | None = None
    redirect_url: str = ""


def pay_invoice(invoice: Invoice, payment_choice: PaymentChoice, return_url: str, current_url: str) -> PaymentOutcome:
    """Try to pay; what went wrong is returned rather than raised, because the page it belongs on is the same.

    ``return_url`` is where a client who approves elsewhere comes back to, ``current_url`` the page they press « pay
    » on.
    """
    if payment_choice.method not in {ACCOUNT_CREDIT, *_providers()}:
        return PaymentOutcome(BusinessError(Refusal.UNREADABLE))
    if payment_choice.saved is not None and not signed_in_recently():
        return PaymentOutcome(redirect_url=verify_url(current_url))
    try:
        if payment_choice.method == ACCOUNT_CREDIT:
            pay_with_credit(invoice.id, clock.now())
            return PaymentOutcome()
        if payment_choice.saved is not None and payment_choice.method not in saving():
            raise BusinessError(Refusal.SAVED_METHOD_ENDED)
        answer = pay(invoice.id, _providers(), payment_choice, clock.now(), return_url)
    except BusinessError as error:
        return PaymentOutcome(error)
    if answer.status is AttemptStatus.REFUSED or answer.reason == SAVED_METHOD_ENDED:
        return PaymentOutcome(_refusal(answer.reason))
    return PaymentOutcome(redirect_url=answer.approve_url)


def verify_payment(invoice: Invoice) -> BusinessError | None:
    """Ask what became of the last try, and finish it where the client has approved; answers what is left to be said."""
    try:
        verify(invoice.id, _providers(), clock.now())
    except BusinessError as error:
        return error
    return payment_error_of(invoice)


def give_up_payment(invoice: Invoice) -> None:
    """End a try that waits for its client; ``BusinessError`` while nobody knows what became of it."""
    give_up(invoice.id, _providers(), clock.now())


def payment_error_of(invoice: Invoice | None) -> BusinessError | None:
    """What the last try left to be said: it was refused, or nobody knows yet. One never approved leaves nothing."""
    attempt = _last_attempt(invoice)
    if attempt is None or attempt.reason in _NEVER_APPROVED:
        return None
    if attempt.status is AttemptStatus.REFUSED or (attempt.approve_url and attempt.reason):
        return _refusal(attempt.reason)
    return BusinessError(Refusal.PAYMENT_PENDING) if attempt.status in OPEN and not attempt.approve_url else None


def approving(invoice: Invoice | None) -> PaymentChoice | None:
    """The means of a try that only waits for its client to approve it: nothing was taken."""
    attempt = _last_attempt(invoice)
    if attempt is None or attempt.status not in OPEN or not attempt.approve_url:
        return None
    return PaymentChoice(attempt.provider, save_method=attempt.save_method)


def parse_return_state() -> str:
    """How a client comes back from where they approve: "approved", or "left" without paying."""
    return "left" if "cancelled" in request.args else "approved"


def _refusal(reason: str) -> BusinessError:
    ended = reason == SAVED_METHOD_ENDED
    return BusinessError(Refusal.SAVED_METHOD_ENDED if ended else Refusal.PAYMENT_REFUSED, reason=reason)


def _last_attempt(invoice: Invoice | None) -> Attempt | None:
    return last_attempt_of(invoice.id) if invoice is not None and invoice.balance else None


def _providers() -> Any:
    return current_app.extensions["kajoom"].payments
