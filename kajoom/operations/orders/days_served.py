"""The days of an upgrade that were charged and not served: the client pays for a new plan from the day it is in force.

The rule applies to an immediate change within its cycle that is charged by the day. The order freezes the price it
was charged from; when it becomes operational on a later day, the difference is credited (docs/billing.md).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.days_served import ProratedUpgrade
from kajoom.domain.decision import ChargePolicy, Decision, LineCode
from kajoom.domain.money import Money
from kajoom.domain.quote import Quote
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.credit_note import CreditNote, days_key
from kajoom.models.day import local_day
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import payments_of
from kajoom.models.types import LineJson
from kajoom.operations.billing.credit_notes import Cause, issue_credit_note


def is_charged_by_day(quote: Quote, charge: ChargePolicy) -> bool:
    """Whether a change is paid only for the days on which it is in force; ``charge`` is the policy of its group."""
    is_same_cycle = quote.current.months == quote.target.months > 0
    is_prorated = quote.decision is Decision.NOW and charge is ChargePolicy.PRORATED
    return is_prorated and is_same_cycle and bool(quote.subtotal) and quote.next_due is not None


def frozen_price(quote: Quote, charge: ChargePolicy) -> dict[str, Any]:
    """What an order's figures keep to price the change again for a later day; empty where the rule does not apply."""
    if quote.next_due is None or not is_charged_by_day(quote, charge):
        return {}
    price = {"before": quote.current.recurring.cents, "due": quote.next_due.isoformat(), "anchor": quote.anchor}
    return {"prorated": price}


def credit_days_not_served(order: Order, in_force_on: date, actor: str, on: date, at: datetime) -> CreditNote | None:
    """Credit the days before ``in_force_on`` that the order's invoice charged, within the current transaction.

    Nothing is credited of an order placed before its price was frozen.
    """
    upgrade = _frozen_upgrade(order)
    if upgrade is None:
        return None
    amount = upgrade.credit(order.effective_on, in_force_on)
    invoice = invoice_of_order(order.id) if amount else None
    if invoice is None:
        return None
    cause = Cause(CreditNoteReason.DAYS_NOT_SERVED, days_key(order.reference), actor)
    return issue_credit_note(invoice, cause, on, at, amount, _line(order, min(in_force_on, upgrade.due)))


def check_day(order: Order, in_force_on: date, on: date) -> None:
    """Check the day that staff give: not after ``on``, nor before the order or its payment.

    ``BusinessError`` with ``NOT_YET``, ``BEFORE_ORDER`` or ``BEFORE_PAYMENT``.
    """
    if in_force_on > on:
        raise BusinessError(StaffRefusal.NOT_YET, on=in_force_on)
    if in_force_on < local_day(order.placed_at):
        raise BusinessError(StaffRefusal.BEFORE_ORDER, on=in_force_on, reference=order.reference)
    invoice = invoice_of_order(order.id)
    paid_at = _paid_at(invoice) if invoice is not None else None
    if invoice is not None and paid_at is not None and in_force_on < local_day(paid_at):
        raise BusinessError(StaffRefusal.BEFORE_PAYMENT, on=in_force_on, number=invoice.number)


def _paid_at(invoice: Invoice) -> datetime | None:
    """When the last payment that the invoice needed was received; ``None`` when account credit paid it whole."""
    missing = invoice.paid_cents
    for payment in sorted(payments_of(invoice.id), key=lambda each: each.received_at):
        missing -= payment.cents
        if missing <= 0:
            return payment.received_at if invoice.paid_cents else None
    return None


def _frozen_upgrade(order: Order) -> ProratedUpgrade | None:
    price = order.figures.get("prorated")
    if price is None:
        return None
    before, after = Money(price["before"], order.currency), Money(order.to_cents, order.currency)
    return ProratedUpgrade(
        before, after, BillingCycle(order.to_cycle), date.fromisoformat(price["due"]), price["anchor"]
    )


def _line(order: Order, end: date) -> LineJson:
    """The line of the days from the order's day to the one before ``end``; its amount is set by the credit note."""
    charged = order.figures["lines"][0]["params"]
    start, days = order.effective_on, (end - order.effective_on).days
    # Beyond the running period, which has ``charged["days"]`` left, days of cycles of other lengths are credited too.
    of_days = charged["of_days"] if days <= charged["days"] else None
    period = {
        "start": start.isoformat(),
        "last": (end - timedelta(days=1)).isoformat(),
        "days": days if of_days else None,
        "of_days": of_days,
        "cycles_ahead": 0,
    }
    return {"code": LineCode.DAYS_NOT_SERVED.value, "cents": 0, "params": {**charged, **period}}
