"""The English label of every code, marked for translation; pages and e-mails translate it."""

from __future__ import annotations

from enum import StrEnum

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.credit import CreditReason
from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import Direction, LineCode, When
from kajoom.domain.service import AccountChange, ServiceStatus, SuspensionStep
from kajoom.domain.task import TaskKind
from kajoom.domain.tax import TaxName
from kajoom.domain.terms_change import TermsStatus
from kajoom.domain.usage import Resource
from kajoom.i18n.translations import N_

# By enum: two codes of different enums may have the same value ("refused") and different labels.
_NAMES: dict[type[StrEnum], dict[str, str]] = {
    BillingCycle: {
        BillingCycle.FREE: N_("Free"),
        BillingCycle.ONE_TIME: N_("One time"),
        BillingCycle.MONTHLY: N_("Monthly"),
        BillingCycle.QUARTERLY: N_("Quarterly"),
        BillingCycle.SEMIANNUALLY: N_("Semi-annual"),
        BillingCycle.ANNUALLY: N_("Annual"),
        BillingCycle.BIENNIALLY: N_("Every two years"),
        BillingCycle.TRIENNIALLY: N_("Every three years"),
        BillingCycle.FOUR_YEARS: N_("Every four years"),
        BillingCycle.FIVE_YEARS: N_("Every five years"),
        BillingCycle.SIX_YEARS: N_("Every six years"),
        BillingCycle.SEVEN_YEARS: N_("Every seven years"),
        BillingCycle.EIGHT_YEARS: N_("Every eight years"),
        BillingCycle.NINE_YEARS: N_("Every nine years"),
        BillingCycle.TEN_YEARS: N_("Every ten years"),
    },
    ServiceStatus: {
        ServiceStatus.ACTIVE: N_("Active"),
        ServiceStatus.PENDING: N_("Pending"),
        ServiceStatus.SUSPENDED: N_("Suspended"),
        ServiceStatus.TERMINATED: N_("Terminated"),
        ServiceStatus.CANCELLED: N_("Cancelled"),
    },
    SuspensionStep: {
        SuspensionStep.SUSPENDING: N_("Being suspended"),
        SuspensionStep.LIFTING: N_("Being restored"),
    },
    AccountChange: {
        AccountChange.SUSPENDED: N_("Suspended"),
        AccountChange.RESTORED: N_("Restored"),
        AccountChange.REMOVED: N_("Removed from the server"),
    },
    OrderStatus: {
        OrderStatus.AWAITING_PAYMENT: N_("Awaiting payment"),
        OrderStatus.AWAITING_PROVISIONING: N_("Being set up"),
        OrderStatus.SCHEDULED: N_("Scheduled"),
        OrderStatus.COMPLETED: N_("Operational"),
        OrderStatus.CANCELLED: N_("Cancelled"),
        OrderStatus.REFUSED: N_("Refused"),
    },
    InvoiceKind: {
        InvoiceKind.CHANGE: N_("Change of plan"),
        InvoiceKind.RENEWAL: N_("Renewal"),
    },
    InvoiceStatus: {
        InvoiceStatus.OPEN: N_("Unpaid"),
        InvoiceStatus.PAID: N_("Paid in full"),
        InvoiceStatus.VOID: N_("Void"),
    },
    CreditNoteReason: {
        CreditNoteReason.CHANGE_REFUSED: N_("The change of plan could not be made."),
        CreditNoteReason.RENEWAL_REPLACED: N_(
            "The scheduled change will not take place: the renewal is invoiced again."
        ),
        CreditNoteReason.SERVICE_ENDED: N_("The service ended before this period."),
        CreditNoteReason.DAYS_NOT_SERVED: N_("You only pay for the days your new plan is in effect."),
        CreditNoteReason.CORRECTED: N_("Correction by our team"),
    },
    CancellationStatus: {
        CancellationStatus.OPEN: N_("Request received"),
        CancellationStatus.WITHDRAWN: N_("Request withdrawn"),
        CancellationStatus.DONE: N_("Service ended"),
    },
    CancellationWhen: {
        CancellationWhen.NOW: N_("Now"),
        CancellationWhen.PERIOD_END: N_("At the end of the paid period"),
    },
    When: {
        When.NOW: N_("Now"),
        When.RENEWAL: N_("On the next due date"),
    },
    Direction: {
        Direction.UPGRADE: N_("Upgrade"),
        Direction.DOWNGRADE: N_("Move to a lower plan"),
        Direction.SAME: N_("Change at the same price"),
    },
    LineCode: {
        LineCode.DIFFERENCE: N_("Difference for the period to come"),
        LineCode.NEW_PERIOD: N_("New billing period"),
        LineCode.UNUSED_TIME: N_("Credit for unused time"),
        LineCode.RENEWAL: N_("Renewal"),
        LineCode.DAYS_NOT_SERVED: N_("Days before the new plan took effect"),
        LineCode.CORRECTION: N_("Amount corrected"),
    },
    TaxName: {
        TaxName.GST: N_("GST"),
        TaxName.QST: N_("QST"),
        TaxName.HST: N_("HST"),
    },
    Resource: {
        Resource.DISK: N_("Disk space"),
        Resource.MAILBOXES: N_("Mailboxes"),
        Resource.DATABASES: N_("Databases"),
    },
    TermsStatus: {
        TermsStatus.PLANNED: N_("Planned"),
        TermsStatus.IN_FORCE: N_("In effect"),
        TermsStatus.REPLACED: N_("Replaced"),
    },
    TaskKind: {
        TaskKind.CHANGE: N_("Change to make"),
        TaskKind.END: N_("Service to close on the server"),
        TaskKind.SUSPEND: N_("Service to suspend"),
        TaskKind.UNSUSPEND: N_("Suspension to lift"),
        TaskKind.UNPAID: N_("Service that stays unpaid"),
        TaskKind.STUCK: N_("Change stuck at the panel"),
    },
    CreditReason: {
        CreditReason.GRANTED: N_("Credit granted"),
        CreditReason.CORRECTED: N_("Correction by our team"),
        CreditReason.APPLIED: N_("Applied to an invoice"),
        CreditReason.GIVEN_BACK: N_("Returned, invoice void"),
        CreditReason.LATE_PAYMENT: N_("Payment received after the invoice was voided"),
        CreditReason.OVERPAID: N_("Overpayment"),
        CreditReason.CHANGE_REFUSED: N_("Plan change that could not be made"),
        CreditReason.CREDIT_NOTE: N_("Credit note"),
        CreditReason.REFUNDED: N_("Refunded to your payment method"),
        CreditReason.REFUND_REFUSED: N_("Returned, refund declined"),
    },
}

EACH_CYCLE = {
    BillingCycle.MONTHLY: N_("per month"),
    BillingCycle.QUARTERLY: N_("per quarter"),
    BillingCycle.SEMIANNUALLY: N_("per half-year"),
    BillingCycle.ANNUALLY: N_("per year"),
    BillingCycle.BIENNIALLY: N_("every two years"),
    BillingCycle.TRIENNIALLY: N_("every three years"),
    BillingCycle.FOUR_YEARS: N_("every four years"),
    BillingCycle.FIVE_YEARS: N_("every five years"),
    BillingCycle.SIX_YEARS: N_("every six years"),
    BillingCycle.SEVEN_YEARS: N_("every seven years"),
    BillingCycle.EIGHT_YEARS: N_("every eight years"),
    BillingCycle.NINE_YEARS: N_("every nine years"),
    BillingCycle.TEN_YEARS: N_("every ten years"),
    BillingCycle.ONE_TIME: N_("paid once"),
    BillingCycle.FREE: N_("free of charge"),
}
"""How often a price is paid, written after the price."""


def label_for(code: StrEnum) -> str:
    """The label of a code, to be translated."""
    return _NAMES[type(code)][code]
