"""Renewals: the next period of a service is invoiced once, on the terms that will be in force; paying it advances the
service's due date."""

from __future__ import annotations

from datetime import date, datetime

from kajoom.domain.credit_note import CreditNoteReason
from kajoom.domain.cycle import Period, add_months, first_due_from
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import CALENDAR, OrderEvent
from kajoom.domain.quote import Decision
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.catalog import catalog
from kajoom.models.client import lock_client
from kajoom.models.credit import balance_of
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order, open_order_of
from kajoom.models.renewal import (
    BILLED,
    blocking_renewal_of,
    is_being_paid,
    is_renewal_voided,
    renewals_since,
    renewals_with_terms_of,
    unpaid_renewals_of,
)
from kajoom.models.service import Service, client_id_of_service
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations import outbox
from kajoom.operations.billing import invoices
from kajoom.operations.billing.credit_notes import Cause, issue_credit_note, send_email
from kajoom.operations.billing.former_system import is_billed_here
from kajoom.operations.billing.next_terms import apply_next_terms
from kajoom.operations.billing.renewal_terms import RenewalTerms, draft_renewal, terms_without_order
from kajoom.operations.billing.suspension import lift_when_paid
from kajoom.operations.transaction import transactional


@transactional
def issue_renewal(service_id: int, on: date, at: datetime, due: date | None = None) -> Invoice | None:
    """Issue the invoice of the period that begins on the service's due date, once.

    ``due`` is the due date for which the renewal was planned: when it has moved meanwhile, because that period was
    issued and paid from account credit, nothing is issued.

    Returns ``None`` when there is nothing to bill: the service is free, has ended or will have ended by then, the
    period is already invoiced, or a change under way decides the price.
    """
    lock_client(client_id_of_service(service_id))
    service = db.session.get_one(Service, service_id)
    return issue_next_renewal(service, on, at) if due in {None, service.next_due_date} else None


def issue_next_renewal(service: Service, on: date, at: datetime) -> Invoice | None:
    """Issue a service's next renewal within the current transaction; the caller has locked the client.

    When account credit pays it whole, what is due by ``on`` after it is issued too, up to the first that is not paid.
    """
    first = invoice = _issue_next(service, on, at)
    while invoice is not None and invoice.status is InvoiceStatus.PAID and _is_due(service, on):
        invoice = _issue_next(service, on, at)
    return first


def _is_due(service: Service, on: date) -> bool:
    return service.next_due_date is not None and service.next_due_date <= on


def _issue_next(service: Service, on: date, at: datetime) -> Invoice | None:
    due, terms = service.next_due_date, _renewal_terms(service, open_order_of(service.id))
    if due is None or terms is None or service.status not in BILLED:
        return None
    if terms.order is None and not is_billed_here(service, due, on, catalog()):
        return None
    ending = open_cancellation_of(service.id)
    if (ending is not None and ending.effective_on <= due) or blocking_renewal_of(service.id, due) is not None:
        return None
    if terms.recurring and terms.cycle.months:
        return _issue(service, terms, Period(due, add_months(due, terms.cycle.months, service.anchor_day)), on, at)
    if terms.order is None:
        _skip_free_periods(service, due, on, at)
    return None


def apply_paid_renewal(invoice: Invoice, on: date, at: datetime) -> None:
    """Advance the due date to the end of a period that was paid, and start the change it was billed for, if any.

    The next renewal is issued at once when it is due by ``on``: one at a time, because the first that is not paid
    holds back the others.
    """
    _advance_due_date(invoice, on, at)
    if _is_due(invoice.service, on):
        issue_next_renewal(invoice.service, on, at)


def _advance_due_date(invoice: Invoice, on: date, at: datetime) -> None:
    service, due = invoice.service, invoice.service.next_due_date
    if due is not None and due == invoice.period_start:
        service.next_due_date = invoice.period_end
        if invoice.order_id is None:
            apply_next_terms(service, due, at)
    if invoice.order_id is not None:
        outbox.enqueue("start", f"start-{invoice.number}", at, order=invoice.order_id)
    lift_when_paid(invoice, on, at)


def is_paid_up(order: Order, on: date, at: datetime) -> bool:
    """Whether the first period of a scheduled change is paid; its renewal is issued if there is none yet."""
    if not order.to_cents:
        return True
    first = next(reversed(renewals_with_terms_of(order.id)), None) or issue_next_renewal(order.service, on, at)
    return first is not None and first.status is InvoiceStatus.PAID


def void_renewals(service_id: int, at: datetime, since: date = date.min) -> str:
    """Void the unpaid renewal of a period that begins on ``since`` or later; its number, or an empty text without one.

    That is for a service whose change is confirmed, which issues it anew once it ends, or for one that ends ``since``.
    """
    voided = unpaid_renewals_of(service_id, since)
    for invoice in voided:
        invoices.void(invoice, at)
    return voided[-1].number if voided else ""


