"""In which order workers handle the messages of the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, NamedTuple


class Priority(IntEnum):
    """The classes of messages: as long as one of a class is due, none of a later class is handled."""

    MONEY_AND_HOSTING = 1
    WAITED_FOR = 2
    BULK = 3


KINDS: Mapping[Priority, frozenset[str]] = {
    Priority.MONEY_AND_HOSTING: frozenset(
        {
            "check", "day", "forget", "item", "provision", "reconcile", "refund", "renewals", "settle", "start",
            "suspension", "terminate", "usage",
        }
    ),
    Priority.WAITED_FOR: frozenset(
        {
            "address_changed", "address_confirm", "cancellation_received", "cancellation_withdrawn", "cancelled",
            "change_late", "change_requested", "credit_granted", "credit_note", "factor_changed", "invitation",
            "lift_late", "needs_review", "operational", "password_changed", "password_reset", "payment_late",
            "payment_partial", "payment_received", "person_on_it", "refunded", "refused", "scheduled", "service_ended",
            "staff_alert", "staff_notice", "staff_task", "suspended", "suspension_lifted", "terms_changed",
        }
    ),
    Priority.BULK: frozenset(
        {"expired", "overdue", "reminder", "renewal_invoice", "second_reminder", "staff_digest"}
    ),
}  # fmt: skip
"""The class of each kind of message, and of each kind of e-mail.

Of a kind that is usually waited for, ``bulk=True`` among the ids of a message says that it is one of many.
"""

_CLASS_OF = {kind: priority for priority, kinds in KINDS.items() for kind in kinds}
_LATE = timedelta(hours=1)
_LEASES_TO_LATE = 8
"""One lease in so many goes to a message of the later classes that is late, when there is one."""


class Range(NamedTuple):
    """Queues whose names come after ``after``, up to ``last``, and only messages that were due by then."""

    after: str
    last: str
    due_by: datetime


def queue_of(kind: str, ids: Mapping[str, Any]) -> str:
    """The name of the queue in which a message waits: the number of its class, and its kind or that of its e-mail."""
    name = str(ids.get("email", kind))
    priority = Priority.BULK if ids.get("bulk") else _CLASS_OF.get(name, Priority.WAITED_FOR)
    return f"{priority:d}-{name}"


class Turns:
    """Whose turn it is, as one worker remembers it: in each class one kind follows the other, a message each time.

    So that many messages of one kind delay those of another by one message only. That a class which never ends does
    not stop the later ones for ever, one message in eight is one of theirs that has been due for an hour.
    """

    def __init__(self) -> None:
        self._leases = 0
        self._last: dict[str, str] = {}

    def ranges(self, at: datetime) -> Iterator[Range]:
        """Where to look for the next message due ``at``: the first that is found is handled."""
        if self._leases % _LEASES_TO_LATE == _LEASES_TO_LATE - 1:
            for priority in reversed(Priority):
                yield from self._ranges_of(priority, at - _LATE)
        for priority in Priority:
            yield from self._ranges_of(priority, at)

    def _ranges_of(self, priority: Priority, due_by: datetime) -> Iterator[Range]:
        """The queues of a class after the one of its last message, then the others."""
        first, end = f"{priority:d}-", f"{priority:d}-zzz"
        last = self._last.get(first)
        if last is None:
            yield Range(first, end, due_by)
        else:
            yield from (Range(last, end, due_by), Range(first, last, due_by))

    def pass_on(self, queue: str) -> None:
        """Remember that a message of a queue is handled now."""
        self._leases += 1
        self._last[queue[:2]] = queue
