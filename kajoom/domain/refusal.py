"""Reasons why an operation cannot be done: a code here; the sentence and the HTTP status are chosen by the caller."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    """Why a client's change, payment or cancellation is refused, in the order in which the reasons are checked."""

    NOT_ACTIVE = "not_active"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CHANGE_UNDER_WAY = "change_under_way"
    UNPAID_INVOICE = "unpaid_invoice"
    OVERDUE = "overdue"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    UNKNOWN_PLAN = "unknown_plan"
    OTHER_CURRENCY = "other_currency"
    SAME_TERMS = "same_terms"
    NOT_PERMITTED = "not_permitted"
    PLAN_WITHDRAWN = "plan_withdrawn"
    CYCLE_NOT_OFFERED = "cycle_not_offered"
    OVER_LIMITS = "over_limits"
    QUOTE_CHANGED = "quote_changed"
    KEY_REUSED = "key_reused"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    METHOD_TOO_SLOW = "method_too_slow"
    TOO_LATE = "too_late"
    PAYMENT_REFUSED = "payment_refused"
    PAYMENT_PENDING = "payment_pending"
    SAVED_METHOD_ENDED = "saved_method_ended"


class StaffRefusal(StrEnum):
    """Why an operation requested by staff (receipt, credit, refund, terms, reconciliation) is refused."""

    NO_INVOICE = "no_invoice"
    NO_CLIENT = "no_client"
    NO_STAFF = "no_staff"
    NO_FACTOR = "no_factor"
    NO_ADDRESS = "no_address"
    IS_CLIENT = "is_client"
    ALREADY_ACTIVATED = "already_activated"
    DEACTIVATED = "deactivated"
    NOT_DEACTIVATED = "not_deactivated"
    JUST_SENT = "just_sent"
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
    NOT_MISSING_HERE = "not_missing_here"
    OTHER_CURRENCY = "other_currency"
    NO_NOTICE = "no_notice"
    NOTICE_CLOSED = "notice_closed"
    FOR_A_PERSON = "for_a_person"
    NO_TASK = "no_task"
    TASK_OF_ORDER = "task_of_order"
    TASK_CLAIMED = "task_claimed"
    CHANGED_SINCE = "changed_since"
    NOT_A_DAY = "not_a_day"
    NO_MESSAGE = "no_message"
    NOT_WAITING = "not_waiting"
    NOT_DEAD = "not_dead"
    UNTIL_DONE = "until_done"
    NO_SERVICE = "no_service"
    SEVERAL_SERVICES = "several_services"
    SERVICE_ENDED = "service_ended"
    ALREADY_SUSPENDED = "already_suspended"
    NOT_SUSPENDED = "not_suspended"
    NOT_PAID = "not_paid"
    MORE_THAN_IS_LEFT = "more_than_is_left"
    NO_REASON = "no_reason"
    BEFORE_ORDER = "before_order"
    BEFORE_PAYMENT = "before_payment"
    STILL_OPEN = "still_open"
    PAST_DAY = "past_day"
    TOO_FAR = "too_far"
    NO_PERIODS = "no_periods"
    DAYS_PAID = "days_paid"
    PARTLY_PAID = "partly_paid"
    NO_PRICE = "no_price"
    NOT_A_QUANTITY = "not_a_quantity"
    TOO_LARGE = "too_large"
    NO_KIND = "no_kind"
    ENDS_BEFORE_START = "ends_before_start"
    TOO_LONG_PERIOD = "too_long_period"


class BusinessError(Exception):
    """An operation refused by a business rule; nothing was written.

    ``code`` is the reason and ``details`` holds the values that its sentence names.
    """

    def __init__(self, code: Refusal | StaffRefusal, **details: object) -> None:
        super().__init__(code.value)
        self.code: StrEnum = code
        self.details = details
