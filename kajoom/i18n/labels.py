"""The name of every code, in the English of the sources; the page asks for it in its own language."""

from __future__ import annotations

from enum import StrEnum

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import Direction, LineCode, When
from kajoom.domain.service import ServiceStatus
from kajoom.domain.tax import TaxName
from kajoom.domain.usage import Resource
from kajoom.models.credit import CreditReason
from kajoom.i18n.formats import sentence

# Kept by kind: two codes of different kinds may be the same text ("refused"), and are not the same word.
_NAMES: dict[type[StrEnum], dict[str, str]] = {
    BillingCycle: {
        BillingCycle.FREE: sentence("Free"),
        BillingCycle.ONE_TIME: sentence("One time"),
        BillingCycle.MONTHLY: sentence("Monthly"),
        BillingCycle.QUARTERLY: sentence("Quarterly"),
        BillingCycle.SEMIANNUALLY: sentence("Semi-annual"),
        BillingCycle.ANNUALLY: sentence("Annual"),
        BillingCycle.BIENNIALLY: sentence("Every two years"),
        BillingCycle.TRIENNIALLY: sentence("Every three years"),
    },
    ServiceStatus: {
        ServiceStatus.ACTIVE: sentence("Active"),
        ServiceStatus.PENDING: sentence("Pending"),
        ServiceStatus.SUSPENDED: sentence("Suspended"),
        ServiceStatus.TERMINATED: sentence("Terminated"),
        ServiceStatus.CANCELLED: sentence("Cancelled"),
    },
    OrderStatus: {
        OrderStatus.AWAITING_PAYMENT: sentence("Awaiting payment"),
        OrderStatus.AWAITING_PROVISIONING: sentence("Being set up"),
        OrderStatus.SCHEDULED: sentence("Scheduled"),
        OrderStatus.COMPLETED: sentence("Operational"),
        OrderStatus.CANCELLED: sentence("Cancelled"),
        OrderStatus.REFUSED: sentence("Refused"),
    },
    InvoiceKind: {
        InvoiceKind.CHANGE: sentence("Change of plan"),
        InvoiceKind.RENEWAL: sentence("Renewal"),
    },
    InvoiceStatus: {
        InvoiceStatus.OPEN: sentence("Unpaid"),
        InvoiceStatus.PAID: sentence("Paid in full"),
        InvoiceStatus.VOID: sentence("Void"),
    },
    CancellationStatus: {
        CancellationStatus.OPEN: sentence("Request received"),
        CancellationStatus.WITHDRAWN: sentence("Request withdrawn"),
        CancellationStatus.DONE: sentence("Service ended"),
    },
    CancellationWhen: {
        CancellationWhen.NOW: sentence("Now"),
        CancellationWhen.PERIOD_END: sentence("At the end of the paid period"),
    },
    When: {
        When.NOW: sentence("Now"),
        When.RENEWAL: sentence("On the next due date"),
    },
    Direction: {
        Direction.UPGRADE: sentence("Upgrade"),
        Direction.DOWNGRADE: sentence("Move to a lower plan"),
        Direction.SAME: sentence("Change at the same price"),
    },
    LineCode: {
        LineCode.DIFFERENCE: sentence("Difference for the period to come"),
        LineCode.NEW_PERIOD: sentence("New billing period"),
        LineCode.UNUSED_TIME: sentence("Credit for unused time"),
        LineCode.RENEWAL: sentence("Renewal"),
    },
    TaxName: {
        TaxName.GST: sentence("GST"),
        TaxName.QST: sentence("QST"),
        TaxName.HST: sentence("HST"),
    },
    Resource: {
        Resource.DISK: sentence("Disk space"),
        Resource.MAILBOXES: sentence("Mailboxes"),
        Resource.DATABASES: sentence("Databases"),
    },
    CreditReason: {
        CreditReason.GRANTED: sentence("Credit granted"),
        CreditReason.CORRECTED: sentence("Correction by our team"),
        CreditReason.APPLIED: sentence("Applied to an invoice"),
        CreditReason.GIVEN_BACK: sentence("Given back, invoice void"),
        CreditReason.LATE_PAYMENT: sentence("Payment received for a void invoice"),
        CreditReason.OVERPAID: sentence("Payment above what was owed"),
        CreditReason.CHANGE_REFUSED: sentence("Change that could not be made"),
        CreditReason.REFUNDED: sentence("Refunded to your payment method"),
        CreditReason.REFUND_REFUSED: sentence("Given back, refund not accepted"),
    },
}

METHODS = {
    "paypal": "PayPal",
    "interac": sentence("Interac e-Transfer"),
    "cheque": sentence("Cheque"),
    "bank_transfer": sentence("Bank transfer"),
    "card": sentence("Credit card"),
    "credit": sentence("Account credit"),
    "demonstration": sentence("Demonstration payment"),
}
"""Payment methods by their code; a host's own code is shown as it is."""

EACH_CYCLE = {
    BillingCycle.MONTHLY: sentence("per month"),
    BillingCycle.QUARTERLY: sentence("per quarter"),
    BillingCycle.SEMIANNUALLY: sentence("per half-year"),
    BillingCycle.ANNUALLY: sentence("per year"),
    BillingCycle.BIENNIALLY: sentence("every two years"),
    BillingCycle.TRIENNIALLY: sentence("every three years"),
    BillingCycle.ONE_TIME: sentence("paid once"),
    BillingCycle.FREE: sentence("free of charge"),
}
"""How often a price is paid, said after the price."""


def name_of(code: StrEnum) -> str:
    """The name of a code of the house."""
    return _NAMES[type(code)][code]


def method_of(code: str) -> str:
    """The name of a payment method."""
    return METHODS.get(code, code)
