"""Factories of catalogues, clients, services and orders. The tests' day is ``ON``, at the instant ``AT``."""

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
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.quotes import Choice, quote_change

ON = date(2026, 6, 16)
DUE = date(2026, 7, 1)  # 15 of 30 days are left: every prorated monthly amount is one half
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


def translated(text: str) -> dict[str, str]:
    """Return a text in both languages that differ."""
    return {"fr": text, "en": f"{text} (en)"}


def catalogue() -> None:
    """Create four plans with moves between all of them (staff needed for "c"), and a plan alone in its group."""
    db.session.add(CatalogVersion(version=1, loaded_at=AT, seller=SELLER))
    hosting = ProductGroup(code="hosting", name=translated("Hébergement Web"), delay=DELAY)
    plans = [_plan(hosting, level, *row) for level, row in enumerate(_PLANS)]
    for plan in plans:
        plan.moves = [Move(to_plan=other, needs_person=other.code == "c") for other in plans if other is not plan]
    alone = ProductGroup(code="domains", name=translated("Domaines"), delay=DELAY)
    db.session.add_all([hosting, alone, _plan(alone, 0, "domain", 2000, {})])
    db.session.commit()


def _plan(group: ProductGroup, level: int, code: str, cents: int, limits: Mapping[str, int | None]) -> Plan:
    return Plan(
        group=group,
        code=code,
        name=translated(f"Forfait {code.upper()}"),
        title=translated(code),
        description=translated(code),
        level=level,
        limits=dict(limits),
        package=f"pkg_{code}",
        prices=[Price(cycle=cycle, currency="CAD", cents=cents * times) for cycle, times in _MULTIPLES.items()],
    )


def plan_row(code: str) -> Plan:
    """Return the row of a plan."""
    return db.session.query(Plan).filter_by(code=code).one()


def reload_catalogue() -> None:
    """Commit the changes made to the catalogue and increment its version, as a new load does."""
    db.session.query(CatalogVersion).one().version += 1
    db.session.commit()


def set_seller(**numbers: str) -> None:
    """Change the seller's registration numbers in the catalogue."""
    row = db.session.query(CatalogVersion).one()
    row.seller = {**row.seller, **numbers}
    reload_catalogue()


def client(**more: Any) -> Client:
    """Create a client in Québec whose language is French."""
    n = next(_numbers)
    columns = {"external_id": f"C{n}", "email": f"c{n}@example.com", "name": f"Client {n}", "fs_uniquifier": f"u{n}"}
    row = Client(created_at=AT, **{**columns, **more})
    db.session.add(row)
    db.session.commit()
    return row


def service(holder: Client | None = None, plan: str = "a", **more: Any) -> Service:
    """Create a monthly service on ``plan`` at its price, paid up to ``DUE``, with a low usage."""
    row = plan_row(plan)
    n = next(_numbers)
    columns = {
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
    service_row = Service(client=holder or client(), plan=row, **{**columns, **more})
    db.session.add(service_row)
    db.session.commit()
    return service_row


def credit(holder: Client, cents: int, currency: str = "CAD") -> None:
    """Grant account credit as staff."""
    key, reason = f"granted-{next(_numbers)}", CreditReason.GRANTED
    entry = CreditEntry(key=key, client_id=holder.id, cents=cents, currency=currency, reason=reason, at=AT)
    db.session.add(entry)
    db.session.commit()


def snapshot(row: Service, on: date = ON) -> ServiceSnapshot:
    """Read the snapshot of a service."""
    result = service_snapshot_of(row.client_id, row.id, on)
    assert result is not None
    return result


def price(
    row: Service, plan: str = "b", cycle: BillingCycle = MONTHLY, when: When | None = None, on: date = ON
) -> Quote:
    """Price a change of plan."""
    return quote_change(snapshot(row, on), Choice(plan, cycle, when))


def confirm(
    row: Service, plan: str = "b", cycle: BillingCycle = MONTHLY, when: When | None = None, on: date = ON, **more: Any
) -> Order:
    """Price a change and place the order; ``more`` has fields of the form and ``days_to_pay``."""
    digest = more.get("digest") or price(row, plan, cycle, when, on).digest
    confirmation = Confirmation(digest, more.get("key") or f"key-{next(_numbers)}", more.get("acknowledged", True))
    choice = Choice(plan, cycle, when)
    return place_order(
        row.client_id,
        row.id,
        choice,
        confirmation,
        locale="fr",
        on=on,
        at=AT,
        days_to_pay=more.get("days_to_pay", 7),
        method_of=lambda _service: more.get("method", ""),
    ).order


def refusal(row: Service, *choice: Any, **more: Any) -> StrEnum:
    """Return the code for which a change is refused."""
    try:
        price(row, *choice, **more)
    except BusinessError as error:
        return error.code
    raise AssertionError(f"{choice} is not refused")


def invoice_for(order: Order) -> Invoice:
    """Return the invoice of an order."""
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return invoice
