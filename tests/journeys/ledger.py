"""What the program has written, read from its tables by plain SQL and named as the oracle names it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

from sqlalchemy import text

from kajoom.models.db import Base, db
from tests.journeys.expectations import Invoice, Order, Service
from tests.journeys.oracle import Oracle

Facts = dict[str, Any]


def rows(query: str, **values: Any) -> list[Any]:
    """The rows of a query, in a transaction of their own."""
    found = list(db.session.execute(text(query), values))
    db.session.rollback()
    return found


def all_tables() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as text."""
    return {
        table.name: sorted((tuple(map(str, row)) for row in rows(f'SELECT * FROM "{table.name}"')), key=str)
        for table in Base.metadata.sorted_tables
    }


def written() -> Facts:
    """The services, changes, invoices, credit notes, tasks and account credit as the program has them."""
    return {**_services(), **_orders(), **_invoices(), **_credit_notes(), **_lists()}


def _services() -> Facts:
    facts: Facts = {}
    for row in rows(
        "SELECT s.*, p.code AS plan, g.code AS sold_in FROM service s JOIN plan p ON p.id = s.plan_id"
        " JOIN product_group g ON g.id = p.group_id"
    ):
        usage = _json(row.usage)
        facts[f"service {row.external_id}"] = (
            row.status, f"{row.sold_in}/{row.plan}", row.cycle, row.recurring_cents, row.quantity, row.options_cents,
            row.discount_cents, _day(row.next_due_date), row.anchor_day, usage["disk_mb"] if usage else None,
        )  # fmt: skip
    return facts


def _orders() -> Facts:
    count, facts = Counter[str](), Facts()
    for row in rows(
        'SELECT o.*, s.external_id, p.code AS plan FROM "order" o JOIN service s ON s.id = o.service_id'
        " JOIN plan p ON p.id = o.to_plan_id ORDER BY o.id"
    ):
        count[row.external_id] += 1
        facts[f"change {count[row.external_id]} of {row.external_id}"] = (
            row.status, row.decision, row.plan, row.to_cycle, row.to_cents, _day(row.effective_on),
            _day(row.expires_on), row.total_cents, row.credit_cents, _day(row.due_after), bool(row.needs_person),
        )  # fmt: skip
    return facts


def _invoices() -> Facts:
    count, facts = Counter[str](), Facts()
    for row in rows("SELECT i.*, s.external_id FROM invoice i JOIN service s ON s.id = i.service_id ORDER BY i.id"):
        count[row.external_id] += 1
        period = (_day(row.period_start), _day(row.period_end)) if row.period_start else None
        facts[f"invoice {count[row.external_id]} of {row.external_id}"] = (
            row.kind, _day(row.issued_on), _day(row.due_on), period, [line["cents"] for line in _json(row.lines)],
            _taxes(row.taxes), row.total_cents, row.credit_cents, row.paid_cents, row.status, _day(row.voided_on),
        )  # fmt: skip
    return facts


def _credit_notes() -> Facts:
    facts: Facts = {}
    for row in rows(
        "SELECT n.*, s.external_id FROM credit_note n JOIN invoice i ON i.id = n.invoice_id"
        " JOIN service s ON s.id = i.service_id ORDER BY n.id"
    ):
        note = row.reason, _day(row.issued_on), -row.subtotal_cents, _taxes(row.taxes, -1), -row.total_cents
        facts.setdefault(f"note of {row.external_id}", []).append(note)
    return facts


def _lists() -> Facts:
    facts: Facts = {}
    for row in rows(
        "SELECT c.external_id, e.currency, e.cents FROM credit_entry e JOIN client c ON c.id = e.client_id"
        " ORDER BY e.id"
    ):
        facts.setdefault(f"credit of client {row.external_id} in {row.currency}", []).append(row.cents)
    for row in rows(
        "SELECT s.external_id, t.kind FROM task t JOIN service s ON s.id = t.service_id"
        " WHERE t.closed_at IS NULL ORDER BY t.id"
    ):
        facts.setdefault(f"task of {row.external_id}", []).append(row.kind)
    return facts


def _taxes(value: Any, sign: int = 1) -> list[tuple[str, int]]:
    return [(tax["name"], sign * tax["cents"]) for tax in _json(value)]


def expected(oracle: Oracle) -> Facts:
    """The same as the oracle expects it."""
    facts: Facts = {f"service {name}": _service(each) for name, each in oracle.services.items()}
    for name, service in oracle.services.items():
        facts |= {f"change {number} of {name}": _order(each) for number, each in enumerate(service.orders, start=1)}
        facts |= {
            f"invoice {number} of {name}": _invoice(each) for number, each in enumerate(service.invoices, start=1)
        }
        notes = sorted((note for each in service.invoices for note in each.notes), key=lambda note: note.number)
        if notes:
            facts[f"note of {name}"] = [
                (note.reason, note.issued_on, note.subtotal, note.taxes, note.total) for note in notes
            ]
        if service.tasks:
            facts[f"task of {name}"] = service.tasks
    facts |= {f"credit of client {client} in {currency}": moved for (client, currency), moved in oracle.credit.items()}
    return facts


def _service(each: Service) -> tuple[Any, ...]:
    return (
        each.status, each.plan, each.cycle, each.recurring, each.quantity, each.options, each.discount,
        each.due, each.anchor, each.usage,
    )  # fmt: skip


def _order(each: Order) -> tuple[Any, ...]:
    quote = each.quote
    return (
        each.status, quote.decision, quote.plan.partition("/")[2], quote.cycle, quote.recurring, quote.effective_on,
        each.expires_on, quote.total, quote.credit_used, quote.next_due, each.needs_person,
    )  # fmt: skip


def _invoice(each: Invoice) -> tuple[Any, ...]:
    return (
        each.kind, each.issued_on, each.due_on, each.period, each.lines, each.taxes, each.total, each.credit,
        each.paid, each.status, each.voided_on,
    )  # fmt: skip


def number_of(invoice: Invoice) -> str:
    """The number under which the program has issued an invoice."""
    position = invoice.service.invoices.index(invoice)
    found = rows(
        "SELECT i.number FROM invoice i JOIN service s ON s.id = i.service_id WHERE s.external_id = :name"
        " ORDER BY i.id LIMIT 1 OFFSET :position",
        name=invoice.service.name,
        position=position,
    )
    return str(found[0].number)


def id_of(service: Service) -> int:
    """The id of a service, as its pages have it."""
    return int(rows("SELECT id FROM service WHERE external_id = :name", name=service.name)[0].id)


def reference_of(order: Order) -> str:
    """The reference that the program has given to a change."""
    found = rows(
        'SELECT o.reference FROM "order" o JOIN service s ON s.id = o.service_id WHERE s.external_id = :name'
        " ORDER BY o.id LIMIT 1 OFFSET :position",
        name=order.service.name,
        position=order.service.orders.index(order),
    )
    return str(found[0].reference)


def cancellation_of(service: Service) -> str:
    """The reference of the latest request to end a service."""
    found = rows(
        "SELECT x.reference FROM cancellation x JOIN service s ON s.id = x.service_id WHERE s.external_id = :name"
        " ORDER BY x.id DESC",
        name=service.name,
    )
    return str(found[0].reference)


def task_of(service: Service, kind: str) -> str:
    """The number of an open task about a service."""
    found = rows(
        "SELECT t.id FROM task t JOIN service s ON s.id = t.service_id WHERE s.external_id = :name AND t.kind = :kind"
        " AND t.closed_at IS NULL",
        name=service.name,
        kind=kind,
    )
    return str(found[0].id)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
