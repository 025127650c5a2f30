"""What an invoice is for, and where it stands."""

from __future__ import annotations

from enum import StrEnum


class InvoiceKind(StrEnum):
    """A change of plan, or the renewal of a service for its next period."""

    CHANGE = "change"
    RENEWAL = "renewal"


class InvoiceStatus(StrEnum):
    """An invoice once issued is never edited: it is paid, or void and replaced."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
