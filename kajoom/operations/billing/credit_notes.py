"""Credit notes: what is credited of a paid invoice becomes account credit, once for each cause."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from kajoom.domain.audit import Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.credit_note import CreditNoteReason, taxes_of_credit
from kajoom.domain.decision import LineCode
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import CALENDAR
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.staff_input import check_reason, parse_positive_amount
from kajoom.domain.tax import TaxLine, TaxName
from kajoom.models.audit import record_act
from kajoom.models.client import lock_client
from kajoom.models.credit import movements_of_invoice
from kajoom.models.credit_note import NUMBER_PREFIX, CreditNote, credit_note_by_key, credit_notes_of_invoice
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_by_number, next_number
from kajoom.models.types import LineJson, TaxJson
from kajoom.operations import outbox
from kajoom.operations.billing import invoices
from kajoom.operations.transaction import transactional

_CREDIT_REASONS = {CreditNoteReason.CHANGE_REFUSED: CreditReason.CHANGE_REFUSED}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an invoice is credited; ``key`` is unique, ``note`` is what staff write to the client."""

    reason: CreditNoteReason
    key: str
    actor: str = CALENDAR
    note: str = ""


class _Left(NamedTuple):
    """What has not been credited yet of an invoice, before tax and of each tax, and whether all of it is left."""

    subtotal: Money
    taxes: list[TaxLine]
    is_whole: bool


@transactional
def credit_invoice(number: str, amount: str, note: str, actor: str, on: date, at: datetime) -> tuple[CreditNote, bool]:
    """Credit ``amount`` (before tax) of a paid invoice that charged too much, once for each amount and reason.

    Returns the credit note, and whether it is new. ``BusinessError`` with ``NO_INVOICE``, ``NOT_AN_AMOUNT``,
    ``NO_REASON``, ``NOT_PAID``, or ``MORE_THAN_IS_LEFT``; nothing is written then.
    """
    invoice = invoice_by_number(number)
    if invoice is None:
        raise BusinessError(StaffRefusal.NO_INVOICE, number=number)
    lock_client(invoice.client_id)
    credited, note = parse_positive_amount(amount, invoice.currency), check_reason(note)
    digest = hashlib.sha256(note.encode()).hexdigest()[:16]
    cause = Cause(CreditNoteReason.CORRECTED, f"corrected-{number}-{credited.cents}-{digest}", actor, note)
    issued = credit_note_by_key(cause.key)
    if issued is not None:
        return issued, False
    if invoice.status is not InvoiceStatus.PAID:
        raise BusinessError(StaffRefusal.NOT_PAID, number=number)
    left = _left_of(invoice)
    if credited > left.subtotal:
        raise BusinessError(StaffRefusal.MORE_THAN_IS_LEFT, number=number, left=left.subtotal)
    credit_note = _add(invoice, cause, credited, left, None, on, at)
    send_email(credit_note, at)
    return credit_note, True


def issue_credit_note(
    invoice: Invoice, cause: Cause, on: date, at: datetime, amount: Money | None = None, line: LineJson | None = None
) -> CreditNote | None:
    """Credit a paid invoice within the current transaction, and add the total to the client's account credit.

    ``amount`` is before tax: at most, and without it all, what is left of the invoice. ``line`` describes a part of
    it. Returns the credit note of the same cause if there is one, and ``None`` when there is nothing to credit: the
    invoice is not paid (it is voided instead) or is credited in full. The caller has locked the client.
    """
    issued = credit_note_by_key(cause.key)
    if issued is not None or invoice.status is not InvoiceStatus.PAID:
        return issued
    left = _left_of(invoice)
    credited = left.subtotal if amount is None else min(amount, left.subtotal)
    return _add(invoice, cause, credited, left, line, on, at) if credited > credited.zero() else None


def send_email(credit_note: CreditNote, at: datetime) -> None:
    """Queue the e-mail of a credit note that no other e-mail states."""
    key = f"credit_note-{credit_note.number}"
    outbox.enqueue("email", key, at, email="credit_note", invoice=credit_note.invoice_id, credit_note=credit_note.id)


def _left_of(invoice: Invoice) -> _Left:
    notes = credit_notes_of_invoice(invoice.id)
    subtotal = invoice.subtotal_cents + sum(each.subtotal_cents for each in notes)
    if _is_credited_without_note(invoice):
        subtotal = 0
    taxes = [
        TaxLine(TaxName(tax["name"]), tax["percent"], Money(_tax_left(tax, notes), invoice.currency))
        for tax in invoice.taxes
    ]
    return _Left(Money(subtotal, invoice.currency), taxes, not notes)


def _is_credited_without_note(invoice: Invoice) -> bool:
    """Whether the whole invoice became account credit by a refusal older than credit notes."""
    entries = movements_of_invoice(invoice.id)
    return any(entry.reason is CreditReason.CHANGE_REFUSED and entry.credit_note_id is None for entry in entries)


def _tax_left(tax: TaxJson, notes: Sequence[CreditNote]) -> int:
    credited = (each["cents"] for note in notes for each in note.taxes if each["name"] == tax["name"])
    return tax["cents"] + sum(credited)


def _add(
    invoice: Invoice, cause: Cause, credited: Money, left: _Left, line: LineJson | None, on: date, at: datetime
) -> CreditNote:
    amounts = {tax.name: tax.amount.cents for tax in taxes_of_credit(credited, left.subtotal, left.taxes)}
    taxes: list[TaxJson] = [{**tax, "cents": -amounts[TaxName(tax["name"])]} for tax in invoice.taxes]
    is_whole = left.is_whole and credited == left.subtotal and line is None
    note = CreditNote(
        number=f"{NUMBER_PREFIX}{on.year}-{next_number(f'credit_note-{on.year}'):04d}",
        key=cause.key,
        reason=cause.reason,
        note=cause.note,
        client_id=invoice.client_id,
        invoice_id=invoice.id,
        issued_on=on,
        at=at,
        actor=cause.actor,
        currency=invoice.currency,
        subtotal_cents=-credited.cents,
        total_cents=-credited.cents + sum(tax["cents"] for tax in taxes),
        locale=invoice.locale,
        lines=_negated(invoice.lines) if is_whole else [_part(invoice, credited, line)],
        taxes=taxes,
        seller=dict(invoice.seller),
        buyer=dict(invoice.buyer),
    )
    db.session.add(note)
    db.session.flush()  # assigns the id that the credit entry and the e-mail refer to
    record_act(Act.CREDIT_NOTE_ISSUED, cause.actor, at, client_id=note.client_id, subject=note)
    reason = _CREDIT_REASONS.get(note.reason, CreditReason.CREDIT_NOTE)
    invoices.move_credit(invoice, note.credited, reason, f"credit-note-{note.number}", at, note)
    return note


def _negated(lines: Sequence[LineJson]) -> list[LineJson]:
    return [{**line, "cents": -line["cents"]} for line in lines]


def _part(invoice: Invoice, credited: Money, line: LineJson | None) -> LineJson:
    """The only line of a credit note for a part of an invoice."""
    if line is None:
        first = invoice.lines[0]["params"]
        period = {"start": None, "last": None, "days": None, "of_days": None, "cycles_ahead": 0, "whole": None}
        line = {"code": LineCode.CORRECTION.value, "cents": 0, "params": {**first, **period}}
    return {**line, "cents": -credited.cents}
