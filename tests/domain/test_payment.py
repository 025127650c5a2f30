"""The life of one attempt at being paid, every status against every outcome."""

from __future__ import annotations

from itertools import product

import pytest

from kajoom.domain.payment import OPEN, AttemptStatus, InvalidOutcome, settle

A = AttemptStatus
LEARNT = {A.PENDING, A.UNKNOWN, A.CAPTURED, A.REFUSED}
EXPECTED = {
    A.SENDING: {A.SENDING, *LEARNT},  # approved money is asked for, or asked for anew
    A.PENDING: {A.SENDING, *LEARNT},
    A.UNKNOWN: {A.SENDING, *LEARNT},
    A.CAPTURED: set(),
    A.REFUSED: {A.CAPTURED},  # a late payment is money all the same
}


@pytest.mark.parametrize(("status", "outcome"), list(product(AttemptStatus, AttemptStatus)))
def test_an_outcome_is_believed_only_where_the_table_allows_it(status: AttemptStatus, outcome: AttemptStatus) -> None:
    if outcome in EXPECTED[status]:
        assert settle(status, outcome) is outcome
    else:
        with pytest.raises(InvalidOutcome, match=f"an attempt that is {status} cannot become {outcome}"):
            settle(status, outcome)


def test_a_lost_answer_is_not_a_failure() -> None:
    assert A.UNKNOWN in OPEN
    assert settle(A.UNKNOWN, A.CAPTURED) is A.CAPTURED


def test_money_received_is_the_end_of_an_attempt() -> None:
    assert {A.CAPTURED, A.REFUSED}.isdisjoint(OPEN)
    assert not EXPECTED[A.CAPTURED]
