"""What a day brings: scheduled changes fall due, unpaid ones expire, cancelled services end."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime

from sqlalchemy.exc import IntegrityError

from kajoom.models.cancellation import cancellations_due
from kajoom.models.order import orders_due, orders_expired
from kajoom.operations import outbox
from kajoom.operations.cancellation import carry_out_cancellation
from kajoom.operations.deed import deed
from kajoom.operations.order import expire_order
from kajoom.operations.provisioning import start_due_order


def run_day(on: date, at: datetime) -> None:
    """Do what is due on the day ``on``; each thing is a commit of its own, so running the day again does no more."""
    ending, due, expired = _things_of(on)
    for cancellation_id in ending:
        carry_out_cancellation(cancellation_id, on, at)
    for order_id in due:
        start_due_order(order_id, on, at)
    for order_id in expired:
        expire_order(order_id, at)


@deed
def _things_of(on: date) -> tuple[list[int], list[int], list[int]]:
    return cancellations_due(on), orders_due(on), orders_expired(on)


def announce_day(on: date, at: datetime) -> None:
    """Put the work of a day in the outbox, once however many workers wake up to it."""
    with suppress(IntegrityError):  # another worker announced it between our look and our commit
        _announce(on, at)


@deed
def _announce(on: date, at: datetime) -> None:
    outbox.tell("day", f"day-{on.isoformat()}", at, on=on.isoformat())
