"""Why a change cannot be made: a code here, a sentence and a status at the edge."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """What the trade forbids; the order is the order in which the reasons are looked for."""

    NOT_ACTIVE = "not_active"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CHANGE_UNDER_WAY = "change_under_way"
    OVERDUE = "overdue"
    UNPAID_INVOICE = "unpaid_invoice"
    UNREADABLE = "unreadable"
    UNKNOWN_PLAN = "unknown_plan"
    PLAN_WITHDRAWN = "plan_withdrawn"
    NOT_PERMITTED = "not_permitted"
    CYCLE_NOT_OFFERED = "cycle_not_offered"
    OTHER_CURRENCY = "other_currency"
    SAME_TERMS = "same_terms"
    OVER_LIMITS = "over_limits"
    QUOTE_CHANGED = "quote_changed"
    KEY_REUSED = "key_reused"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    TOO_LATE = "too_late"
    PAYMENT_REFUSED = "payment_refused"
    PAYMENT_PENDING = "payment_pending"
    SAVED_METHOD_ENDED = "saved_method_ended"


class Refused(Exception):
    """A deed that the trade forbids; ``reason`` is its code and ``details`` the values its sentence names."""

    def __init__(self, reason: Refusal, **details: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.details = details
