"""The life of one attempt at being paid; a lost answer is a state of its own, never a failure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AttemptStatus(StrEnum):
    """``SENDING`` is written before the wire, again before approved money is taken; ``UNKNOWN`` after an answer that
    never came; the rest is known."""

    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    REFUSED = "refused"


GIVEN_UP = "given_up"
EXPIRED = "expired"
SAVED_METHOD_ENDED = "saved_method_ended"
"""Why an attempt came to nothing, in our own words: given up by its client, approved too late, or a saved method that
its provider no longer honours. Any other reason is the provider's."""


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """What a client pays with: a ``method`` by its code, and with it the ``saved`` account by the number of its row,
    or one that ``save_method`` for another time."""

    method: str
    saved: int | None = None
    save_method: bool = False


class InvalidOutcome(Exception):
    """An outcome that an attempt's status does not allow."""


A = AttemptStatus

OUTCOMES: dict[AttemptStatus, frozenset[AttemptStatus]] = {
    A.SENDING: frozenset({A.SENDING, A.PENDING, A.UNKNOWN, A.CAPTURED, A.REFUSED}),
    A.PENDING: frozenset({A.SENDING, A.PENDING, A.UNKNOWN, A.CAPTURED, A.REFUSED}),
    A.UNKNOWN: frozenset({A.SENDING, A.PENDING, A.UNKNOWN, A.CAPTURED, A.REFUSED}),
    A.CAPTURED: frozenset(),
    A.REFUSED: frozenset({A.CAPTURED}),  # money that arrives after all is money
}

OPEN = frozenset({A.SENDING, A.PENDING, A.UNKNOWN})
"""The statuses that are not settled; an invoice has at most one attempt in them."""


def settle(status: AttemptStatus, outcome: AttemptStatus) -> AttemptStatus:
    """The status once ``outcome`` is learnt; ``InvalidOutcome`` where money already told otherwise."""
    if outcome not in OUTCOMES[status]:
        raise InvalidOutcome(f"an attempt that is {status} cannot become {outcome}")
    return outcome
