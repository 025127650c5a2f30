"""Throttling: how many acts of a kind may follow each other, and when the next one may.

Every figure is here, with its source; ``operations.accounts.throttling`` counts, in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class ThrottleKind(StrEnum):
    """What is counted, and for whom."""

    ADDRESS = "address"
    """Wrong passwords sent from a network address, whatever the account."""
    PAIR = "pair"
    """Wrong passwords for an account from a network address."""
    DEVICE = "device"
    """Wrong passwords for an account from a browser that has signed in to it before."""
    FACTOR = "factor"
    """Wrong codes of a second factor, which only someone with the password can send, for an account."""
    RESET_ADDRESS = "reset_address"
    """Requests of a new password from a network address."""
    RESET_ACCOUNT = "reset_account"
    """Requests of a new password for an account."""
    ORDER = "order"
    """Changes of plan that a client confirmed or cancelled."""
    CANCELLATION = "cancellation"
    """Cancellation requests that a client sent or withdrew."""
    PAYMENT = "payment"
    """Payments that a client started at a provider."""
    EMAIL = "email"
    """Acts of a client that write an e-mail."""


@dataclass(frozen=True, slots=True)
class Counter:
    """The acts counted so far. The next one may not be before ``next_at``; at ``forget_at`` all are forgotten."""

    count: int
    next_at: datetime
    forget_at: datetime


@dataclass(frozen=True, slots=True)
class _Allowance:
    """The first ``allowed`` acts are never refused: one that came a moment before another may be counted after it."""

    allowed: int

    def refuses(self, counter: Counter, at: datetime) -> bool:
        """Whether the last act of the count, at ``at``, is over the limit: beyond the allowed ones, before its time."""
        return counter.count > self.allowed and at < counter.next_at


@dataclass(frozen=True, slots=True)
class Window(_Allowance):
    """``allowed`` acts within the time that begins with the first of them, after which they are forgotten."""

    memory: timedelta

    def after(self, counter: Counter, _at: datetime) -> Counter:
        """The counter with the time of the next act, after one at ``_at`` was added to its count."""
        return replace(counter, next_at=counter.forget_at) if counter.count >= self.allowed else counter


@dataclass(frozen=True, slots=True)
class GrowingDelay(_Allowance):
    """``allowed`` failures without a delay; then one that begins with ``first`` and doubles, up to ``longest``.

    They are forgotten once none has followed for ``memory``.
    """

    first: timedelta
    longest: timedelta
    memory: timedelta

    def after(self, counter: Counter, at: datetime) -> Counter:
        """The counter with the time of the next attempt, after one at ``at`` was added to its count."""
        return Counter(counter.count, at + self._delay(counter.count), at + self.memory)

    def _delay(self, count: int) -> timedelta:
        if count < self.allowed:
            return timedelta(0)
        factor: int = 2 ** min(count - self.allowed, 20)  # more would only overflow
        return min(self.first * factor, self.longest)


Limit = Window | GrowingDelay

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_FIRST, _LONGEST = timedelta(seconds=30), timedelta(minutes=15)

# The doubling delay is what OWASP's Authentication Cheat Sheet recommends over a lockout, which a stranger could cause.
# Five wrong passwords are a person who tries the ones they use. The longest delay leaves some hundred guesses a day,
# the number that NIST SP 800-63B (3.2.2) allows, against passwords of twelve characters that are not common ones.
_PASSWORD = GrowingDelay(5, _FIRST, _LONGEST, _DAY)

LIMITS: Mapping[ThrottleKind, Limit] = {
    # An office or a mobile network shares an address: its failures are forgotten sooner, after four times as many.
    ThrottleKind.ADDRESS: GrowingDelay(20, _FIRST, _LONGEST, _HOUR),
    ThrottleKind.PAIR: _PASSWORD,
    # A browser counts by itself, as OWASP's "Device Cookies" do: failures elsewhere never delay it.
    ThrottleKind.DEVICE: _PASSWORD,
    # A code has six digits, of which about three are valid at once: 100 guesses a day find one in 3,000 days.
    ThrottleKind.FACTOR: _PASSWORD,
    # Of an account, the e-mails of one hour: more would not help its owner, whose links are valid for an hour.
    ThrottleKind.RESET_ACCOUNT: Window(3, _HOUR),
    ThrottleKind.RESET_ADDRESS: Window(20, _HOUR),
    # The owner's figure: 20 an hour, for the client who prepares a dozen sites.
    ThrottleKind.ORDER: Window(20, _HOUR),
    ThrottleKind.CANCELLATION: Window(20, _HOUR),
    # Each asks a provider. The invoices of a month of a client with many sites are paid one after the other.
    ThrottleKind.PAYMENT: Window(60, _HOUR),
    # Less than the two kinds of acts together: nobody changes and cancels that much at once.
    ThrottleKind.EMAIL: Window(30, _HOUR),
}
"""The limit of each kind."""
