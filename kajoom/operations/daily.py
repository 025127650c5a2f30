"""The daily run: end services, expire unpaid orders, start changes, send reminders, suspend, issue renewals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from kajoom.models.address_change import delete_address_changes
from kajoom.models.cancellation import cancellations_due
from kajoom.models.catalog import catalog
from kajoom.models.order import orders_due, orders_expired
from kajoom.models.outbox import delete_done_messages
from kajoom.models.panel_callback import delete_panel_callbacks
from kajoom.models.preview import BillPreview, added_since, newest_rows
from kajoom.models.reminder import (
    orders_nearly_expired,
    renewals_long_overdue,
    renewals_nearly_due,
    renewals_overdue,
    renewals_to_announce,
    renewals_to_decide,
    renewals_to_suspend,
)
from kajoom.models.renewal import RenewalCursor, services_to_renew
from kajoom.models.session import delete_expired_sessions
from kajoom.models.task import changes_without_job
from kajoom.models.throttle import delete_forgotten_counters
from kajoom.models.webhook_event import delete_webhook_events
from kajoom.operations import outbox
from kajoom.operations.billing.reminders import notify_overdue, remind_again, remind_of_order, remind_of_renewal
from kajoom.operations.billing.renewal_batch import issue_renewals
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.billing.suspension import announce_suspension, ask_staff_about, suspend_unpaid
from kajoom.operations.orders.cancellation import carry_out_cancellation
from kajoom.operations.orders.close import expire_order
from kajoom.operations.orders.provisioning import start_due_order
from kajoom.operations.orders.stuck import ask_again
from kajoom.operations.transaction import transactional, trial

log = logging.getLogger(__name__)

BATCH = 100
"""Services billed by one message, well within its lease."""


_TOGETHER = 10
"""Renewals of one transaction: on SQLite nobody else can write meanwhile, a few hundredths of a second."""


class Item(NamedTuple):
    """One action of the daily run: its name, the id of its row, and the due date for which it was planned."""

    what: str
    row_id: int
    due: date | None = None


_MESSAGES_KEPT = timedelta(days=90)
_EVENTS_KEPT = timedelta(days=180)
_ADDRESS_CHANGES_KEPT = timedelta(days=90)
_OVER = timedelta(0)
"""Sessions and counters are deleted as soon as they mean nothing more."""

_DELETED_AT_ONCE = 1000
_DAYS_BEFORE_EXPIRY = 2
_DAYS_BEFORE_DUE = 3
_DAYS_OVERDUE = 7


def run_day(on: date, at: datetime) -> None:
    """Run what is due on the day ``on`` or before, each action in its own transaction; run again, it does no more.

    Renewals are issued separately, in batches.
    """
    # Each list is queried after the one before was run: an expired order no longer delays what follows.
    for items in (_ending, _starting, _reminding, _suspending):
        _run(items(on), on, at)


def issue_renewal_batch(on: date, at: datetime, days: int, after: RenewalCursor | None = None) -> RenewalCursor | None:
    """Issue the next renewals due within ``days`` of ``on``; the cursor of the next batch, or ``None`` at the end."""
    services = _services_to_renew(on + timedelta(days=days), after)
    for first in range(0, len(services), _TOGETHER):
        _renew(services[first : first + _TOGETHER], on, at)
    return services[-1] if len(services) == BATCH else None


def _renew(services: list[RenewalCursor], on: date, at: datetime) -> None:
    """Issue a few renewals in one transaction or, when one of them fails, each in a transaction of its own."""
    try:
        issue_renewals(services, on, at)
    except Exception:
        log.warning("renewals are issued one by one", exc_info=True)
        _run([Item("renew", each.service_id, each.due) for each in services], on, at)


def bill_day(on: date, at: datetime, days: int) -> None:
    """Run a whole day at once, renewals included."""
    run_day(on, at)
    cursor = issue_renewal_batch(on, at, days)
    while cursor is not None:
        cursor = issue_renewal_batch(on, at, days, cursor)


def preview_bill(on: date, at: datetime, days: int) -> BillPreview:
    """Run a day's billing for trial, and return what it would issue and write: nothing of it is written."""
    with trial():
        before = newest_rows()
        bill_day(on, at, days)
        return added_since(before)


def run_item(item: Item, on: date, at: datetime) -> None:
    """Run one action; ``KeyError`` for an unknown one."""
    _ACTIONS[item.what](item, on, at)


def delete_old_rows(at: datetime) -> None:
    """Delete messages done 90 days ago, webhook events received 180 days ago and what is over, step by step."""
    for delete_rows, age in _RETENTION:
        while _delete(delete_rows, at - age) == _DELETED_AT_ONCE:
            pass


@transactional
def _delete(delete_rows: Callable[[datetime, int], int], before: datetime) -> int:
    return delete_rows(before, _DELETED_AT_ONCE)


