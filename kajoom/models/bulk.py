"""Bulk reads and writes of clients and services, a few statements whatever the size of the imported file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, union, update
from sqlalchemy.orm import DeclarativeBase

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.search_columns import search_columns
from kajoom.models.service import Service
from kajoom.models.terms_change import TermsChange

Columns = Mapping[str, Any]


def _table(model: type[DeclarativeBase]) -> Table:
    return cast(Table, model.__table__)


def _by_external_id(model: type[DeclarativeBase], external_ids: Collection[str]) -> dict[str, Columns]:
    table = _table(model)
    rows = db.session.execute(select(table).where(table.c.external_id.in_(external_ids))).mappings()
    return {row["external_id"]: dict(row) for row in rows}


def _add(model: type[DeclarativeBase], rows: Sequence[Columns]) -> None:
    if rows:
        table = _table(model)
        db.session.execute(insert(table), [{**row, **search_columns(table.name, row)} for row in rows])


def _write(model: type[DeclarativeBase], changes: Mapping[int, Columns]) -> None:
    """Set the columns of each row by id; rows that change the same columns share one statement."""
    table = _table(model)
    by_columns: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row_id, changed in changes.items():
        columns = {**changed, **search_columns(table.name, changed)}
        by_columns.setdefault(frozenset(columns), []).append(
            {"row_id": row_id, **{f"new_{name}": columns[name] for name in columns}}
        )
    for names, rows in by_columns.items():
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in sorted(names)}
        statement = update(table).where(table.c.id == bindparam("row_id"))
        if "version" in names:
            statement = statement.where(table.c.version == bindparam("new_version"))
            values["version"] = table.c.version + 1  # sessions that loaded the row before fail instead of overwriting
        statement = statement.values(values)
        db.session.connection().execute(statement, rows)


def clients_by_external_id(external_ids: Collection[str]) -> dict[str, Columns]:
    """Return the columns of the existing clients by external id."""
    return _by_external_id(Client, external_ids)


def external_ids_by_email(emails: Collection[str]) -> dict[str, str]:
    """Return the external id of the client of each e-mail address that is in use."""
    rows = db.session.execute(select(Client.email, Client.external_id).where(Client.email.in_(emails)))
    return {row.email: row.external_id for row in rows}


def add_clients(rows: Sequence[Columns]) -> None:
    """Insert clients."""
    _add(Client, rows)


def write_clients(changes: Mapping[int, Columns]) -> None:
    """Update the given columns of clients by id."""
    _write(Client, changes)


def client_ids(names: Collection[str]) -> dict[str, int]:
    """Return the id of each client named by external id or e-mail address, also the one that the host's file has.

    Staff are no clients.
    """
    ids: dict[str, int] = {}
    for column in (Client.file_email, Client.email, Client.external_id):
        rows = db.session.execute(select(column.label("name"), Client.id).where(column.in_(names), Client.role == ""))
        ids.update({row.name: row.id for row in rows})
    return ids


def services_by_external_id(external_ids: Collection[str]) -> dict[str, Columns]:
    """Return the columns of the existing services by external id."""
    return _by_external_id(Service, external_ids)


def service_labels(external_ids: Collection[str]) -> dict[str, str]:
    """Return the labels of services by external id."""
    if not external_ids:
        return {}
    rows = db.session.execute(select(Service.external_id, Service.label).where(Service.external_id.in_(external_ids)))
    return {row.external_id: row.label for row in rows}


def services_with_history(ids: Collection[int]) -> set[int]:
    """Return the ids of services with an order, an invoice or terms by staff: an import leaves their terms."""
    orders = select(Order.service_id).where(Order.service_id.in_(ids))
    invoices = select(Invoice.service_id).where(Invoice.service_id.in_(ids))
    terms = select(TermsChange.service_id).where(TermsChange.service_id.in_(ids))
    return set(db.session.scalars(union(orders, invoices, terms)))


def services_with_open_order(ids: Collection[int]) -> set[int]:
    """Return the ids of services with a change under way."""
    return set(db.session.scalars(select(Order.service_id).where(Order.service_id.in_(ids), IS_OPEN)))


def add_services(rows: Sequence[Columns]) -> None:
    """Insert services."""
    _add(Service, [{"version": 1, **row} for row in rows])


def write_services(changes: Mapping[int, Columns]) -> None:
    """Update the given columns of services by id, and increment their versions.

    ``version`` is the one that was read: a service that an operation has changed since is left as it is.
    """
    _write(Service, changes)
