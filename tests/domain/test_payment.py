"""The life of one attempt at a payment: every status against every event."""

from __future__ import annotations

from itertools import product

import pytest

from kajoom.domain.payment import (
    OPEN,
    AttemptEvent,
    AttemptStatus,
    InvalidTransition,
    PaymentChoice,
    advance,
    allows,
)

# A row for each status, a column for each event; "." where the event is not allowed.
TABLE = """
          capture_claimed  abandoned  pending  unknown  captured  refused
sending   sending          refused    pending  unknown  captured  refused
pending   sending          refused    pending  unknown  captured  refused
unknown   sending          refused    pending  unknown  captured  refused
captured  .                .          .        .        .         .
refused   .                .          .        .        captured  .
"""

_EVENTS, *_ROWS = (line.split() for line in TABLE.strip().splitlines())
EXPECTED = {
    (AttemptStatus(row[0]), AttemptEvent(event)): AttemptStatus(after)
    for row in _ROWS
    for event, after in zip(_EVENTS, row[1:], strict=True)
    if after != "."
}


@pytest.mark.parametrize(("status", "event"), list(product(AttemptStatus, AttemptEvent)))
def test_status_after_an_event_is_that_of_the_table(status: AttemptStatus, event: AttemptEvent) -> None:
    after = EXPECTED.get((status, event))
    assert allows(status, event) is (after is not None)
    if after is None:
        with pytest.raises(InvalidTransition, match=f"{event} cannot happen to an attempt that is {status}"):
            advance(status, event)
    else:
        assert advance(status, event) is after


def test_table_names_every_status_and_event() -> None:
    assert {row[0] for row in _ROWS} == set(AttemptStatus)
    assert set(_EVENTS) == set(AttemptEvent)


@pytest.mark.parametrize("status", sorted(set(AttemptStatus) - {AttemptStatus.SENDING}))
def test_each_status_that_a_provider_reports_is_an_event(status: AttemptStatus) -> None:
    assert advance(AttemptStatus.SENDING, AttemptEvent(status)) is status


def test_open_attempt_is_one_that_is_neither_paid_nor_refused() -> None:
    assert set(AttemptStatus) - OPEN == {AttemptStatus.CAPTURED, AttemptStatus.REFUSED}


def test_no_account_is_charged_or_saved_unless_it_is_chosen() -> None:
    choice = PaymentChoice("paypal")
    assert (choice.saved, choice.save_method) == (None, False)
