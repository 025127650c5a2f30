"""Money is a whole number of cents of one currency, and is rounded in one place: half up, once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_AMOUNT = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,2}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def _half_up(numerator: int, denominator: int) -> int:
    """The integer nearest to the fraction; a tie is rounded away from zero."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: whole cents of ``currency`` (an ISO 4217 code with two decimals)."""

    cents: int
    currency: str = "CAD"

    @classmethod
    def parse(cls, text: str, currency: str = "CAD") -> Money:
        """Read "1234.50" (a point, at most two decimals); ``ValueError`` says what is wrong with it."""
        if not _CURRENCY.fullmatch(currency):
            raise ValueError(f"not a currency code: {currency!r}")
        found = _AMOUNT.fullmatch(text.strip())
        if not found:
            raise ValueError(f"not an amount with at most two decimals: {text!r}")
        sign, whole, decimals = found.groups()
        cents = int(whole) * 100 + int((decimals or "").ljust(2, "0"))
        return cls(-cents if sign else cents, currency)

    def zero(self) -> Money:
        """Nothing, in the same currency."""
        return Money(0, self.currency)

    def __str__(self) -> str:
        whole, cents = divmod(abs(self.cents), 100)
        return f"{'-' if self.cents < 0 else ''}{whole}.{cents:02d}"

    def __bool__(self) -> bool:
        return self.cents != 0

    def __neg__(self) -> Money:
        return Money(-self.cents, self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.cents + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.cents - self._same(other), self.currency)

    def __mul__(self, share: int | Fraction) -> Money:
        """A share or a multiple of the amount, rounded half up to the cent: the only rounding of the house."""
        return Money(_half_up(self.cents * share.numerator, share.denominator), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.cents < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.cents <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.cents > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.cents >= self._same(other)

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.cents
