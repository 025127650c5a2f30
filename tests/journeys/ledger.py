"""What the program has written, read from its tables by plain SQL and named as the oracle names it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import text

from kajoom.models.db import Base, db
from tests.journeys.oracle import Invoice, Oracle, Service

Facts = dict[str, Any]


def rows(query: str, **values: Any) -> list[Any]:
    """The rows of a query, in a transaction of their own."""
    found = list(db.session.execute(text(query), values))
    db.session.rollback()
    return found


def all_tables() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but that of the former imports' own traces."""
    return {
        table.name: sorted((tuple(map(str, row)) for row in rows(f'SELECT * FROM "{table.name}"')), key=str)
        for table in Base.metadata.sorted_tables
    }


def written() -> Facts:
    """The services, invoices and account credit as the program has them."""
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
    count: dict[str, int] = {}
    for row in rows("SELECT i.*, s.external_id FROM invoice i JOIN service s ON s.id = i.service_id ORDER BY i.id"):
        count[row.external_id] = number = count.get(row.external_id, 0) + 1
        period = (_day(row.period_start), _day(row.period_end)) if row.period_start else None
        facts[f"invoice {number} of {row.external_id}"] = (
            row.kind, _day(row.issued_on), _day(row.due_on), period, [line["cents"] for line in _json(row.lines)],
            [(tax["name"], tax["cents"]) for tax in _json(row.taxes)], row.total_cents, row.credit_cents,
            row.paid_cents, row.status, _day(row.voided_on),
        )  # fmt: skip
    for row in rows(
        "SELECT c.external_id, e.currency, e.cents FROM credit_entry e JOIN client c ON c.id = e.client_id"
        " ORDER BY e.id"
    ):
        facts.setdefault(f"credit of client {row.external_id} in {row.currency}", []).append(row.cents)
    return facts


def expected(oracle: Oracle) -> Facts:
    """The same as the oracle expects it."""
    facts: Facts = {f"service {name}": _service(each) for name, each in oracle.services.items()}
    for name, service in oracle.services.items():
        for number, invoice in enumerate(service.invoices, start=1):
            facts[f"invoice {number} of {name}"] = _invoice(invoice)
    facts |= {f"credit of client {client} in {currency}": moved for (client, currency), moved in oracle.credit.items()}
    return facts


def _service(each: Service) -> tuple[Any, ...]:
    return (
        each.status, each.plan, each.cycle, each.recurring, each.quantity, each.options, each.discount,
        each.due, each.anchor, each.usage,
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


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
