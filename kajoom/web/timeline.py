"""The timeline of an order, in the client's words: requested, paid, being set up, operational."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.quote import Decision
from kajoom.i18n.translations import N_
from kajoom.models.order import Order


@dataclass(frozen=True)
class TimelineStage:
    """One stage: its name, whether it is ``done``, ``current``, still to ``come`` or where it all ``ended``."""

    label: str
    state: str
    at: datetime | None = None
    on: date | None = None


_ENDS = {
    OrderEvent.CANCELLED: N_("Cancelled"),
    OrderEvent.EXPIRED: N_("Expired"),
    OrderEvent.REFUSED: N_("Refused"),
}


def timeline_of(order: Order) -> list[TimelineStage]:
    """The stages of an order, those behind it and those to come."""
    at = {step.event: step.at for step in order.history}
    stages = [TimelineStage(N_("Requested"), "done", at.get(OrderEvent.PLACED, order.placed_at))]
    if order.due_today:
        stages.append(_stage(N_("Paid"), at.get(OrderEvent.PAID), order.status is OrderStatus.AWAITING_PAYMENT))
    if order.decision is not Decision.NOW:
        waits = order.status is OrderStatus.SCHEDULED
        stages.append(TimelineStage(N_("Scheduled"), "current" if waits else "done", on=order.effective_on))
    ended = next(((label, at[event]) for event, label in _ENDS.items() if event in at), None)
    if ended:
        reached = [stage for stage in stages if stage.state == "done"]
        return [*reached, TimelineStage(ended[0], "ended", ended[1])]
    done = at.get(OrderEvent.PROVISIONED)
    prepares = order.status is OrderStatus.AWAITING_PROVISIONING
    stages.append(TimelineStage(N_("Being set up"), "done" if done else "current" if prepares else "come"))
    stages.append(_stage(N_("Operational"), done, is_current=False))
    return stages


def _stage(label: str, at: datetime | None, is_current: bool) -> TimelineStage:
    return TimelineStage(label, "done" if at else "current" if is_current else "come", at)