def enqueue_day(on: date, at: datetime) -> None:
    """Queue the run of a day and the reconciliation of the day before, once, however many workers call this."""
    _enqueue("day", f"day-{on.isoformat()}", on, at)
    _enqueue("reconcile", f"reconcile-{on.isoformat()}", on - timedelta(days=1), at)


@transactional
def enqueue_digest(on: date, at: datetime) -> None:
    """Queue the digest of a day to staff, due ``at``, once, however many workers call this."""
    outbox.enqueue("email", f"staff_digest-{on.isoformat()}", at, email="staff_digest", on=on.isoformat())


def enqueue_renewal_batch(on: date, at: datetime, after: RenewalCursor | None = None) -> None:
    """Queue the next batch of a day's renewals, behind the messages that are already due."""
    suffix = f"-{after.due.isoformat()}-{after.service_id}" if after else ""
    _enqueue("renewals", f"renewals-{on.isoformat()}{suffix}", on, at, after)


@transactional
def _enqueue(kind: str, key: str, on: date, at: datetime, after: RenewalCursor | None = None) -> None:
    cursor = {"due": after.due.isoformat(), "service": after.service_id} if after else {}
    outbox.enqueue(kind, key, at, on=on.isoformat(), **cursor)


@transactional(read_only=True)
def _services_to_renew(until: date, after: RenewalCursor | None) -> list[RenewalCursor]:
    return services_to_renew(until, after, BATCH)


@transactional(read_only=True)
def _ending(on: date) -> list[Item]:
    return [
        *(Item("end", each) for each in cancellations_due(on)),
        *(Item("expire", each) for each in orders_expired(on)),
    ]


@transactional(read_only=True)
def _starting(on: date) -> list[Item]:
    return [
        *(Item("start", each) for each in orders_due(on)),
        *(Item("ask_panel", each) for each in changes_without_job()),
    ]


@transactional(read_only=True)
def _reminding(on: date) -> list[Item]:
    return [
        *(Item("remind_order", each) for each in orders_nearly_expired(on, _DAYS_BEFORE_EXPIRY)),
        *(Item("remind_renewal", each) for each in renewals_nearly_due(on, _DAYS_BEFORE_DUE)),
        *(Item("tell_overdue", each) for each in renewals_overdue(on)),
        *(Item("remind_again", each) for each in renewals_long_overdue(on, _DAYS_OVERDUE)),
    ]


@transactional(read_only=True)
def _suspending(on: date) -> list[Item]:
    policy = catalog().unpaid
    items = []
    if policy.suspend_days is not None:
        items += [Item("announce_suspension", each) for each in renewals_to_announce(on)]
        items += [Item("suspend", each) for each in renewals_to_suspend(on)]
    due_by = policy.decided_from(on)
    if due_by is not None:
        items += [Item("ask_staff", each) for each in renewals_to_decide(due_by)]
    return items


def _run(items: Iterable[Item], on: date, at: datetime) -> None:
    for item in items:
        try:
            run_item(item, on, at)
        except Exception:
            # An unexpected error of one row must not stop the others: the action becomes a message of its own, which
            # is retried and, after the last attempt, needs a person.
            log.exception("%s of row %s failed on %s", item.what, item.row_id, on)
            _queue_retry(item, on, at)


@transactional
def _queue_retry(item: Item, on: date, at: datetime) -> None:
    due = {"due": item.due.isoformat()} if item.due else {}
    key = f"{item.what}-{item.row_id}-{on.isoformat()}"
    outbox.enqueue("item", key, at, what=item.what, row=item.row_id, on=on.isoformat(), **due)


_RETENTION = (
    (delete_done_messages, _MESSAGES_KEPT),
    (delete_webhook_events, _EVENTS_KEPT),
    (delete_panel_callbacks, _MESSAGES_KEPT),
    (delete_expired_sessions, _OVER),
    (delete_address_changes, _ADDRESS_CHANGES_KEPT),
    (delete_forgotten_counters, _OVER),
)

_ACTIONS: dict[str, Callable[[Item, date, datetime], object]] = {
    "end": lambda item, on, at: carry_out_cancellation(item.row_id, on, at),
    "expire": lambda item, on, at: expire_order(item.row_id, on, at),
    "start": lambda item, on, at: start_due_order(item.row_id, on, at),
    "ask_panel": lambda item, _on, at: ask_again(item.row_id, at),
    "renew": lambda item, on, at: issue_renewal(item.row_id, on, at, item.due),
    "remind_order": lambda item, on, at: remind_of_order(item.row_id, at),
    "remind_renewal": lambda item, on, at: remind_of_renewal(item.row_id, at),
    "tell_overdue": lambda item, on, at: notify_overdue(item.row_id, on, at),
    "announce_suspension": lambda item, on, at: announce_suspension(item.row_id, on, at),
    "suspend": lambda item, on, at: suspend_unpaid(item.row_id, on, at),
    "ask_staff": lambda item, _on, at: ask_staff_about(item.row_id, at),
    "remind_again": lambda item, on, at: remind_again(item.row_id, on, at),
}
