"""The reasons for a movement of a client's account credit."""

from __future__ import annotations

from enum import StrEnum


class CreditReason(StrEnum):
    """Why account credit was added or used; shown to the client beside the movement."""

    GRANTED = "granted"
    CORRECTED = "corrected"
    APPLIED = "applied"
    GIVEN_BACK = "given_back"
    LATE_PAYMENT = "late_payment"
    OVERPAID = "overpaid"
    CHANGE_REFUSED = "change_refused"
    CREDIT_NOTE = "credit_note"
    REFUNDED = "refunded"
    REFUND_REFUSED = "refund_refused"
