"""Paying an invoice through a provider: what a client pays with, and the life of one attempt as a table.

An attempt whose answer was lost is ``UNKNOWN``, which is not a failure: the provider may have taken the money.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money


class AttemptStatus(StrEnum):
    """Where an attempt to take an invoice's balance stands, and what a provider reports of it.

    ``SENDING``: a request for the money is committed and may be on its way. ``PENDING``: the provider has it, and
    waits for the client's approval or for the money. ``UNKNOWN``: the provider's answer was lost. ``CAPTURED``: the
    money was received. ``REFUSED``: it was not, and will not be.
    """

    SENDING = "sending"
    PENDING = "pending"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    REFUSED = "refused"


class AttemptEvent(StrEnum):
    """What may happen to an attempt: we claim its capture or abandon it, or its provider reports a status."""

    CAPTURE_CLAIMED = "capture_claimed"
    ABANDONED = "abandoned"
    PENDING = "pending"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    REFUSED = "refused"


S, E = AttemptStatus, AttemptEvent

OPEN = frozenset({S.SENDING, S.PENDING, S.UNKNOWN})
"""The statuses that are not settled; an invoice has at most one attempt in them."""

_OF_AN_OPEN_ATTEMPT = {
    E.CAPTURE_CLAIMED: S.SENDING,
    E.ABANDONED: S.REFUSED,
    E.PENDING: S.PENDING,
    E.UNKNOWN: S.UNKNOWN,
    E.CAPTURED: S.CAPTURED,
    E.REFUSED: S.REFUSED,
}

TRANSITIONS: dict[tuple[AttemptStatus, AttemptEvent], AttemptStatus] = {
    **{(status, event): after for status in OPEN for event, after in _OF_AN_OPEN_ATTEMPT.items()},
    (S.REFUSED, E.CAPTURED): S.CAPTURED,  # money that arrives late is received all the same
}

GIVEN_UP = "given_up"
EXPIRED = "expired"
INVOICE_CHANGED = "invoice_changed"
SAVED_METHOD_ENDED = "saved_method_ended"
"""Our own reasons for an attempt without money: the client gave it up, did not approve it in time, the invoice no
longer owed that amount, or the saved account is no longer accepted by the provider. Any other reason is a code of the
provider's."""

NEVER_CAPTURED = frozenset({GIVEN_UP, EXPIRED, INVOICE_CHANGED})
"""The reasons of an attempt whose money was never requested, which is no error of the client's."""


class InvalidTransition(Exception):
    """An event that an attempt's status does not allow."""


def allows(status: AttemptStatus, event: AttemptEvent) -> bool:
    """Whether the event changes anything for an attempt of this status."""
    return (status, event) in TRANSITIONS


def advance(status: AttemptStatus, event: AttemptEvent) -> AttemptStatus:
    """The status after ``event``; ``InvalidTransition`` when the table has no such pair."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise InvalidTransition(f"{event} cannot happen to an attempt that is {status}") from None


def may_capture(amount: Money, status: InvoiceStatus, balance: Money) -> bool:
    """Whether ``amount`` may be captured: the invoice is open and owes exactly that, no more and no less."""
    return status is InvoiceStatus.OPEN and balance == amount


@dataclass(frozen=True, slots=True)
class PaymentChoice:
    """What a client pays with.

    ``method`` is a payment method's code, ``saved`` the id of the saved account to charge, and ``save_method`` is
    true when the account they pay with is to be saved for later payments.
    """

    method: str
    saved: int | None = None
    save_method: bool = False
