"""Constraints of the tables: unique names, one open order a service, amounts and enum values."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateIndex

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.domain.credit import CreditReason
from kajoom.domain.invoice import InvoiceKind, InvoiceStatus
from kajoom.domain.order import OPEN, OrderStatus
from kajoom.domain.payment import AttemptStatus
from kajoom.models.cancellation import Cancellation
from kajoom.models.credit import CreditEntry
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.partial_index import complete_for_postgresql
from kajoom.models.payment import Attempt, Payment
from kajoom.models.service import Service
from tests import factories
from tests.factories import AT, DUE, ON


def is_rejected(*rows: Base) -> bool:
    """Whether the database rejects the rows with an ``IntegrityError``."""
    db.session.add_all(rows)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return True
    return False


def copy_of(row: Any, **changes: Any) -> Any:
    """Copy a row with ``changes`` and other unique names."""
    skipped = {"id", "version"}
    values = {
        column.key: getattr(row, column.key) for column in type(row).__table__.columns if column.key not in skipped
    }
    names = {name: f"{values[name]}-copy" for name in ("reference", "key", "number") if name in values}
    return type(row)(**{**values, **names, **changes})


def order_row(row: Service, status: OrderStatus = OrderStatus.AWAITING_PAYMENT) -> Order:
    order = factories.confirm(row, "b")
    order.status = status
    db.session.commit()
    return order


def test_service_has_at_most_one_open_order() -> None:
    row = factories.service()
    order = order_row(row)

    for status in OPEN:
        assert is_rejected(copy_of(order, status=status))


@pytest.mark.parametrize("status", [status for status in OrderStatus if status not in OPEN])
def test_service_may_have_several_closed_orders(status: OrderStatus) -> None:
    order = order_row(factories.service(), status)

    assert not is_rejected(
        copy_of(order, key="k2", reference="r2"), copy_of(order, key="k3", reference="r3", status="scheduled")
    )


@pytest.mark.parametrize("name", ["reference", "key"])
def test_reference_and_key_of_an_order_are_unique(name: str) -> None:
    order = order_row(factories.service(), OrderStatus.COMPLETED)

    assert is_rejected(copy_of(order, **{name: getattr(order, name)}))


def cancellation(row: Service, **more: Any) -> Cancellation:
    columns: dict[str, Any] = {
        "reference": "RS-1",
        "key": "k",
        "client_id": row.client_id,
        "service_id": row.id,
        "status": CancellationStatus.OPEN,
        "when": CancellationWhen.PERIOD_END,
        "effective_on": DUE,
        "locale": "fr",
        "requested_at": AT,
    }
    return Cancellation(**{**columns, **more})


def test_service_has_at_most_one_open_cancellation() -> None:
    row = factories.service()
    db.session.add(cancellation(row))
    db.session.commit()

    assert is_rejected(cancellation(row, reference="RS-2", key="k2"))
    assert is_rejected(cancellation(row, key="k2", status=CancellationStatus.DONE))
    assert is_rejected(cancellation(row, reference="RS-2", status=CancellationStatus.DONE))
    assert not is_rejected(cancellation(row, reference="RS-2", key="k2", status=CancellationStatus.DONE))


def invoice(row: Service, **more: Any) -> Invoice:
    columns: dict[str, Any] = {
        "number": "2026-0001",
        "kind": InvoiceKind.RENEWAL,
        "status": InvoiceStatus.OPEN,
        "client_id": row.client_id,
        "service_id": row.id,
        "issued_on": ON,
        "due_on": DUE,
        "period_start": DUE,
        "period_end": DUE + timedelta(days=31),
        "currency": "CAD",
        "subtotal_cents": 15_000,
        "total_cents": 17_246,
        "credit_cents": 0,
        "paid_cents": 0,
        "locale": "fr",
        "lines": [],
        "taxes": [],
        "seller": {},
        "buyer": {},
    }
    return Invoice(**{**columns, **more})


def test_renewal_period_is_invoiced_once_unless_void() -> None:
    row = factories.service()
    db.session.add(invoice(row, status=InvoiceStatus.PAID))
    db.session.commit()

    assert is_rejected(invoice(row, number="2"))
    assert not is_rejected(invoice(row, number="2", status=InvoiceStatus.VOID))
    assert not is_rejected(invoice(row, number="3", period_start=DUE + timedelta(days=31)))


@pytest.mark.parametrize(
    "figures",
    [
        {"total_cents": 0},
        {"total_cents": -1},
        {"credit_cents": -1},
        {"credit_cents": 17_247},
        {"paid_cents": -1},
        {"paid_cents": 17_247},
        {"credit_cents": 10_000, "paid_cents": 7_247},
    ],
)
def test_invoice_amounts_are_between_zero_and_the_total(figures: dict[str, int]) -> None:
    assert is_rejected(invoice(factories.service(), **figures))


def attempt(owner: Invoice, **more: Any) -> Attempt:
    columns: dict[str, Any] = {"key": "k", "provider": "fake", "cents": 1, "currency": "CAD", "started_at": AT}
    return Attempt(invoice_id=owner.id, **{**columns, "status": AttemptStatus.UNKNOWN, **more})


def test_invoice_has_at_most_one_open_attempt() -> None:
    owner = invoice(factories.service())
    db.session.add(owner)
    db.session.flush()
    db.session.add(attempt(owner))
    db.session.commit()

    for status in (AttemptStatus.SENDING, AttemptStatus.PENDING, AttemptStatus.UNKNOWN):
        assert is_rejected(attempt(owner, key="k2", status=status))
    assert is_rejected(attempt(owner, status=AttemptStatus.REFUSED))
    assert is_rejected(attempt(owner, key="k2", status=AttemptStatus.REFUSED, cents=0))
    assert not is_rejected(attempt(owner, key="k2", status=AttemptStatus.REFUSED))


def payment(owner: Invoice, **more: Any) -> Payment:
    columns: dict[str, Any] = {"reference": "fake:1", "provider": "fake", "cents": 1, "currency": "CAD"}
    return Payment(invoice_id=owner.id, received_at=AT, actor="fake", **{**columns, **more})


def test_payment_is_recorded_once_and_is_positive() -> None:
    owner = invoice(factories.service())
    db.session.add(owner)
    db.session.flush()
    db.session.add(payment(owner))
    db.session.commit()

    assert is_rejected(payment(owner))
    assert is_rejected(payment(owner, reference="fake:2", cents=0))


def test_keys_of_credit_entries_and_messages_are_unique() -> None:
    holder = factories.client()
    movement = {"client_id": holder.id, "cents": 1, "currency": "CAD", "reason": CreditReason.GRANTED, "at": AT}
    message = {"kind": "email", "ids": {}, "run_at": AT}
    db.session.add_all([CreditEntry(key="k", **movement), Message(key="k", **message)])
    db.session.commit()

    assert is_rejected(CreditEntry(key="k", **movement))
    assert is_rejected(Message(key="k", **message))


@pytest.mark.parametrize(
    "columns",
    [{"recurring_cents": -1}, {"quantity": 0}, {"anchor_day": 0}, {"anchor_day": 32}, {"client_id": 999}],
)
def test_invalid_service_is_rejected(columns: dict[str, int]) -> None:
    assert is_rejected(copy_of(factories.service(), external_id="other", **columns))


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("service", "status"),
        ("service", "cycle"),
        ("order", "status"),
        ("order", "from_cycle"),
        ("order", "to_cycle"),
        ("order_step", "event"),
        ("invoice", "kind"),
    ],
)
def test_unknown_enum_value_is_rejected_by_the_database(table: str, column: str) -> None:
    factories.confirm(factories.service(), "b")

    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE \"{table}\" SET {column} = 'nonsense'"))


def test_check_constraints_of_a_table_have_distinct_names() -> None:
    for table in Base.metadata.tables.values():
        checks = [check.name for check in table.constraints if isinstance(check, CheckConstraint)]
        assert max(Counter(checks).values(), default=1) == 1, table.name


@pytest.mark.parametrize("engine", [sqlite, postgresql], ids=["SQLite", "PostgreSQL"])
@pytest.mark.parametrize(
    "name",
    [
        "uq_order_open_service",
        "uq_cancellation_open_service",
        "uq_attempt_open_invoice",
        "uq_invoice_renewal_period",
        "ix_message_waiting",
        "ix_message_dead",
        "ix_message_done_at",
        "ix_task_open",
    ],
)
def test_partial_index_is_partial_on_every_engine(name: str, engine: Any) -> None:
    indexes = [index for table in Base.metadata.tables.values() for index in table.indexes if index.name == name]
    complete_for_postgresql(Base.metadata)  # as the first connection to PostgreSQL does

    assert " WHERE " in str(CreateIndex(indexes[0]).compile(dialect=engine.dialect()))
