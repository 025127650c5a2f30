"""Refunds: their statuses, and what of an invoice’s payments may be refunded.

A refund whose response was lost is ``UNKNOWN``, which is not a failure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
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


REFUNDABLE = frozenset(
    {
        CreditReason.CHANGE_REFUSED, CreditReason.CREDIT_NOTE, CreditReason.LATE_PAYMENT, CreditReason.OVERPAID,
        CreditReason.GIVEN_BACK, CreditReason.REFUNDED, CreditReason.REFUND_REFUSED,
    }
)  # fmt: skip
"""The movements whose sum is the credit that came of an invoice, less what was refunded of it."""


@dataclass(frozen=True, slots=True)
class RefundablePayment:
    """A payment of an invoice: its id, its provider, and what is left of it after its refunds."""

    id: int
    provider: str
    left: Money


def refund_shares(
    left: Money, payments: Iterable[RefundablePayment], offered: Collection[str]
) -> list[tuple[RefundablePayment, Money]]:
    """What to refund of each payment through the providers ``offered``, at most ``left`` in all.

    The payments are given the latest first: it is the one that came late or in excess.
    """
    shares = []
    for payment in payments:
        share = min(left, payment.left)
        if payment.provider in offered and share > share.zero():
            shares.append((payment, share))
            left -= share
    return shares
