"""The cast of these tests: terms written as the price list says them, and services that hold them."""

from __future__ import annotations

from datetime import date
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import PricingInput
from kajoom.domain.money import Money
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
    """The terms written "10.00/month", "50.00/once" or "free"."""
    amount, _, cycle = text.rpartition("/")
    return Terms(plan, "hosting", CYCLES[cycle], Money.parse(amount or "0", currency), quantity)


def make_service(text: str, due: str | date | None = None, anchor: int | None = None, **more: Any) -> PricingInput:
    """A service on plan "a" paid up to ``due``; the anchor is the day of ``due`` unless it is said."""
    day = date.fromisoformat(due) if isinstance(due, str) else due
    more = {"province": "QC", "credit": Money(0), **more}
    return PricingInput(terms(text, "a"), day, anchor or (day.day if day else 1), **more)


def day(text: str) -> date:
    """The day written "2026-06-16"."""
    return date.fromisoformat(text)
