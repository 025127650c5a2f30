"""The arithmetic of the oracle: days, cents and taxes worked out again, without anything of the program.

It is written from docs/pricing.md and docs/billing.md. Amounts are whole cents.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from fractions import Fraction

_GST, _QST = Fraction(5), Fraction("9.975")
_HST = {"ON": 13, "NB": 15, "NL": 15, "PE": 15}
_NOVA_SCOTIA = ((date(2025, 4, 1), 14), (date.min, 15))

Tax = tuple[str, int]
"""The name of a tax and its amount."""


def rounded(amount: Fraction | int) -> int:
    """An amount to the cent, a half away from zero."""
    size = int(abs(Fraction(amount)) * 2 + 1) // 2
    return size if amount >= 0 else -size


def months_later(day: date, months: int, anchor: int) -> date:
    """The day ``anchor`` of the month, or its last one, so many months after that of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(anchor, monthrange(year, month + 1)[1]))


def taxes_on(amount: int, province: str, on: date) -> list[Tax]:
    """The taxes of a province on an amount; none for an empty province, or where the amount is nothing."""
    if not province or amount <= 0:
        return []
    if province == "QC":
        return [("GST", _share(amount, _GST)), ("QST", _share(amount, _QST))]
    if province == "NS":
        return [("HST", _share(amount, next(rate for since, rate in _NOVA_SCOTIA if on >= since)))]
    if province in _HST:
        return [("HST", _share(amount, _HST[province]))]
    return [("GST", _share(amount, _GST))]


def _share(amount: int, percent: Fraction | int) -> int:
    return rounded(Fraction(amount) * percent / 100)


def price_for_days(amount: int, days: int, of_days: int) -> int:
    """What ``days`` of a cycle of ``of_days`` days cost, of an amount for a whole cycle."""
    return rounded(Fraction(amount * days, of_days))
