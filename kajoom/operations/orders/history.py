"""The history of an order: each event changes its status by the transition table and is recorded with its actor."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.order import OrderEvent, advance
from kajoom.models.db import db
from kajoom.models.order import Order, OrderStep


def record_step(order: Order, event: OrderEvent, at: datetime, actor: str, note: str = "") -> None:
    """Apply an event to an order within the current transaction; ``PLACED`` records its first status.

    ``InvalidTransition`` when the order's status does not allow the event.
    """
    if event is not OrderEvent.PLACED:
        order.status = advance(order.status, event)
    db.session.add(OrderStep(order=order, event=event, status=order.status, at=at, actor=actor, note=note))
