"""Kinds, statuses and numbers of an invoice."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class InvoiceNumbering:
    """Numbers of the host's own: ``prefix`` and a count from ``start`` that no year restarts (K4210, K4211 …).

    The prefix does not end in a digit, or the numbers of two prefixes could be the same.
    """

    prefix: str
    start: int
