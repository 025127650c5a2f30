"""What a day brings: services end, unpaid changes expire, scheduled ones start, periods are billed, reminders go."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from kajoom.models.cancellation import cancellations_due
from kajoom.models.order import orders_due, orders_expired
from kajoom.models.reminder import orders_nearly_expired, renewals_nearly_due, renewals_overdue
from kajoom.models.renewal import Place, services_to_renew
from kajoom.operations import outbox
from kajoom.operations.orders.cancellation import carry_out_cancellation
from kajoom.operations.transaction import deed
from kajoom.operations.orders.place import expire_order
from kajoom.operations.orders.provisioning import start_due_order
from kajoom.operations.billing.reminders import remind_of_order, remind_of_renewal, tell_overdue
from kajoom.operations.billing.renewals import issue_renewal

log = logging.getLogger(__name__)

BATCH = 100
"""Services billed between two looks at the outbox, well within a message's lease."""


class Item(NamedTuple):
    """One thing a day asks for: what is to be done to the row of this id, and the due date it was seen with."""

    what: str
    row_id: int
    due: date | None = None


_DAYS_BEFORE_EXPIRY = 2
_DAYS_BEFORE_DUE = 3


def run_day(on: date, at: datetime) -> None:
    """Do what is due on the day ``on``, or was before; each thing is a commit of its own, and done again it does no
    more. Renewals are issued apart, by the batch."""
    for items in (_ending, _starting, _reminding):  # asked one after the other: what expires may then be billed
        _do(items(on), on, at)


def renew_batch(on: date, at: datetime, days: int, after: Place | None = None) -> Place | None:
    """Bill the next services due within ``days`` of ``on``; the place to go on from, ``None`` when all are billed."""
    places = _places(on + timedelta(days=days), after)
    _do([Item("renew", place.service_id, place.due) for place in places], on, at)
    return places[-1] if len(places) == BATCH else None


def bill_day(on: date, at: datetime, days: int) -> None:
    """The whole of a day at once, its renewals included."""
    run_day(on, at)
    place = renew_batch(on, at, days)
    while place is not None:
        place = renew_batch(on, at, days, place)


def do_item(item: Item, on: date, at: datetime) -> None:
    """Do one thing a day asked for; ``KeyError`` for what no day asks."""
    _DEEDS[item.what](item, on, at)


def announce_day(on: date, at: datetime) -> None:
    """Put the work of a day in the outbox, once however many workers wake up to it: what is due, and the providers'
    account of the day before."""
    with suppress(IntegrityError):  # another worker announced it between our look and our commit
        _announce("day", f"day-{on.isoformat()}", on, at, None)
    with suppress(IntegrityError):
        _announce("reconcile", f"reconcile-{on.isoformat()}", on - timedelta(days=1), at, None)


def announce_batch(on: date, at: datetime, after: Place | None = None) -> None:
    """Put the next batch of a day's renewals in the outbox, behind whatever waits there already."""
    place = f"-{after.due.isoformat()}-{after.service_id}" if after else ""
    with suppress(IntegrityError):  # a worker whose lease ran out announced it too
        _announce("renewals", f"renewals-{on.isoformat()}{place}", on, at, after)


@deed
def _announce(kind: str, key: str, on: date, at: datetime, after: Place | None) -> None:
    place = {"due": after.due.isoformat(), "service": after.service_id} if after else {}
    outbox.tell(kind, key, at, on=on.isoformat(), **place)


@deed
def _places(until: date, after: Place | None) -> list[Place]:
    return services_to_renew(until, after, BATCH)


@deed
def _ending(on: date) -> list[Item]:
    return [
        *(Item("end", each) for each in cancellations_due(on)),
        *(Item("expire", each) for each in orders_expired(on)),
    ]


@deed
def _starting(on: date) -> list[Item]:
    return [Item("start", each) for each in orders_due(on)]


@deed
def _reminding(on: date) -> list[Item]:
    return [
        *(Item("remind_order", each) for each in orders_nearly_expired(on, _DAYS_BEFORE_EXPIRY)),
        *(Item("remind_renewal", each) for each in renewals_nearly_due(on, _DAYS_BEFORE_DUE)),
        *(Item("tell_overdue", each) for each in renewals_overdue(on)),
    ]


def _do(items: Iterable[Item], on: date, at: datetime) -> None:
    for item in items:
        try:
            do_item(item, on, at)
        except Exception:
            # One row that goes wrong in a way nobody foresaw must not cost the others their day: it becomes a message
            # of its own, tried again later and later, then shown to staff.
            log.exception("%s %s went wrong on %s", item.what, item.row_id, on)
            _set_aside(item, on, at)


@deed
def _set_aside(item: Item, on: date, at: datetime) -> None:
    seen = {"due": item.due.isoformat()} if item.due else {}
    key = f"{item.what}-{item.row_id}-{on.isoformat()}"
    outbox.tell("item", key, at, what=item.what, row=item.row_id, on=on.isoformat(), **seen)


_DEEDS: dict[str, Callable[[Item, date, datetime], object]] = {
    "end": lambda item, on, at: carry_out_cancellation(item.row_id, on, at),
    "expire": lambda item, on, at: expire_order(item.row_id, at),
    "start": lambda item, on, at: start_due_order(item.row_id, on, at),
    "renew": lambda item, on, at: issue_renewal(item.row_id, on, at, item.due),
    "remind_order": lambda item, on, at: remind_of_order(item.row_id, at),
    "remind_renewal": lambda item, on, at: remind_of_renewal(item.row_id, at),
    "tell_overdue": lambda item, on, at: tell_overdue(item.row_id, at),
}
