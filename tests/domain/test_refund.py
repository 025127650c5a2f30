"""The statuses of a refund, and which of them the answers of a provider lead to."""

from __future__ import annotations

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refund import OPEN, RefundStatus, status_after


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (AttemptStatus.CAPTURED, RefundStatus.DONE),
        (AttemptStatus.REFUSED, RefundStatus.REFUSED),
        (AttemptStatus.PENDING, RefundStatus.PENDING),
        (AttemptStatus.UNKNOWN, RefundStatus.UNKNOWN),
        (AttemptStatus.SENDING, RefundStatus.UNKNOWN),  # not yet an answer
    ],
)
def test_status_after_an_answer(answer: AttemptStatus, status: RefundStatus) -> None:
    assert status_after(answer) is status


def test_a_refund_is_open_until_the_provider_gave_a_final_answer() -> None:
    assert set(RefundStatus) - OPEN == {RefundStatus.DONE, RefundStatus.REFUSED}
