"""The cast of these tests: a host's four plans, clients of Québec, and their services, all on one Tuesday of June."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import count
from typing import Any

from kajoom.domain.credit import CreditReason
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.quote import Quote
from kajoom.domain.refusal import BusinessError
from kajoom.domain.service import ServiceStatus
from kajoom.models.catalog import CatalogVersion, Move, Plan, Price, ProductGroup
from kajoom.models.client import Client
from kajoom.models.credit import CreditEntry
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.operations.orders.place import Confirmation, place_order
from kajoom.operations.orders.quotes import Choice, quote_change

ON = date(2026, 6, 16)
DUE = date(2026, 7, 1)  # 15 days of 30 are left of what is paid: every share of a month is one half
AT = datetime(2026, 6, 16, 15, 0, tzinfo=UTC)
MONTHLY, QUARTERLY, ANNUALLY = BillingCycle.MONTHLY, BillingCycle.QUARTERLY, BillingCycle.ANNUALLY
DELAY = {"fr": "1 jour ouvrable", "en": "1 business day"}
SELLER = {"name": "Hébergement Kajoom", "gst_number": "123456789 RT0001", "qst_number": "1234567890 TQ0001"}

_PLANS: tuple[tuple[str, int, Mapping[str, int | None]], ...] = (
    ("base", 9500, {"disk_mb": 5_000, "mailboxes": 10, "databases": 2}),
    ("a", 15000, {"disk_mb": 10_000, "mailboxes": 20, "databases": 5}),
    ("b", 22500, {"disk_mb": 20_000, "mailboxes": 50, "databases": 10}),
    ("c", 35000, {"disk_mb": None, "mailboxes": None, "databases": None}),
)
_MULTIPLES = {MONTHLY: 1, QUARTERLY: 3, ANNUALLY: 10}
_numbers = count(1)


def said(text: str) -> dict[str, str]:
    """A text of the host's, told apart by its language."""
    return {"fr": text, "en": f"{text} (en)"}


def catalogue() -> None:
    """Four plans from which one may move to any other, a person for "c"; and a plan that stands alone."""
    db.session.add(CatalogVersion(version=1, loaded_at=AT, seller=SELLER))
    hosting = ProductGroup(code="hosting", name=said("Hébergement Web"), delay=DELAY)
    plans = [_plan(hosting, level, *row) for level, row in enumerate(_PLANS)]
    for plan in plans:
        plan.moves = [Move(to_plan=other, needs_person=other.code == "c") for other in plans if other is not plan]
    alone = ProductGroup(code="domains", name=said("Domaines"), delay=DELAY)
    db.session.add_all([hosting, alone, _plan(alone, 0, "domain", 2000, {})])
    db.session.commit()


def _plan(group: ProductGroup, level: int, code: str, cents: int, limits: Mapping[str, int | None]) -> Plan:
    return Plan(
        group=group,
        code=code,
        name=said(f"Forfait {code.upper()}"),
        title=said(code),
        description=said(code),
        level=level,
        limits=dict(limits),
        package=f"pkg_{code}",
        prices=[Price(cycle=cycle, currency="CAD", cents=cents * times) for cycle, times in _MULTIPLES.items()],
    )


def plan_row(code: str) -> Plan:
    """The row of a plan."""
    return db.session.query(Plan).filter_by(code=code).one()


def reloaded() -> None:
    """The host loads the catalogue again: what was changed in it is committed, and its version moves on."""
    db.session.query(CatalogVersion).one().version += 1
    db.session.commit()


def client(**more: Any) -> Client:
    """A client of Québec who reads French."""
    n = next(_numbers)
    facts = {"external_id": f"C{n}", "email": f"c{n}@example.com", "name": f"Client {n}", "fs_uniquifier": f"u{n}"}
    row = Client(created_at=AT, **{**facts, **more})
    db.session.add(row)
    db.session.commit()
    return row


def service(holder: Client | None = None, plan: str = "a", **more: Any) -> Service:
    """A monthly service on ``plan`` at its price, paid up to the first of July, with little in use."""
    row = plan_row(plan)
    n = next(_numbers)
    facts = {
        "external_id": f"S{n}",
        "username": f"user{n}",
        "status": ServiceStatus.ACTIVE,
        "cycle": MONTHLY,
        "currency": "CAD",
        "recurring_cents": next(price.cents for price in row.prices if price.cycle is MONTHLY),
        "registered_on": date(2012, 6, 23),
        "next_due_date": DUE,
        "anchor_day": 1,
        "payment_method": "paypal",
        "usage": {"disk_mb": 1_000, "mailboxes": 3, "databases": 1},
    }
    snapshot = Service(client=holder or client(), plan=row, **{**facts, **more})
    db.session.add(snapshot)
    db.session.commit()
    return snapshot


def credit(holder: Client, cents: int, currency: str = "CAD") -> None:
    """Account credit that staff granted."""
    key, reason = f"granted-{next(_numbers)}", CreditReason.GRANTED
    entry = CreditEntry(key=key, client_id=holder.id, cents=cents, currency=currency, reason=reason, at=AT)
    db.session.add(entry)
    db.session.commit()


def snapshot(row: Service) -> ServiceSnapshot:
    """The service as a price depends on it."""
    found = service_snapshot_of(row.client_id, row.id)
    assert found is not None
    return found


def price(
    row: Service, plan: str = "b", cycle: BillingCycle = MONTHLY, when: When | None = None, on: date = ON
) -> Quote:
    """What a change costs."""
    return quote_change(snapshot(row), Choice(plan, cycle, when), on)


def confirm(
    row: Service, plan: str = "b", cycle: BillingCycle = MONTHLY, when: When | None = None, on: date = ON, **more: Any
) -> Order:
    """See the price and confirm it; ``digest``, ``key`` and ``acknowledged`` are the form's."""
    digest = more.get("digest") or price(row, plan, cycle, when, on).digest
    seen = Confirmation(digest, more.get("key") or f"key-{next(_numbers)}", more.get("acknowledged", True))
    choice = Choice(plan, cycle, when)
    return place_order(row.client_id, row.id, choice, seen, locale="fr", on=on, at=AT, days_to_pay=7)


def refusal(row: Service, *choice: Any, **more: Any) -> StrEnum:
    """Why a change cannot be priced."""
    try:
        price(row, *choice, **more)
    except BusinessError as error:
        return error.code
    raise AssertionError(f"nothing refuses {choice}")


def invoice_for(order: Order) -> Invoice:
    """The invoice of an order that costs something."""
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return invoice
