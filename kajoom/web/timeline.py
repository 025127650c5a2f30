"""The timeline of an order, in the client's words: requested, paid, being set up, operational."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from kajoom.domain.order import OrderEvent, OrderStatus
from kajoom.domain.quote import Decision
from kajoom.models.order import Order
from kajoom.i18n.formats import sentence


@dataclass(frozen=True)
class Stage:
    """One stage: its name, whether it is ``done``, ``current``, still to ``come`` or where it all ``ended``."""

    label: str
    state: str
    at: datetime | None = None
    on: date | None = None


_ENDS = {
    OrderEvent.CANCELLED: sentence("Cancelled"),
    OrderEvent.EXPIRED: sentence("Expired"),
    OrderEvent.REFUSED: sentence("Refused"),
}


def timeline_of(order: Order) -> list[Stage]:
    """The stages of an order, those behind it and those to come."""
    at = {step.event: step.at for step in order.history}
    stages = [Stage(sentence("Requested"), "done", at.get(OrderEvent.PLACED, order.placed_at))]
    if order.due_today:
        stages.append(_stage(sentence("Paid"), at.get(OrderEvent.PAID), order.status is OrderStatus.AWAITING_PAYMENT))
    if order.decision is not Decision.NOW:
        waits = order.status is OrderStatus.SCHEDULED
        stages.append(Stage(sentence("Scheduled"), "current" if waits else "done", on=order.effective_on))
    ended = next(((label, at[event]) for event, label in _ENDS.items() if event in at), None)
    if ended:
        reached = [stage for stage in stages if stage.state == "done"]
        return [*reached, Stage(ended[0], "ended", ended[1])]
    done = at.get(OrderEvent.PROVISIONED)
    prepares = order.status is OrderStatus.AWAITING_PROVISIONING
    stages.append(Stage(sentence("Being set up"), "done" if done else "current" if prepares else "come"))
    stages.append(_stage(sentence("Operational"), done, is_current=False))
    return stages


def _stage(label: str, at: datetime | None, is_current: bool) -> Stage:
    return Stage(label, "done" if at else "current" if is_current else "come", at)
