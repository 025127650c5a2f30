"""What the oracle expects to exist: clients, services, changes of plan, invoices and credit notes.

Amounts are whole cents, before tax unless they are called a total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.journeys.arithmetic import Tax, months_later

MONTHS = {"monthly": 1, "quarterly": 3, "semiannually": 6, "annually": 12, "five_years": 60, "ten_years": 120,
          "one_time": 0, "free": 0}  # fmt: skip
ENDED = {"terminated", "cancelled"}


@dataclass
class Person:
    """A client, as documents and taxes need them."""

    email: str
    province: str
    is_exempt: bool


@dataclass(eq=False)
class Invoice:
    """An invoice that must exist. ``lines`` are amounts before tax.

    ``is_replaced`` is whether it was paid and then credited so that its period could be invoiced again. ``reminders``
    has the day on which each was sent, ``suspends_on`` is the day that was announced for the suspension of the
    service, and ``was_decided`` whether staff were asked to decide about it.
    """

    service: Service
    kind: str
    issued_on: date
    due_on: date
    taxed_on: date
    lines: list[int]
    taxes: list[Tax]
    period: tuple[date, date] | None = None
    order: Order | None = None
    credit: int = 0
    paid: int = 0
    status: str = "open"
    voided_on: date | None = None
    is_replaced: bool = False
    reminders: dict[str, date] = field(default_factory=dict)
    suspends_on: date | None = None
    was_decided: bool = False
    paid_by_provider: int = 0
    refunded: int = 0
    notes: list[CreditNote] = field(default_factory=list)

    @property
    def total(self) -> int:
        """What is asked, taxes included."""
        return sum(self.lines) + sum(amount for _, amount in self.taxes)

    @property
    def balance(self) -> int:
        """What is left to pay."""
        return 0 if self.status == "void" else self.total - self.credit - self.paid

    @property
    def is_live_renewal(self) -> bool:
        """Whether its period cannot be invoiced again."""
        return self.kind == "renewal" and self.status != "void" and not self.is_replaced


@dataclass(eq=False)
class CreditNote:
    """A credit note that must exist; its amounts are what is credited. ``number`` counts all of them."""

    number: int
    reason: str
    issued_on: date
    subtotal: int
    taxes: list[Tax]

    @property
    def total(self) -> int:
        """What becomes account credit."""
        return self.subtotal + sum(amount for _, amount in self.taxes)


@dataclass(frozen=True)
class Quote:
    """A change of plan on a day: why it is refused, or what it costs and when it takes effect.

    ``options`` and ``discount`` are those on the new cycle. The two renewals are totals.
    """

    plan: str
    cycle: str
    refusal: str = ""
    decision: str = ""
    recurring: int = 0
    options: int = 0
    discount: int = 0
    effective_on: date = date.min
    next_due: date | None = None
    anchor: int = 0
    lines: tuple[int, ...] = ()
    taxes: tuple[Tax, ...] = ()
    credit_used: int = 0
    renewal_before: int = 0
    renewal_after: int = 0
    needs_person: bool = False

    @property
    def subtotal(self) -> int:
        """What it costs before tax."""
        return sum(self.lines)

    @property
    def total(self) -> int:
        """What it costs with taxes."""
        return self.subtotal + sum(amount for _, amount in self.taxes)

    @property
    def due_today(self) -> int:
        """What is left to pay after account credit."""
        return self.total - self.credit_used


@dataclass(eq=False)
class Order:
    """A confirmed change. ``before``, ``due`` and ``old_anchor`` are the service's terms when it was priced."""

    service: Service
    quote: Quote
    placed_on: date
    method: str
    before: int
    due: date | None
    old_anchor: int
    status: str = ""
    expires_on: date | None = None
    invoice: Invoice | None = None
    needs_person: bool = False
    was_reviewed: bool = False
    is_charged_by_day: bool = False
    was_reminded: bool = False
    paid_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Whether the change is under way."""
        return self.status in {"awaiting_payment", "awaiting_provisioning", "scheduled"}


@dataclass(eq=False)
class Service:
    """A service as it must stand. ``in_file`` and ``in_file_terms`` are what the host's file last gave.

    ``ending_on`` is the day that its client has asked it to end on, and ``asked`` what a person is asked to do about
    its suspension: "suspending", "lifting", or nothing. ``next_terms`` are the day from which staff have set another
    recurring amount, and that amount.
    """

    name: str
    client: str
    currency: str
    status: str
    plan: str
    cycle: str
    recurring: int
    quantity: int
    options: int
    discount: int
    due: date | None
    anchor: int
    usage: int | None
    method: str
    username: str
    in_file: str = ""
    in_file_terms: dict[str, Any] = field(default_factory=dict)
    ending_on: date | None = None
    asked: str = ""
    next_terms: tuple[date, int] | None = None
    has_terms_by_staff: bool = False
    invoices: list[Invoice] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

    @property
    def months(self) -> int:
        """The length of its cycle, 0 where nothing recurs."""
        return MONTHS[self.cycle]

    @property
    def has_ended(self) -> bool:
        """Whether the service has ended."""
        return self.status in ENDED

    def amount_from(self, due: date) -> int:
        """The recurring amount of the period that begins on ``due``."""
        terms = self.next_terms
        return terms[1] if terms is not None and terms[0] <= due else self.recurring

    @property
    def is_running(self) -> bool:
        """Whether it is neither suspended nor about to be, nor being restored."""
        return self.status == "active" and not self.asked

    @property
    def has_history(self) -> bool:
        """Whether its terms are no longer those of the host's file."""
        return bool(self.invoices or self.orders or self.has_terms_by_staff)

    @property
    def unpaid(self) -> Invoice | None:
        """Its renewal that is to be paid."""
        return next((each for each in self.invoices if each.kind == "renewal" and each.status == "open"), None)

    @property
    def order(self) -> Order | None:
        """Its change that is under way."""
        return next((each for each in self.orders if each.is_open), None)

    def cycles_from(self, day: date, cycles: int) -> date:
        """The day so many cycles after ``day``, on the anchor day."""
        return months_later(day, self.months * cycles, self.anchor)
