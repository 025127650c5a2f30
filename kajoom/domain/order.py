"""The state machine of an order: a table of the status that follows each status and event."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class OrderStatus(StrEnum):
    """The status of a confirmed change of plan."""

    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_PROVISIONING = "awaiting_provisioning"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class OrderEvent(StrEnum):
    """Events of an order's history. ``PLACED`` and ``NEEDS_REVIEW`` are recorded without changing the status."""

    PLACED = "placed"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FELL_DUE = "fell_due"
    NEEDS_REVIEW = "needs_review"
    PROVISIONED = "provisioned"
    REFUSED = "refused"


class ReviewReason(StrEnum):
    """Why an order could not be carried out automatically and needs staff."""

    NOT_ACTIVE = "not_active"
    CANCELLATION_REQUESTED = "cancellation_requested"
    OVER_LIMITS = "over_limits"
    NO_PANEL = "no_panel"
    PANEL_REFUSED = "panel_refused"
    ACCOUNT_MISSING = "account_missing"
    PACKAGE_CHANGED = "package_changed"


CLIENT_ACTS_ON = frozenset({ReviewReason.NOT_ACTIVE, ReviewReason.CANCELLATION_REQUESTED, ReviewReason.OVER_LIMITS})
"""The reasons that the client can lift; the others are for staff alone."""


S, E = OrderStatus, OrderEvent

TRANSITIONS: dict[tuple[OrderStatus, OrderEvent], OrderStatus] = {
    (S.AWAITING_PAYMENT, E.PAID): S.AWAITING_PROVISIONING,
    (S.AWAITING_PAYMENT, E.CANCELLED): S.CANCELLED,
    (S.AWAITING_PAYMENT, E.EXPIRED): S.CANCELLED,
    (S.SCHEDULED, E.FELL_DUE): S.AWAITING_PROVISIONING,
    (S.SCHEDULED, E.CANCELLED): S.CANCELLED,
    (S.AWAITING_PROVISIONING, E.NEEDS_REVIEW): S.AWAITING_PROVISIONING,
    (S.AWAITING_PROVISIONING, E.PROVISIONED): S.COMPLETED,
    (S.AWAITING_PROVISIONING, E.REFUSED): S.REFUSED,
}

STUCK_AFTER = timedelta(hours=1)
"""A change that the panel has not made after this time takes longer than expected: staff and client are written to."""

CLIENT = "client"
CALENDAR = "calendar"
PANEL = "panel"
IMPORT = "import"
"""The actors of events (``IMPORT`` is the host's file), apart from staff (``staff:NAME``) and payment providers (their
code)."""

OPEN = frozenset({S.AWAITING_PAYMENT, S.AWAITING_PROVISIONING, S.SCHEDULED})
"""The statuses of a change in progress; a service has at most one order in them."""


class InvalidTransition(Exception):
    """The event is not allowed in the order's status."""


def allows(status: OrderStatus, event: OrderEvent) -> bool:
    """Whether the event is allowed in this status; pages show a button only when it is."""
    return (status, event) in TRANSITIONS


def advance(status: OrderStatus, event: OrderEvent) -> OrderStatus:
    """Return the status after ``event``; raise ``InvalidTransition`` when it is not allowed."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise InvalidTransition(f"{event} cannot happen to an order that is {status}") from None
