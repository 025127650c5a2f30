"""Statuses of a refund by the result of its provider."""

from __future__ import annotations

import pytest

from kajoom.domain.payment import AttemptStatus
from kajoom.domain.refund import OPEN, RefundStatus, status_after


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (AttemptStatus.CAPTURED, RefundStatus.DONE),
        (AttemptStatus.REFUSED, RefundStatus.REFUSED),
        (AttemptStatus.PENDING, RefundStatus.PENDING),
        (AttemptStatus.UNKNOWN, RefundStatus.UNKNOWN),
        (AttemptStatus.SENDING, RefundStatus.UNKNOWN),  # not a result yet
    ],
)
def test_status_after_the_result_of_a_provider(result: AttemptStatus, status: RefundStatus) -> None:
    assert status_after(result) is status


def test_refund_is_open_until_the_provider_gives_a_final_result() -> None:
    assert set(RefundStatus) - OPEN == {RefundStatus.DONE, RefundStatus.REFUSED}
