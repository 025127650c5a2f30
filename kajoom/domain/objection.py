"""Why what staff ask of the books cannot be done: a code here, a sentence at the operator's door."""

from __future__ import annotations

from enum import StrEnum


class Objection(StrEnum):
    """What the books forbid."""

    NO_INVOICE = "no_invoice"
    NO_CLIENT = "no_client"
    NO_METHOD = "no_method"
    NO_REFERENCE = "no_reference"
    NOT_AN_AMOUNT = "not_an_amount"
    NOT_YET = "not_yet"
    REFERENCE_USED = "reference_used"
    BALANCE_TOO_LOW = "balance_too_low"
    NOTHING_TO_REFUND = "nothing_to_refund"
    PAID_OFFLINE = "paid_offline"
    PROVIDER_CLOSED = "provider_closed"
    REFUND_UNDER_WAY = "refund_under_way"
    NO_DIFFERENCE = "no_difference"


class Objected(Exception):
    """A deed that the books forbid; ``reason`` is its code and ``details`` the values its sentence names."""

    def __init__(self, reason: Objection, **details: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details
