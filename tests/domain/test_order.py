"""The state machine of an order: every status against every event."""

from __future__ import annotations

from itertools import product

import pytest

from kajoom.domain.order import OPEN, TRANSITIONS, InvalidTransition, OrderEvent, OrderStatus, advance, allows

S, E = OrderStatus, OrderEvent

# The status after each event (columns) by status (rows); "." is not allowed.
TABLE = """
                       paid                   cancelled  expired    fell_due               needs_review           provisioned refused
awaiting_payment       awaiting_provisioning  cancelled  cancelled  .                      .                      .           .
awaiting_provisioning  .                      .          .          .                      awaiting_provisioning  completed   refused
scheduled              .                      cancelled  .          awaiting_provisioning  .                      .           .
completed              .                      .          .          .                      .                      .           .
cancelled              .                      .          .          .                      .                      .           .
refused                .                      .          .          .                      .                      .           .
"""  # noqa: E501

_EVENTS, *_ROWS = (line.split() for line in TABLE.strip().splitlines())
EXPECTED = {
    (OrderStatus(row[0]), OrderEvent(event)): OrderStatus(after)
    for row in _ROWS
    for event, after in zip(_EVENTS, row[1:], strict=True)
    if after != "."
}


@pytest.mark.parametrize(("status", "event"), list(product(OrderStatus, OrderEvent)))
def test_transition_follows_the_table(status: OrderStatus, event: OrderEvent) -> None:
    after = EXPECTED.get((status, event))
    assert allows(status, event) is (after is not None)
    if after is None:
        with pytest.raises(InvalidTransition, match=f"{event} cannot happen to an order that is {status}"):
            advance(status, event)
    else:
        assert advance(status, event) is after


def test_table_has_every_status_and_event() -> None:
    assert {row[0] for row in _ROWS} == set(OrderStatus)
    assert set(_EVENTS) == set(OrderEvent) - {E.PLACED}


def test_open_statuses_are_those_with_a_transition() -> None:
    assert {status for status, _ in TRANSITIONS} == OPEN


def test_every_open_status_can_reach_a_final_status() -> None:
    for status in OPEN:
        ends, seen = {status}, {status}
        while ends & OPEN:
            ends = {after for (before, _), after in TRANSITIONS.items() if before in ends} - seen | (ends - OPEN)
            seen |= ends
        assert ends


def test_paid_order_cannot_be_cancelled_or_expire() -> None:
    paid = advance(S.AWAITING_PAYMENT, E.PAID)
    assert not allows(paid, E.CANCELLED)
    assert not allows(paid, E.EXPIRED)
