"""The renewal that is to be paid for a service, as a value of its snapshot."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from kajoom.domain.money import Money


class UnpaidRenewal(NamedTuple):
    """The renewal invoice of a service that is to be paid: the oldest one with a balance.

    It is for the days from ``period_start`` to the one before ``period_end``. ``credit`` was applied to it and
    ``received`` was paid on it; ``is_being_paid`` is whether a payment of it may still take money, which one that waits
    for the client's approval at the provider cannot once the invoice is void. ``suspends_on`` is the day that was
    announced for the suspension of the service, and ``lifts_suspension`` whether the payment ends a suspension.
    """

    number: str
    balance: Money
    due_on: date
    period_start: date
    period_end: date
    credit: Money
    received: Money
    is_being_paid: bool
    suspends_on: date | None = None
    lifts_suspension: bool = True

    @property
    def given_back(self) -> Money:
        """What becomes account credit when it is voided."""
        return self.credit + self.received

    def is_late(self, on: date) -> bool:
        """Whether its own due date has passed: what is due today is not late."""
        return self.due_on < on

    def blocks(self, on: date) -> bool:
        """Whether it must be paid before the plan changes; otherwise the change voids it, and it is issued anew."""
        return self.is_late(on) or bool(self.received) or self.is_being_paid


def unpaid_renewal_from(row: Any) -> UnpaidRenewal | None:
    """The renewal in the columns of a service's snapshot that begin with ``unpaid_``; ``None`` when they are null."""
    if row.unpaid_number is None:
        return None
    return UnpaidRenewal(
        number=row.unpaid_number,
        balance=Money(row.unpaid_cents, row.unpaid_currency),
        due_on=row.unpaid_due_on,
        period_start=row.unpaid_period_start,
        period_end=row.unpaid_period_end,
        credit=Money(row.unpaid_credit_cents, row.unpaid_currency),
        received=Money(row.unpaid_received_cents, row.unpaid_currency),
        is_being_paid=row.unpaid_is_being_paid,
        suspends_on=row.unpaid_suspends_on,
        lifts_suspension=row.lifts_when_paid,
    )
