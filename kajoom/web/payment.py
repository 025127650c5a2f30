"""Paying an invoice from its own page or from its order's: the operation to call, and what the page shows after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flask import request

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.payment import (
    INVOICE_CHANGED,
    NEVER_CAPTURED,
    OPEN,
    SAVED_METHOD_ENDED,
    AttemptStatus,
    PaymentChoice,
)
from kajoom.domain.payment_method import ACCOUNT_CREDIT
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.payments.credit import pay_with_credit
from kajoom.operations.payments.pay import give_up, pay, verify
from kajoom.web.auth import signed_in_recently, verify_url
from kajoom.web.forms import PaymentFields
from kajoom.web.payment_options import payment_providers, providers_that_save


class UnusedPayment(NamedTuple):
    """A payment started at a provider that is not taken, because the invoice no longer owes its amount."""

    method: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentState:
    """What a page says of the payment of its invoice.

    ``error`` is why it did not succeed, or that its outcome is not known. ``approving`` is the choice of an attempt
    that waits for its client's approval at the provider, of which no money was taken, and ``unused`` one that is not
    taken any more. ``return_state`` tells how the client has just come back from there, "approved" or "left" without
    paying, and is "" on any other page.
    """

    error: BusinessError | None = None
    approving: PaymentChoice | None = None
    return_state: str = ""
    unused: UnusedPayment | None = None

    @property
    def can_verify(self) -> bool:
        """Whether the page offers to look the payment up instead of paying."""
        is_pending = self.error is not None and self.error.code is Refusal.PAYMENT_PENDING
        return is_pending or (self.approving is not None and self.return_state == "approved")


class PaymentOutcome(NamedTuple):
    """The outcome of a payment: an error, or where the client goes on (to approve it, or to sign in again).

    It is paid when there is neither.
    """

    error: BusinessError | None = None
    redirect_url: str = ""


def payment_state(
    invoice: Invoice | None, attempt: Attempt | None, error: BusinessError | None = None, return_state: str = ""
) -> PaymentState:
    """The state of an invoice's payment after its last ``attempt``; ``error`` is that of the current request."""
    if invoice is None or attempt is None:
        return PaymentState(error, None, return_state)
    unused = _unused_payment(invoice, attempt, is_returning=bool(return_state))
    if not invoice.balance:
        return PaymentState(error, None, return_state, unused)
    is_approving = _waits_for_approval(attempt) and unused is None
    approving = PaymentChoice(attempt.provider, save_method=attempt.save_method) if is_approving else None
    return PaymentState(error or _error_of(attempt), approving, return_state, unused)


def return_state_of_request() -> str:
    """How a client comes back from where they approve a payment: "approved", or "left" without paying."""
    return "left" if "cancelled" in request.args else "approved"


def payment_choice(form: PaymentFields, method: str) -> PaymentChoice:
    """What a client pays with by ``method``; their account is saved only by a provider that can."""
    save_method = bool(form.saves.data) and method in providers_that_save()
    return PaymentChoice(method, form.saved.data, save_method)


def pay_invoice(invoice_id: int, choice: PaymentChoice, return_url: str, page_url: str) -> PaymentOutcome:
    """Pay an invoice; the error is returned rather than raised, since it is shown on the page of the invoice.

    ``return_url`` is the page that a client who approves at the provider comes back to, ``page_url`` the page of the
    form.
    """
    if choice.method not in {ACCOUNT_CREDIT, *payment_providers()}:
        return PaymentOutcome(BusinessError(Refusal.UNREADABLE))
    if choice.saved is not None and not signed_in_recently():
        return PaymentOutcome(redirect_url=verify_url(page_url))
    try:
        if choice.method == ACCOUNT_CREDIT:
            pay_with_credit(invoice_id, clock.now())
            return PaymentOutcome()
        if choice.saved is not None and choice.method not in providers_that_save():
            raise BusinessError(Refusal.SAVED_METHOD_ENDED)
        result = pay(invoice_id, payment_providers(), choice, clock.now(), return_url)
    except BusinessError as error:
        return PaymentOutcome(error)
    is_error = result.status is AttemptStatus.REFUSED and result.reason not in NEVER_CAPTURED
    if is_error or result.reason == SAVED_METHOD_ENDED:
        return PaymentOutcome(_refused(result.reason))
    return PaymentOutcome(redirect_url=result.approve_url)


def verify_payment(invoice: Invoice) -> BusinessError | None:
    """Look up the last attempt at an invoice, and capture it if its client has approved; the error that remains."""
    try:
        verify(invoice.id, payment_providers(), clock.now())
    except BusinessError as error:
        return error
    return payment_state(invoice, last_attempt_of(invoice.id)).error


def abandon_payment(invoice: Invoice) -> None:
    """Abandon the open attempt at an invoice; ``BusinessError`` while its outcome is not known."""
    give_up(invoice.id, payment_providers(), clock.now())


def _waits_for_approval(attempt: Attempt) -> bool:
    return attempt.status in OPEN and bool(attempt.approve_url)


def _unused_payment(invoice: Invoice, attempt: Attempt, *, is_returning: bool) -> UnusedPayment | None:
    """The last payment at the provider if it is not taken; for an invoice without a balance only to who returns."""
    if invoice.balance:
        is_unused = attempt.reason == INVOICE_CHANGED or (
            _waits_for_approval(attempt) and attempt.amount != invoice.balance
        )
    else:
        is_unused = is_returning and (attempt.reason in NEVER_CAPTURED or _waits_for_approval(attempt))
    return UnusedPayment(attempt.provider, attempt.amount) if is_unused else None


def _error_of(attempt: Attempt) -> BusinessError | None:
    """Why an attempt did not succeed, or that its outcome is not known; one never approved is not an error."""
    if attempt.reason in NEVER_CAPTURED:
        return None
    if attempt.status is AttemptStatus.REFUSED or (attempt.approve_url and attempt.reason):
        return _refused(attempt.reason)
    return BusinessError(Refusal.PAYMENT_PENDING) if attempt.status in OPEN and not attempt.approve_url else None


def _refused(reason: str) -> BusinessError:
    has_ended = reason == SAVED_METHOD_ENDED
    return BusinessError(Refusal.SAVED_METHOD_ENDED if has_ended else Refusal.PAYMENT_REFUSED, reason=reason)
