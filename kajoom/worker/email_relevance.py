"""Whether what an e-mail says is still true when it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.service import ServiceStatus, SuspensionStep
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Attempt, open_attempt_of
from kajoom.models.service import Service
from kajoom.operations.payments.attempts import to_request
from kajoom.operations.payments.pay import Providers
from kajoom.worker.email_context import EmailContext

# Kinds that ask for a payment.
_PAYMENT_REQUESTS = frozenset(
    {"change_requested", "payment_partial", "renewal_invoice", "reminder", "overdue", "second_reminder"}
)

# Kinds about a change that are true only in one status: once it has another, another e-mail says so.
_TRUE_WHILE = {
    "change_requested": OrderStatus.AWAITING_PAYMENT,
    "payment_received": OrderStatus.AWAITING_PROVISIONING,
    "change_late": OrderStatus.AWAITING_PROVISIONING,
}

# Whether what an e-mail says about a suspension is still so.
_ABOUT_SUSPENSIONS: Mapping[str, Callable[[Service], bool]] = {
    "suspended": lambda service: (
        service.status is ServiceStatus.SUSPENDED and service.suspension is not SuspensionStep.LIFTING
    ),
    "suspension_lifted": lambda service: service.status is ServiceStatus.ACTIVE,
    "lift_late": lambda service: service.suspension is SuspensionStep.LIFTING and not service.has_ended,
}


def is_pointless(name: str, context: EmailContext) -> bool:
    """Whether a task is closed meanwhile, or what the e-mail says is no longer true of its change or invoice."""
    if name == "staff_task":
        return context.task is None or context.task.closed_at is not None
    if name in _ABOUT_SUSPENSIONS:
        return not _ABOUT_SUSPENSIONS[name](context.service)
    if name in _TRUE_WHILE and (context.order is not None or name == "change_late"):
        return context.order is None or context.order.status is not _TRUE_WHILE[name]
    return name in _PAYMENT_REQUESTS and _has_nothing_to_ask(name, context.invoice)


def must_wait(name: str, context: EmailContext, providers: Providers) -> bool:
    """Whether the e-mail asks for money that a provider may have taken already, without having said so yet."""
    if name not in _PAYMENT_REQUESTS or context.invoice is None:
        return False
    attempt = open_attempt_of(context.invoice.id)
    return attempt is not None and _may_have_taken(attempt, providers)


def _may_have_taken(attempt: Attempt, providers: Providers) -> bool:
    """Whether an open attempt's money was asked for; of a provider that needs an approval, by our capture only."""
    if attempt.status is AttemptStatus.PENDING and attempt.approve_url:
        return False
    provider = providers.get(attempt.provider)
    return provider is None or not provider.needs_approval or to_request(attempt).is_claimed


def _has_nothing_to_ask(name: str, invoice: Invoice | None) -> bool:
    """Whether an invoice needs no payment; a renewal that account credit alone paid has no e-mail but its own."""
    if invoice is None or invoice.status is InvoiceStatus.VOID:
        return True
    if name == "renewal_invoice" and not invoice.paid_cents:
        return False
    return invoice.status is InvoiceStatus.PAID
