"""The stages of an order that its page shows: requested, paid, scheduled, being set up, operational."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.quote import Decision
from kajoom.i18n.translations import N_
from kajoom.models.order_page import OrderPage


@dataclass(frozen=True)
class TimelineStage:
    """One stage, with the instant or the day it was or will be reached.

    ``label`` is an English message. ``state`` is "done", "current", "come" for a later one, or "ended" for the last
    stage of an order that was closed without being carried out.
    """

    label: str
    state: str
    at: datetime | None = None
    on: date | None = None


_CLOSED_BY = {
    OrderEvent.CANCELLED: N_("Cancelled"),
    OrderEvent.EXPIRED: N_("Expired"),
    OrderEvent.REFUSED: N_("Refused"),
}


def timeline_of(page: OrderPage) -> list[TimelineStage]:
    """The stages of an order, in order: those it has reached, and those it has yet to reach unless it is closed."""
    order, at = page.order, page.reached
    stages = [TimelineStage(N_("Requested"), "done", at.get(OrderEvent.PLACED, order.placed_at))]
    if order.due_today:
        stages.append(_stage(N_("Paid"), at.get(OrderEvent.PAID), order.status is OrderStatus.AWAITING_PAYMENT))
    if order.decision is not Decision.NOW:
        is_waiting = order.status is OrderStatus.SCHEDULED
        stages.append(TimelineStage(N_("Scheduled"), "current" if is_waiting else "done", on=order.effective_on))
    for event, label in _CLOSED_BY.items():
        if event in at:
            reached = [stage for stage in stages if stage.state == "done"]
            return [*reached, TimelineStage(label, "ended", at[event])]
    provisioned_at = at.get(OrderEvent.PROVISIONED)
    is_being_set_up = order.status is OrderStatus.AWAITING_PROVISIONING
    state = "done" if provisioned_at else "current" if is_being_set_up else "come"
    stages.append(TimelineStage(N_("Being set up"), state))
    stages.append(_stage(N_("Operational"), provisioned_at, is_current=False))
    return stages


def _stage(label: str, at: datetime | None, is_current: bool) -> TimelineStage:
    return TimelineStage(label, "done" if at else "current" if is_current else "come", at)
