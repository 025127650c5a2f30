"""Kinds and statuses of an invoice."""

from __future__ import annotations

from enum import StrEnum


class InvoiceKind(StrEnum):
    """What is invoiced: a change of plan, or the renewal of a service for its next period."""

    CHANGE = "change"
    RENEWAL = "renewal"


class InvoiceStatus(StrEnum):
    """An issued invoice is never edited: it is paid, or voided and replaced by another."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
