"""Which message of the outbox is next: by class, and in a class one kind after the other."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from kajoom.domain.priority import KINDS, Priority, Turns, queue_of
from tests.factories import AT

_HOUR = timedelta(hours=1)


def next_queue(turns: Turns, waiting: Counter[str], late: Counter[str]) -> str:
    """Take the next message of those that wait, by queue; ``late`` are those that have been due for an hour."""
    for each in turns.ranges(AT):
        messages = late if each.due_by < AT else waiting
        found = sorted(queue for queue in +messages if each.after < queue <= each.last)
        if found:
            turns.pass_on(found[0])
            messages[found[0]] -= 1
            return found[0]
    return ""


@pytest.mark.parametrize(
    ("kind", "ids", "queue"),
    [
        ("provision", {"order": 1}, "1-provision"),
        ("usage", {"service": 1}, "1-usage"),
        ("usage", {"server": "s1", "bulk": True}, "3-usage"),
        ("email", {"email": "password_reset", "client": 1}, "2-password_reset"),
        ("email", {"email": "invitation", "client": 1}, "2-invitation"),
        ("email", {"email": "invitation", "client": 1, "bulk": True}, "3-invitation"),
        ("email", {"email": "renewal_invoice", "invoice": 1}, "3-renewal_invoice"),
    ],
)
def test_queue_names_the_class_and_the_kind(kind: str, ids: dict[str, Any], queue: str) -> None:
    assert queue_of(kind, ids) == queue


def test_each_kind_has_one_class() -> None:
    assert sum(map(len, KINDS.values())) == len(frozenset.union(*KINDS.values()))
    assert set(KINDS) == set(Priority)


def test_earlier_class_goes_first() -> None:
    waiting = Counter({"3-reminder": 1, "2-password_reset": 2, "1-settle": 1})
    turns = Turns()
    order = [next_queue(turns, waiting, Counter()) for _ in range(5)]
    assert order == ["1-settle", "2-password_reset", "2-password_reset", "3-reminder", ""]


def test_many_messages_of_one_kind_delay_another_kind_by_one() -> None:
    turns, waiting = Turns(), Counter({"1-suspension": 3000})
    for _ in range(10):
        next_queue(turns, waiting, Counter())
    waiting["1-provision"] += 2
    assert [next_queue(turns, waiting, Counter()) for _ in range(4)].count("1-provision") == 2


def test_message_that_is_an_hour_late_is_handled_although_an_earlier_class_never_ends() -> None:
    turns, waiting, late = Turns(), Counter({"1-suspension": 3000}), Counter({"3-reminder": 2, "2-refunded": 1})
    order = [next_queue(turns, waiting, late) for _ in range(24)]
    assert [place for place, queue in enumerate(order) if queue != "1-suspension"] == [7, 15, 23]
    assert order[7] == "3-reminder"
