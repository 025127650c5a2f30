"""The life of money sent back to where it came from; a lost answer is a state of its own, never a failure."""

from __future__ import annotations

from enum import StrEnum

from kajoom.domain.payment import AttemptStatus


class RefundStatus(StrEnum):
    """``SENDING`` is written before the wire; ``PENDING`` and ``UNKNOWN`` are asked about again; the rest is known."""

    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    DONE = "done"
    REFUSED = "refused"


OPEN = frozenset({RefundStatus.SENDING, RefundStatus.PENDING, RefundStatus.UNKNOWN})
"""The statuses that are not settled; a payment has at most one refund in them."""

_AFTER = {
    AttemptStatus.CAPTURED: RefundStatus.DONE,
    AttemptStatus.REFUSED: RefundStatus.REFUSED,
    AttemptStatus.PENDING: RefundStatus.PENDING,
    AttemptStatus.UNKNOWN: RefundStatus.UNKNOWN,
    AttemptStatus.SENDING: RefundStatus.UNKNOWN,
}


def status_after(answer: AttemptStatus) -> RefundStatus:
    """Where a refund stands once its provider has answered: a provider speaks of both in the same words."""
    return _AFTER[answer]
