"""What the page of an order waits for, and whether it has changed since the page was shown."""

from __future__ import annotations

from kajoom import clock
from kajoom.domain.order import STUCK_AFTER, OrderStatus
from kajoom.models.order_page import OrderPage, OrderState
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.web.payment import payment_state

_POLL_SECONDS = 2
_POLL_SECONDS_WITH_STAFF = 60


def is_late(state: OrderState) -> bool:
    """Whether the panel should have made the change some time ago."""
    is_with_panel = state.status is OrderStatus.AWAITING_PROVISIONING and not state.needs_person
    return is_with_panel and clock.now() - state.since >= STUCK_AFTER


def name_of(state: OrderState) -> str:
    """A name of the state that the page shows: a page that shows another one is out of date."""
    payment = payment_state(state.invoice, state.attempt).name
    return f"{state.version}.{payment}{'.late' if is_late(state) else ''}"


def poll_seconds(page: OrderPage, service: ServiceSnapshot) -> int | None:
    """The least seconds between two polls (static/polling.js waits longer and longer); ``None`` where none is needed.

    The state of such an order changes only if the client does something.
    """
    order, payment = page.order, payment_state(page.invoice, page.attempt)
    match order.status:
        case OrderStatus.AWAITING_PROVISIONING:
            return _POLL_SECONDS_WITH_STAFF if order.needs_person or is_late(page.state) else _POLL_SECONDS
        case OrderStatus.SCHEDULED if service.unpaid_renewal is None and order.effective_on <= clock.today():
            return _POLL_SECONDS
        case OrderStatus.AWAITING_PAYMENT if payment.is_pending:
            return payment.poll_seconds
        case _:
            return None
