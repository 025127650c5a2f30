"""Statuses of a refund. A refund whose response was lost is ``UNKNOWN``, which is not a failure."""

from __future__ import annotations

from enum import StrEnum

from kajoom.domain.payment import AttemptStatus


class RefundStatus(StrEnum):
    """``SENDING`` is committed before the request; ``PENDING`` and ``UNKNOWN`` are polled; the rest are final."""

    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"


OPEN = frozenset({RefundStatus.SENDING, RefundStatus.PENDING, RefundStatus.UNKNOWN})
"""The statuses that are not settled; a payment has at most one refund in them."""

_STATUS_BY_RESULT = {
    AttemptStatus.CAPTURED: RefundStatus.DONE,
    AttemptStatus.REFUSED: RefundStatus.REFUSED,
    AttemptStatus.PENDING: RefundStatus.PENDING,
    AttemptStatus.UNKNOWN: RefundStatus.UNKNOWN,
    AttemptStatus.SENDING: RefundStatus.UNKNOWN,
}


def status_after(result: AttemptStatus) -> RefundStatus:
    """Return a refund's status for the provider's result, which uses the same statuses as a payment."""
    return _STATUS_BY_RESULT[result]