def issue_anew(service: Service, on: date, at: datetime) -> None:
    """Issue the renewal that a change voided, or that fell due while it was under way, on the terms now in force."""
    due = service.next_due_date
    if due is not None and (due <= on or is_renewal_voided(service.id, due)):
        issue_next_renewal(service, on, at)


def replace_renewals(order: Order, on: date, at: datetime) -> None:
    """Bill the current terms again after an order was closed or needs review.

    Of the renewals issued on its terms, a paid one is corrected by a credit note and the due date that it had advanced
    is moved back; any other is voided. What was paid or credited on them becomes account credit, which the new invoice
    uses first. The renewal that was voided when the order was placed is issued anew.
    """
    issued = renewals_with_terms_of(order.id)
    for invoice in issued:
        note = _undo_renewal(invoice, CreditNoteReason.RENEWAL_REPLACED, on, at)
        if note is not None:
            send_email(note, at)
    issue_anew(order.service, on, at)


def _undo_renewal(invoice: Invoice, reason: CreditNoteReason, on: date, at: datetime) -> CreditNote | None:
    """Credit a paid renewal in full and void any other, so that its period can be invoiced again."""
    if invoice.status is not InvoiceStatus.PAID:
        invoices.void(invoice, at)
        return None
    if invoice.service.next_due_date == invoice.period_end:
        invoice.service.next_due_date = invoice.period_start
    invoice.replaced_on = on
    return issue_credit_note(invoice, Cause(reason, f"replaced-{invoice.number}"), on, at)


def replace_old_terms(order: Order, on: date, at: datetime) -> None:
    """Issue the renewal of a change that is done: the one voided when it was placed, or an unpaid one at the old price.

    One of which a payment is not settled is kept.
    """
    stale = [invoice for invoice in unpaid_renewals_of(order.service_id) if invoice.order_id != order.id]
    if not is_being_paid(stale):
        for invoice in stale:
            invoices.void(invoice, at)
        issue_anew(order.service, on, at)


def end_renewals(service: Service, since: date, on: date, at: datetime) -> list[Invoice]:
    """Close the renewals of periods that begin on or after ``since``, the day the service has ended; returns them.

    A paid one is credited, and the due date that it had advanced is moved back; any other is voided. What was received
    on them becomes account credit.
    """
    ended = renewals_since(service.id, since)
    for invoice in reversed(ended):
        _undo_renewal(invoice, CreditNoteReason.SERVICE_ENDED, on, at)
    return ended


def store_due_date(snapshot: ServiceSnapshot) -> None:
    """Store the due date that a service at 0.00 has moved on to: what is billed next begins there."""
    if snapshot.due is not None and not snapshot.terms.is_paid:
        db.session.get_one(Service, snapshot.id).next_due_date = snapshot.due


def _renewal_terms(service: Service, order: Order | None) -> RenewalTerms | None:
    """The terms of the next period; ``None`` while an immediate change is under way, which issues it once it ends."""
    if order is None or needed_review_on_its_day(order):
        return terms_without_order(service)
    if order.decision is Decision.NOW:
        return None
    return RenewalTerms(order.to_plan_id, order.to_cycle, Money(order.to_cents, order.currency), order)


def needed_review_on_its_day(order: Order) -> bool:
    """Whether a scheduled change could not start on its day: until a person decides, the current terms are billed."""
    return any(step.event is OrderEvent.NEEDS_REVIEW and step.actor == CALENDAR for step in order.history)


def _skip_free_periods(service: Service, due: date, on: date, at: datetime) -> None:
    """Advance the due date past the periods that cost nothing: they are not invoiced.

    Terms that were set for the period that begins are then the current ones.
    """
    if due <= on:
        apply_next_terms(service, due, at)
    if service.next_due_date is not None and not service.recurring_cents:
        service.next_due_date = first_due_from(on, due, service.cycle.months, service.anchor_day)


def _issue(service: Service, terms: RenewalTerms, period: Period, on: date, at: datetime) -> Invoice:
    current = catalog()
    invoice = draft_renewal(service, terms, period, on, current)
    invoices.issue_drafts([invoice], current, on, at)
    credit = max(balance_of(service.client_id, invoice.currency), Money(0, invoice.currency))
    invoices.apply_credit(invoice, min(credit, invoice.total), at)
    outbox.enqueue("email", f"renewal_invoice-{invoice.number}", at, email="renewal_invoice", invoice=invoice.id)
    if invoice.status is InvoiceStatus.PAID:
        _advance_due_date(invoice, on, at)
    return invoice
