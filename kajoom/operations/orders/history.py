"""One step in an order's life: the status advances by the table, and who did it and when is noted beside it."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.order import OrderEvent, advance
from kajoom.models.order import Order, OrderStep

CALENDAR = "calendar"
"""The actor of what happens because its day has come."""


def record_step(order: Order, event: OrderEvent, at: datetime, actor: str, note: str = "") -> None:
    """Advance an order within the commit under way; ``PLACED`` notes the status it begins in.

    ``InvalidTransition`` when the order's status does not allow the event.
    """
    if event is not OrderEvent.PLACED:
        order.status = advance(order.status, event)
    order.history.append(OrderStep(event=event, status=order.status, at=at, actor=actor, note=note))
