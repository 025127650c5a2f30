"""The life of an order is a table: for a status and an event, the next status, or nothing."""

from __future__ import annotations

from enum import StrEnum


class OrderStatus(StrEnum):
    """Where a confirmed change stands."""

    AWAITING_PAYMENT = "awaiting_payment"
    AWAITING_PROVISIONING = "awaiting_provisioning"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


class OrderEvent(StrEnum):
    """What may happen to it. ``PLACED`` and ``NEEDS_REVIEW`` are told in its history and move nothing."""

    PLACED = "placed"
    PAID = "paid"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FELL_DUE = "fell_due"
    NEEDS_REVIEW = "needs_review"
    PROVISIONED = "provisioned"
    REFUSED = "refused"


class ReviewReason(StrEnum):
    """Why a person must look at an order that could not be carried out by itself."""

    NOT_ACTIVE = "not_active"
    CANCELLATION_REQUESTED = "cancellation_requested"
    OVER_LIMITS = "over_limits"
    NO_PANEL = "no_panel"
    PANEL_REFUSED = "panel_refused"


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

OPEN = frozenset({S.AWAITING_PAYMENT, S.AWAITING_PROVISIONING, S.SCHEDULED})
"""The statuses of a change under way; a service has at most one order in them."""


class InvalidTransition(Exception):
    """An event that a status does not allow."""


def allows(status: OrderStatus, event: OrderEvent) -> bool:
    """Whether the event may happen now; the page shows a button only where it may."""
    return (status, event) in TRANSITIONS


def advance(status: OrderStatus, event: OrderEvent) -> OrderStatus:
    """The status after ``event``; ``InvalidTransition`` when the table has no such pair."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise InvalidTransition(f"{event} cannot happen to an order that is {status}") from None
