"""A database used for years: 20,000 rows more in each table that grows, nearly all of them about what is over.

The rows of the demonstration stay, so that each page and each step of the day still has something to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    case,
    cast,
    insert,
    literal,
    null,
    select,
    text,
)
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from kajoom.models.db import db
from kajoom.models.types import UtcDateTime
from tests.web.conftest import NOON

ROWS = 20_000
_FIRST = 1_000_000
_DAYS = 2000

_numbers = Table(
    "numbers",
    MetaData(),
    Column("n", Integer, primary_key=True),
    Column("past", Date),
    Column("future", Date),
    Column("past_at", UtcDateTime),
    Column("future_at", UtcDateTime),
)
_N = _numbers.c.n
_ID = _N + _FIRST
_PAST, _FUTURE = _numbers.c.past, _numbers.c.future
_PAST_AT, _FUTURE_AT = _numbers.c.past_at, _numbers.c.future_at
_LONG_AGO = datetime.combine(date(2016, 1, 1), time(), UTC)


def _text(prefix: str) -> ColumnElement[str]:
    """A text that no other row has."""
    return literal(prefix, String) + cast(_N, String)


def _one_in(many: int, value: Any, other: Any) -> ColumnElement[Any]:
    return case((_N % many == 0, value), else_=other)


_MONEY = {"cents": 1000, "currency": "CAD"}
_OF_CLIENT = {"client_id": _ID}
_NAMED: Mapping[str, Mapping[str, Any]] = {
    "client": {
        "external_id": _text("x"), "email": _text("grown"), "fs_uniquifier": _text("u"), "role": "", "active": True,
        "name": _text("Person "), "password": literal("x"), "search_name": _text("person "),
        "search_last_name": _text("last "), "search_email": _text("grown"), "search_company": _text("company "),
    },
    "service": {
        **_OF_CLIENT, "external_id": _text("x"), "label": _text("domain"), "search_label": _text("domain"),
        "status": _one_in(20, "cancelled", "active"), "next_due_date": _FUTURE, "next_terms": None, "ended_on": None,
    },
    "order": {
        **_OF_CLIENT, "reference": _text("CH-2010-"), "key": _text("o"), "service_id": _ID, "effective_on": _PAST,
        "expires_on": _PAST, "status": _one_in(5, "refused", "completed"), "placed_at": _LONG_AGO,
    },
    "terms_change": {
        **_OF_CLIENT, "service_id": _ID, "status": "in_force", "at": _LONG_AGO, "actor": "staff:1", "reason": "x",
        "since": _PAST, "cycle": "monthly", "currency": "CAD", "from_plan_id": 1, "to_plan_id": 1, "from_cents": 1,
        "to_cents": 1, "from_quantity": 1, "to_quantity": 1,
    },
    "order_step": {
        "order_id": _ID, "event": "provisioned", "status": "completed", "at": _LONG_AGO, "actor": "panel", "note": "",
    },
    "invoice": {
        **_OF_CLIENT, "number": _text("2010-"), "service_id": _ID, "order_id": _one_in(2, _ID, null()),
        "kind": _one_in(2, "change", "renewal"), "status": _one_in(10, "void", "paid"), "issued_on": _PAST,
        "due_on": _PAST, "period_start": _PAST, "period_end": _PAST, "voided_on": None, "replaced_on": None,
    },
    "attempt": {
        **_MONEY, "key": _text("a"), "invoice_id": _ID, "provider": "paypal", "provider_ref": _text("ref"),
        "status": _one_in(5, "refused", "captured"), "started_at": _LONG_AGO, "version": 1,
    },
    "payment": {
        **_MONEY, "reference": _text("paypal:"), "invoice_id": _ID, "provider": "paypal", "received_at": _PAST_AT,
        "actor": "paypal",
    },
    "refund_attempt": {
        **_MONEY, "key": _text("r"), "payment_id": _ID, "status": "done", "actor": "staff:1", "started_at": _LONG_AGO,
        "version": 1,
    },
    "credit_note": {
        **_OF_CLIENT, "number": _text("NC-2010-"), "key": _text("n"), "reason": "corrected", "invoice_id": _ID,
        "issued_on": _PAST, "at": _LONG_AGO, "actor": "staff:1", "currency": "CAD", "subtotal_cents": -1,
        "total_cents": -1, "lines": [], "taxes": [], "locale": "fr", "seller": {}, "buyer": {}, "note": "",
    },
    "credit_entry": {
        **_MONEY, **_OF_CLIENT, "key": _text("e"), "reason": "given_back", "invoice_id": _ID, "credit_note_id": _ID,
        "at": _LONG_AGO,
    },
    "saved_method": {
        **_OF_CLIENT, "provider": "paypal", "token": _text("t"), "label": "x", "saved_at": _LONG_AGO,
        "ended_at": _one_in(2, _LONG_AGO, null()),
    },
    "cancellation": {
        **_OF_CLIENT, "reference": _text("RS-2010-"), "key": _text("c"), "service_id": _ID, "status": "done",
        "when": "now", "effective_on": _PAST, "locale": "fr", "requested_at": _LONG_AGO, "version": 1,
    },
    "message": {
        "kind": "email", "key": _text("m"), "ids": {}, "run_at": _PAST_AT, "due_at": _PAST_AT, "done_at": NOON,
        "client_id": _ID, "attempts": 1, "lease_until": None, "lease_token": None, "dead_at": None, "last_error": "",
        "failing_since": None, "sent_at": _PAST_AT,
    },
    "task": {
        "kind": "end", "key": _text("k"), "service_id": _ID, "order_id": _ID, "cancellation_id": _ID,
        "message_id": _ID, "opened_at": _PAST_AT, "closed_at": _PAST_AT, "closed_by": "staff:1",
    },
    "session": {
        **_OF_CLIENT, "token_hash": _text("h"), "created_at": _PAST_AT, "seen_at": _PAST_AT, "expires_at": _FUTURE_AT,
        "idle_seconds": 60, "ended_at": _one_in(2, _PAST_AT, null()),
    },
    "throttle": {"kind": "sign_in", "key": _text("t"), "count": 1, "next_at": _PAST_AT, "forget_at": _FUTURE_AT},
    "webhook_event": {
        "id": _text("w"), "provider": "paypal", "kind": "PAYMENT.CAPTURE.COMPLETED", "attempt_key": _text("a"),
        "provider_ref": _text("ref"), "received_at": NOON,
    },
    "panel_callback": {
        "id": _text("p"), "server": "a", "key": _text("k"), "status": "done", "reason": "", "received_at": NOON,
    },
    "difference": {
        "provider": "paypal", "day": _PAST, "reference": _text("d"), "kind": "other_amount", "invoice": _text("2010-"),
        "currency": "CAD", "found_at": _LONG_AGO, "resolved_at": _LONG_AGO,
    },
    "address_change": {**_OF_CLIENT, "old_email": _text("old"), "new_email": _text("new"), "requested_at": NOON},
    "factor": {**_OF_CLIENT, "secret": "x", "last_counter": 1, "added_at": _LONG_AGO},
    "recovery_code": {**_OF_CLIENT, "code_hash": _text("h")},
    "audit": {
        "at": _LONG_AGO, "act": "invoice_issued", "actor": "client", "client_id": _ID, "subject": "invoice",
        "subject_id": _ID, "place": _ID, "sealed_at": _LONG_AGO, "digest": "x", "seal": "x",
    },
}  # fmt: skip
"""What is particular to the rows of each table; the rest is as in the first row of the demonstration, or as usual."""

GROWING = tuple(_NAMED)
"""The tables that grow with the number of clients, or with time."""

STABLE = frozenset({"banner", "catalog_version", "counter", "heartbeat", "move", "plan", "price", "product_group"})
"""Those that have about as many rows as the host has plans and processes."""


def grow() -> None:
    """Add the rows to the database of the current application, and have it collect its statistics."""
    connection = db.session.connection()
    _numbers.create(connection)
    connection.execute(insert(_numbers), [_number(n) for n in range(ROWS)])
    for name, changed in _NAMED.items():
        _copy(db.metadata.tables[name], changed)
    _numbers.drop(connection)
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _number(n: int) -> dict[str, Any]:
    past, future = NOON - timedelta(days=1 + n % _DAYS), NOON + timedelta(days=40 + n % _DAYS)
    return {"n": n, "past": past.date(), "future": future.date(), "past_at": past, "future_at": future}


def _copy(table: Table, changed: Mapping[str, Any]) -> None:
    template = table.alias("template")
    first = db.session.execute(select(*table.primary_key).order_by(*table.primary_key).limit(1)).first()
    if "id" in table.columns and "id" not in changed:
        changed = {"id": _ID, **changed}
    columns = {column.name: _value(column, changed, template if first else None) for column in table.columns}
    query = select(*columns.values()).select_from(_numbers)
    if first:
        is_first = [column == value for column, value in zip(template.primary_key, first, strict=True)]
        query = query.join(template, literal(value=True)).where(*is_first)
    db.session.execute(insert(table).from_select(list(columns), query))


def _value(column: Column[Any], changed: Mapping[str, Any], template: Any) -> ColumnElement[Any]:
    """What a column of the new rows has: what is particular, or that of the first row, or the usual value."""
    if column.name in changed:
        value = changed[column.name]
        if isinstance(value, ColumnElement):
            return value
        return literal(value, column.type) if value is not None else cast(null(), column.type)
    if template is not None:
        return template.c[column.name]  # type: ignore[no-any-return]
    if isinstance(column.default, ScalarElementColumnDefault):
        return literal(column.default.arg, column.type)
    return cast(null(), column.type) if column.nullable else literal("", column.type)
