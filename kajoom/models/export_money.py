"""Money for bookkeeping: payments, refunds and movements of account credit of a period, streamed in order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refund import RefundStatus
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.credit_note import CreditNote
from kajoom.models.export_period import Period, rows_in_chunks
from kajoom.models.invoice import Invoice
from kajoom.models.payment import Payment
from kajoom.models.refund import RefundAttempt


class PaymentKind(StrEnum):
    """What a row of the payments is."""

    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money received, or sent back (negative), with the provider's or the sender's reference."""

    at: datetime
    kind: PaymentKind
    method: str
    reference: str
    invoice: str
    client: str
    amount: Money
    actor: str


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A movement of account credit with the document that caused it, if any, and the note of staff."""

    at: datetime
    client: str
    reason: CreditReason
    document: str
    amount: Money
    note: str


def payments_in(period: Period) -> Iterator[PaymentRow]:
    """The payments received and the refunds made in a period, in the order of their instants."""
    streams = (_payments(period), _refunds(period))
    for _, row in heapq.merge(*streams, key=lambda each: each[0]):
        yield row


def _payments(period: Period) -> Iterator[tuple[tuple[datetime, int, int], PaymentRow]]:
    columns = (
        Payment.id, Payment.received_at, Payment.provider, Payment.reference, Payment.cents, Payment.currency,
        Payment.actor, Invoice.number, Invoice.buyer,
    )  # fmt: skip
    query = select(*columns)
    query = query.join(Invoice).where(Payment.received_at >= period.start, Payment.received_at < period.end)
    for rows in rows_in_chunks(query.order_by(Payment.received_at, Payment.id)):
        for row in rows:
            reference, amount = row.reference.removeprefix(f"{row.provider}:"), Money(row.cents, row.currency)
            yield (row.received_at, 0, row.id), _payment(row, row.received_at, PaymentKind.PAYMENT, reference, amount)


def _refunds(period: Period) -> Iterator[tuple[tuple[datetime, int, int], PaymentRow]]:
    columns = (
        RefundAttempt.id, RefundAttempt.settled_at, RefundAttempt.provider_ref, RefundAttempt.cents,
        RefundAttempt.currency, RefundAttempt.actor, Payment.provider, Invoice.number, Invoice.buyer,
    )  # fmt: skip
    query = select(*columns)
    query = query.join(Payment, Payment.id == RefundAttempt.payment_id).join(Invoice).where(
        RefundAttempt.status == RefundStatus.DONE,
        RefundAttempt.settled_at >= period.start, RefundAttempt.settled_at < period.end,
    )  # fmt: skip
    for rows in rows_in_chunks(query.order_by(RefundAttempt.settled_at, RefundAttempt.id)):
        for row in rows:
            amount = Money(-row.cents, row.currency)
            refund = _payment(row, row.settled_at, PaymentKind.REFUND, row.provider_ref, amount)
            yield (row.settled_at, 1, row.id), refund


def _payment(row: Any, at: datetime, kind: PaymentKind, reference: str, amount: Money) -> PaymentRow:
    client = row.buyer["company"] or row.buyer["name"]
    return PaymentRow(at, kind, row.provider, reference, row.number, client, amount, row.actor)


def credit_in(period: Period) -> Iterator[CreditRow]:
    """The movements of account credit of a period, oldest first."""
    columns = (
        CreditEntry.id, CreditEntry.at, CreditEntry.reason, CreditEntry.cents, CreditEntry.currency, CreditEntry.note,
        Client.name, Client.company, Invoice.number.label("invoice"), CreditNote.number.label("credit_note"),
    )  # fmt: skip
    query = select(*columns)
    query = query.join(Client, Client.id == CreditEntry.client_id)
    query = query.outerjoin(Invoice, Invoice.id == CreditEntry.invoice_id)
    query = query.outerjoin(CreditNote, CreditNote.id == CreditEntry.credit_note_id)
    query = query.where(CreditEntry.at >= period.start, CreditEntry.at < period.end)
    for rows in rows_in_chunks(query.order_by(CreditEntry.at, CreditEntry.id)):
        for row in rows:
            document, amount = row.credit_note or row.invoice or "", Money(row.cents, row.currency)
            yield CreditRow(row.at, row.company or row.name, row.reason, document, amount, row.note)
