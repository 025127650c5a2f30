"""Factories: terms written as in a price list ("10.00/month") and services on those terms."""

from __future__ import annotations

from datetime import date
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import PricingInput
from kajoom.domain.money import Money
from kajoom.domain.tax import Taxation
from kajoom.domain.terms import Terms

CYCLES = {
    "free": BillingCycle.FREE,
    "once": BillingCycle.ONE_TIME,
    "month": BillingCycle.MONTHLY,
    "quarter": BillingCycle.QUARTERLY,
    "half-year": BillingCycle.SEMIANNUALLY,
    "year": BillingCycle.ANNUALLY,
    "2 years": BillingCycle.BIENNIALLY,
    "3 years": BillingCycle.TRIENNIALLY,
}


def terms(text: str, plan: str, currency: str = "CAD", quantity: int = 1) -> Terms:
    """Parse the terms "10.00/month", "50.00/once" or "free"."""
    amount, _, cycle = text.rpartition("/")
    return Terms(plan, "hosting", CYCLES[cycle], Money.parse(amount or "0", currency), quantity)


def make_service(text: str, due: str | date | None = None, anchor: int | None = None, **more: Any) -> PricingInput:
    """Make a service on plan "a" paid up to ``due``; ``anchor`` defaults to the day of ``due``.

    ``province``, ``registered`` and ``exempt`` are those of its taxation.
    """
    day = date.fromisoformat(due) if isinstance(due, str) else due
    facts = {name: more.pop(name) for name in ("registered", "exempt") if name in more}
    taxation = Taxation(more.pop("province", "QC"), **facts)
    more = {"credit": Money(0), **more}
    return PricingInput(terms(text, "a"), day, anchor or (day.day if day else 1), taxation, **more)


def day(text: str) -> date:
    """Parse the day "2026-06-16"."""
    return date.fromisoformat(text)
