"""Being paid: an attempt is a row before the wire, its outcome a second deed, and money received is never lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, allows
from kajoom.domain.payment import OPEN, AttemptStatus, settle
from kajoom.domain.refusal import Refusal, Refused
from kajoom.gateways.ports import Answer, Charge, PaymentProvider
from kajoom.models.client import lock_client
from kajoom.models.credit import CreditReason
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import order_by_id
from kajoom.models.payment import Attempt, Payment, attempt_by_key, open_attempt_of, payment_by_reference
from kajoom.operations import invoice as invoices
from kajoom.operations import outbox, provisioning, renewal
from kajoom.operations.deed import deed
from kajoom.operations.step import record_step

# Longer than any provider is waited for, so that the question is not asked while the first answer is on its way.
_UNHEARD = timedelta(minutes=1)
_SOON = timedelta(seconds=5)


def pay(
    invoice_id: int, providers: Mapping[str, PaymentProvider], method: str, at: datetime, return_url: str = ""
) -> Answer:
    """Pay an invoice's balance by ``method``; the outcome is recorded before it is returned.

    Where the client must approve elsewhere, the answer's ``approve_url`` leads there and ``return_url`` back. An
    earlier attempt that is not settled is looked up first: by the same method it goes on, by another it is given up;
    ``Refused`` with ``PAYMENT_PENDING`` if nobody knows yet. ``KeyError`` for a method that is not offered.
    """
    provider = providers[method]
    earlier = _unsettled(invoice_id, at)
    if earlier is not None:
        known = _ask(replace(earlier, given_up=earlier.provider != method), providers, at)
        if known.status is AttemptStatus.CAPTURED or known.approve_url:
            return known
        if known.status in OPEN:
            raise Refused(Refusal.PAYMENT_PENDING)
    charge = _begin(invoice_id, method, return_url, at)
    return Answer(AttemptStatus.CAPTURED) if charge is None else _settle(charge, provider.charge(charge), at)


def verify(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> Answer | None:
    """Ask what became of the attempt that is not settled, and finish it if the client has approved; ``None`` when
    there is none. ``Refused`` with ``PAYMENT_PENDING`` while it is on its way."""
    charge = _unsettled(invoice_id, at)
    return None if charge is None else _ask(charge, providers, at)


def give_up(invoice_id: int, providers: Mapping[str, PaymentProvider], at: datetime) -> None:
    """End the attempt that is not settled, unless it had succeeded; ``Refused`` with ``PAYMENT_PENDING`` if nobody
    knows. What its client may still approve is never captured."""
    charge = _unsettled(invoice_id, at)
    if charge is not None and _ask(replace(charge, given_up=True), providers, at).status in OPEN:
        raise Refused(Refusal.PAYMENT_PENDING)


@deed
def charge_of(key: str, *, again: bool = False) -> Charge | None:
    """The charge of an attempt still to be settled, or ``None``; no transaction stays open.

    ``again`` asks also about one that was refused or given up: money may have come after all.
    """
    attempt = attempt_by_key(key)
    asked = OPEN | {AttemptStatus.REFUSED} if again else OPEN
    return _wire(attempt) if attempt is not None and attempt.status in asked else None


@deed
def record(key: str, answer: Answer, at: datetime) -> bool:
    """Note what a provider answered about an attempt; ``False`` while it must be asked again."""
    attempt = attempt_by_key(key)
    if attempt is None:
        raise LookupError(key)
    lock_client(attempt.invoice.client_id)
    captured = answer.status is AttemptStatus.CAPTURED
    if attempt.status is AttemptStatus.CAPTURED or (attempt.status is AttemptStatus.REFUSED and not captured):
        return True  # settled by another who asked: only money could still be news
    attempt.status = settle(attempt.status, answer.status)
    attempt.provider_ref = answer.provider_ref or attempt.provider_ref
    attempt.reason, attempt.approve_url = answer.reason, answer.approve_url
    if attempt.status is AttemptStatus.CAPTURED:
        receive(attempt.invoice, attempt.amount, attempt.provider, answer.reference or key, attempt.provider, at)
    settled = attempt.status not in OPEN
    attempt.settled_at = at if settled else None
    return settled


def receive(
    invoice: Invoice,
    amount: Money,
    provider: str,
    reference: str,
    actor: str,
    at: datetime,
    received_at: datetime | None = None,
) -> None:
    """Record money for an invoice within the commit under way, once for each reference of a provider's.

    What exceeds the balance, or comes for a void invoice, becomes account credit. ``received_at`` tells when the money
    came, where it was not just now. The client is locked by the caller.
    """
    known_as = f"{provider}:{reference}"
    if payment_by_reference(known_as) is not None:
        return
    applied = min(amount, invoice.balance)
    db.session.add(
        Payment(
            reference=known_as,
            invoice_id=invoice.id,
            provider=provider,
            cents=amount.cents,
            currency=amount.currency,
            received_at=received_at or at,
            actor=actor,
        )
    )
    if amount > applied:
        _credit(invoice, amount - applied, known_as, at)
    if applied:
        invoice.paid_cents += applied.cents
        if invoice.balance:
            outbox.tell("letter", f"payment_partial-{known_as}", at, letter="payment_partial", invoice=invoice.id)
        else:
            paid_in_full(invoice, actor, at)


def _credit(invoice: Invoice, excess: Money, known_as: str, at: datetime) -> None:
    """Money that an invoice did not ask for is its client's, who is told, and so are staff."""
    reason = CreditReason.LATE_PAYMENT if invoice.status is InvoiceStatus.VOID else CreditReason.OVERPAID
    moved = f"payment-{known_as}"
    invoices.move_credit(invoice, excess, reason, moved, at)
    for letter in ("payment_late", "staff_notice"):
        outbox.tell("letter", f"{letter}-{known_as}", at, letter=letter, invoice=invoice.id, credit=moved)


