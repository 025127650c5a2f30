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
from kajoom.models.renewal import RenewalCursor, services_to_renew
from kajoom.operations import outbox
from kajoom.operations.billing.reminders import notify_overdue, remind_of_order, remind_of_renewal
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.cancellation import carry_out_cancellation
from kajoom.operations.orders.place import expire_order
from kajoom.operations.orders.provisioning import start_due_order
from kajoom.operations.transaction import transactional

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
        _run(items(on), on, at)


def issue_renewal_batch(on: date, at: datetime, days: int, after: RenewalCursor | None = None) -> RenewalCursor | None:
    """Bill the next services due within ``days`` of ``on``; the place to go on from, ``None`` when all are billed."""
    places = _places(on + timedelta(days=days), after)
    _run([Item("renew", place.service_id, place.due) for place in places], on, at)
    return places[-1] if len(places) == BATCH else None


def bill_day(on: date, at: datetime, days: int) -> None:
    """The whole of a day at once, its renewals included."""
    run_day(on, at)
    place = issue_renewal_batch(on, at, days)
    while place is not None:
        place = issue_renewal_batch(on, at, days, place)


def run_item(item: Item, on: date, at: datetime) -> None:
    """Do one thing a day asked for; ``KeyError`` for what no day asks."""
    _ACTIONS[item.what](item, on, at)


def enqueue_day(on: date, at: datetime) -> None:
    """Put the work of a day in the outbox, once however many workers wake up to it: what is due, and the providers'
    account of the day before."""
    with suppress(IntegrityError):  # another worker announced it between our look and our commit
        _enqueue("day", f"day-{on.isoformat()}", on, at, None)
    with suppress(IntegrityError):
        _enqueue("reconcile", f"reconcile-{on.isoformat()}", on - timedelta(days=1), at, None)


def enqueue_renewal_batch(on: date, at: datetime, after: RenewalCursor | None = None) -> None:
    """Put the next batch of a day's renewals in the outbox, behind whatever waits there already."""
    place = f"-{after.due.isoformat()}-{after.service_id}" if after else ""
    with suppress(IntegrityError):  # a worker whose lease ran out announced it too
        _enqueue("renewals", f"renewals-{on.isoformat()}{place}", on, at, after)


@transactional
def _enqueue(kind: str, key: str, on: date, at: datetime, after: RenewalCursor | None) -> None:
    place = {"due": after.due.isoformat(), "service": after.service_id} if after else {}
    outbox.enqueue(kind, key, at, on=on.isoformat(), **place)


@transactional
def _places(until: date, after: RenewalCursor | None) -> list[RenewalCursor]:
    return services_to_renew(until, after, BATCH)


@transactional
def _ending(on: date) -> list[Item]:
    return [
        *(Item("end", each) for each in cancellations_due(on)),
        *(Item("expire", each) for each in orders_expired(on)),
    ]


@transactional
def _starting(on: date) -> list[Item]:
    return [Item("start", each) for each in orders_due(on)]


@transactional
def _reminding(on: date) -> list[Item]:
    return [
        *(Item("remind_order", each) for each in orders_nearly_expired(on, _DAYS_BEFORE_EXPIRY)),
        *(Item("remind_renewal", each) for each in renewals_nearly_due(on, _DAYS_BEFORE_DUE)),
        *(Item("tell_overdue", each) for each in renewals_overdue(on)),
    ]


def _run(items: Iterable[Item], on: date, at: datetime) -> None:
    for item in items:
        try:
            run_item(item, on, at)
        except Exception:
            # One row that goes wrong in a way nobody foresaw must not cost the others their day: it becomes a message
            # of its own, tried again later and later, then shown to staff.
            log.exception("%s %s went wrong on %s", item.what, item.row_id, on)
            _queue_retry(item, on, at)


@transactional
def _queue_retry(item: Item, on: date, at: datetime) -> None:
    seen = {"due": item.due.isoformat()} if item.due else {}
    key = f"{item.what}-{item.row_id}-{on.isoformat()}"
    outbox.enqueue("item", key, at, what=item.what, row=item.row_id, on=on.isoformat(), **seen)


_ACTIONS: dict[str, Callable[[Item, date, datetime], object]] = {
    "end": lambda item, on, at: carry_out_cancellation(item.row_id, on, at),
    "expire": lambda item, on, at: expire_order(item.row_id, at),
    "start": lambda item, on, at: start_due_order(item.row_id, on, at),
    "renew": lambda item, on, at: issue_renewal(item.row_id, on, at, item.due),
    "remind_order": lambda item, on, at: remind_of_order(item.row_id, at),
    "remind_renewal": lambda item, on, at: remind_of_renewal(item.row_id, at),
    "tell_overdue": lambda item, on, at: notify_overdue(item.row_id, at),
}
