"""Paying an invoice from its own page or from its order's: the operation to call, and what the page shows after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
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
from kajoom.models.order_page import AttemptRow, InvoiceRow
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.payments.credit import pay_with_credit
from kajoom.operations.payments.pay import give_up, pay, verify
from kajoom.web.auth import signed_in_recently, verify_url
from kajoom.web.forms import PaymentFields
from kajoom.web.payment_options import limited_providers, payment_providers, providers_that_save

# So long the page waits for a provider before it offers to try again or to pay another way.
_LATE = timedelta(minutes=2)
_POLL_SECONDS = 2
_POLL_SECONDS_WHEN_LATE = 10


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
    paying, and is "" on any other page. ``preparing`` is the method of an attempt that its provider has not created
    yet, and ``late`` that of one which it has not answered for two minutes: nothing was asked of the client's money.
    """

    error: BusinessError | None = None
    approving: PaymentChoice | None = None
    return_state: str = ""
    unused: UnusedPayment | None = None
    preparing: str = ""
    late: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether the outcome of a payment is not known, so that the page says so and follows it."""
        return self.error is not None and self.error.code is Refusal.PAYMENT_PENDING

    @property
    def can_verify(self) -> bool:
        """Whether the page offers to look the payment up instead of paying."""
        is_unknown = self.is_pending and not self.late and not self.preparing
        return is_unknown or (self.approving is not None and self.return_state == "approved")

    @property
    def name(self) -> str:
        """A name that differs when the page says something else of the payment."""
        shown = {"approving": self.approving, "preparing": self.preparing, "late": self.late}
        return "-".join([self.error.code if self.error else "none", *(name for name, value in shown.items() if value)])

    @property
    def poll_seconds(self) -> int | None:
        """How often the page looks whether the outcome is known; ``None`` when it waits for none."""
        return (_POLL_SECONDS_WHEN_LATE if self.late else _POLL_SECONDS) if self.is_pending else None

    @property
    def can_pay_otherwise(self) -> bool:
        """Whether the page offers other ways to pay: not while the outcome of a payment may still be money."""
        return self.approving is None and (not self.is_pending or bool(self.late))

    @property
    def can_pay(self) -> bool:
        """Whether the page offers the ways to pay."""
        return not self.preparing or bool(self.late)


class PaymentOutcome(NamedTuple):
    """The outcome of a payment: an error, or where the client goes on (to approve it, or to sign in again).

    It is paid when there is neither.
    """

    error: BusinessError | None = None
    redirect_url: str = ""


def payment_state(
    invoice: Invoice | InvoiceRow | None,
    attempt: Attempt | AttemptRow | None,
    error: BusinessError | None = None,
    return_state: str = "",
) -> PaymentState:
    """The state of an invoice's payment after its last ``attempt``; ``error`` is that of the current request."""
    if invoice is None or attempt is None:
        return PaymentState(error, None, return_state)
    unused = _unused_payment(invoice, attempt, is_returning=bool(return_state))
    if not invoice.balance:
        return PaymentState(error, None, return_state, unused)
    is_approving = _waits_for_approval(attempt) and unused is None
    approving = PaymentChoice(attempt.provider, save_method=attempt.save_method) if is_approving else None
    preparing, late = _unanswered(attempt)
    return PaymentState(error or _error_of(attempt), approving, return_state, unused, preparing, late)


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
            give_up(invoice_id, limited_providers(), clock.now())
            pay_with_credit(invoice_id, clock.now())
            return PaymentOutcome()
        if choice.saved is not None and choice.method not in providers_that_save():
            raise BusinessError(Refusal.SAVED_METHOD_ENDED)
        result = pay(invoice_id, limited_providers(), choice, clock.now(), return_url)
    except BusinessError as error:
        return PaymentOutcome(error)
    is_error = result.status is AttemptStatus.REFUSED and result.reason not in NEVER_CAPTURED
    if is_error or result.reason == SAVED_METHOD_ENDED:
        return PaymentOutcome(_refused(result.reason))
    return PaymentOutcome(redirect_url=result.approve_url)


def verify_payment(invoice_id: int) -> BusinessError | None:
    """Look up the last attempt at an invoice, and capture it if its client has approved; the error that remains."""
    try:
        verify(invoice_id, limited_providers(), clock.now())
    except BusinessError as error:
        return error
    attempt = last_attempt_of(invoice_id)
    return payment_state(attempt.invoice, attempt).error if attempt is not None else None


def abandon_payments(invoices: Iterable[Invoice | InvoiceRow]) -> None:
    """Abandon the open attempts at invoices; ``BusinessError`` while the outcome of one is not known."""
    providers = limited_providers()
    for invoice in invoices:
        give_up(invoice.id, providers, clock.now())


def _waits_for_approval(attempt: Attempt | AttemptRow) -> bool:
    return attempt.status in OPEN and bool(attempt.approve_url)


def _unused_payment(
    invoice: Invoice | InvoiceRow, attempt: Attempt | AttemptRow, *, is_returning: bool
) -> UnusedPayment | None:
    """The last payment at the provider if it is not taken; for an invoice without a balance only to who returns."""
    if invoice.balance:
        is_unused = attempt.reason == INVOICE_CHANGED or (
            _waits_for_approval(attempt) and attempt.amount != invoice.balance
        )
    else:
        is_unused = is_returning and (attempt.reason in NEVER_CAPTURED or _waits_for_approval(attempt))
    return UnusedPayment(attempt.provider, attempt.amount) if is_unused else None


def _unanswered(attempt: Attempt | AttemptRow) -> tuple[str, str]:
    """``preparing`` and ``late`` of a ``PaymentState``, each the attempt's method or empty."""
    provider = payment_providers().get(attempt.provider)
    was_requested = bool(attempt.provider_ref) and attempt.in_flight_since is not None
    if provider is None or not provider.needs_approval or was_requested:
        return "", ""
    if attempt.status not in OPEN or attempt.approve_url:
        return "", ""
    is_being_created = not attempt.provider_ref and attempt.saved_method_id is None
    is_late = clock.now() >= attempt.started_at + _LATE
    return attempt.provider if is_being_created else "", attempt.provider if is_late else ""


def _error_of(attempt: Attempt | AttemptRow) -> BusinessError | None:
    """Why an attempt did not succeed, or that its outcome is not known; one never approved is not an error."""
    if attempt.reason in NEVER_CAPTURED:
        return None
    if attempt.status is AttemptStatus.REFUSED or (attempt.approve_url and attempt.reason):
        return _refused(attempt.reason)
    return BusinessError(Refusal.PAYMENT_PENDING) if attempt.status in OPEN and not attempt.approve_url else None


def _refused(reason: str) -> BusinessError:
    has_ended = reason == SAVED_METHOD_ENDED
    return BusinessError(Refusal.SAVED_METHOD_ENDED if has_ended else Refusal.PAYMENT_REFUSED, reason=reason)