@deed
def _unsettled(invoice_id: int, at: datetime) -> Charge | None:
    attempt = open_attempt_of(invoice_id)
    if attempt is None:
        return None
    if attempt.status is AttemptStatus.SENDING and at < attempt.begun_at + _UNHEARD:
        raise Refused(Refusal.PAYMENT_PENDING)  # on its way: "not found" would not mean that it will not be taken
    return _wire(attempt)


def _wire(attempt: Attempt) -> Charge:
    return Charge(
        key=attempt.key,
        provider=attempt.provider,
        amount=attempt.amount,
        invoice=attempt.invoice.number,
        locale=attempt.invoice.locale,
        provider_ref=attempt.provider_ref,
        return_url=attempt.return_url,
        given_up=attempt.status is AttemptStatus.REFUSED,
    )


@deed
def _begin(invoice_id: int, method: str, return_url: str, at: datetime) -> Charge | None:
    """Write the attempt and commit it before anything is sent; ``None`` when nothing is left to pay."""
    invoice = db.session.get_one(Invoice, invoice_id)
    lock_client(invoice.client_id)
    if invoice.status is InvoiceStatus.PAID:
        return None
    if invoice.status is InvoiceStatus.VOID:
        raise Refused(Refusal.TOO_LATE)
    if open_attempt_of(invoice_id) is not None:
        raise Refused(Refusal.PAYMENT_PENDING)
    attempt = Attempt(
        key=uuid4().hex,
        invoice_id=invoice_id,
        provider=method,
        return_url=return_url,
        status=AttemptStatus.SENDING,
        cents=invoice.balance.cents,
        currency=invoice.currency,
        begun_at=at,
    )
    attempt.invoice = invoice
    db.session.add(attempt)
    # If this process dies before the answer is recorded, the worker asks the provider what became of it.
    outbox.tell("settle", f"settle-{attempt.key}", at + _UNHEARD, attempt=attempt.key)
    return _wire(attempt)


def _ask(charge: Charge, providers: Mapping[str, PaymentProvider], at: datetime) -> Answer:
    provider = providers.get(charge.provider)
    if provider is None:
        raise Refused(Refusal.PAYMENT_PENDING)  # no longer configured: only a person can tell
    return _settle(charge, provider.look_up(charge), at)


def _settle(charge: Charge, answer: Answer, at: datetime) -> Answer:
    """Record an answer, and have a lost one asked for again in a few seconds; a client who approves takes longer."""
    if not record(charge.key, answer, at) and not answer.approve_url:
        outbox.hasten(f"settle-{charge.key}", at + _SOON)
    return answer


def paid_in_full(invoice: Invoice, actor: str, at: datetime) -> None:
    """Within the commit under way, carry out the change an invoice was for, or move on the period it has bought."""
    invoice.status = InvoiceStatus.PAID
    if invoice.kind is InvoiceKind.RENEWAL:
        renewal.bought(invoice, at)
    order = order_by_id(invoice.order_id) if invoice.order_id else None
    if order is not None and allows(order.status, OrderEvent.PAID):
        record_step(order, OrderEvent.PAID, at, actor)
        provisioning.begin(order, at)
    outbox.tell("letter", f"payment_received-{invoice.number}", at, letter="payment_received", invoice=invoice.id)
