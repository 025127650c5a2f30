"""Clients and services by the batch: the few statements with which a host's file of any length is taken in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, select, union, update
from sqlalchemy.orm import DeclarativeBase

from kajoom.models.client import STAFF, Client, Role, client_role
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service

Columns = Mapping[str, Any]


def _table(model: type[DeclarativeBase]) -> Table:
    return cast(Table, model.__table__)


def _known(model: type[DeclarativeBase], external_ids: Collection[str]) -> dict[str, Columns]:
    table = _table(model)
    found = db.session.execute(select(table).where(table.c.external_id.in_(external_ids))).mappings()
    return {row["external_id"]: dict(row) for row in found}


def _add(model: type[DeclarativeBase], rows: Sequence[Columns]) -> None:
    if rows:
        db.session.execute(insert(_table(model)), [dict(row) for row in rows])


def _write(model: type[DeclarativeBase], changes: Mapping[int, Columns]) -> None:
    """Set the columns of each row by its id, rows of the same columns in one statement."""
    table = _table(model)
    alike: dict[frozenset[str], list[dict[str, Any]]] = {}
    for row_id, columns in changes.items():
        alike.setdefault(frozenset(columns), []).append(
            {"row_id": row_id, **{f"new_{name}": columns[name] for name in columns}}
        )
    for names, rows in alike.items():
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in sorted(names)}
        if "version" in table.c:
            values["version"] = table.c.version + 1  # who has read the row already must not write over this
        statement = update(table).where(table.c.id == bindparam("row_id")).values(values)
        db.session.connection().execute(statement, rows)


def clients_by_external_id(external_ids: Collection[str]) -> dict[str, Columns]:
    """The clients that the house already has, by external id."""
    return _known(Client, external_ids)


def external_ids_by_email(emails: Collection[str]) -> dict[str, str]:
    """The external id of the client who has each address."""
    found = db.session.execute(select(Client.email, Client.external_id).where(Client.email.in_(emails)))
    return {row.email: row.external_id for row in found}


def add_clients(rows: Sequence[Columns]) -> None:
    """Insert clients."""
    _add(Client, rows)


def write_clients(changes: Mapping[int, Columns]) -> None:
    """Change clients by id."""
    _write(Client, changes)


def grant_staff(external_ids: Collection[str]) -> None:
    """Give clients the staff role, where they have it not."""
    role_id = db.session.scalar(select(Role.id).where(Role.name == STAFF))
    if role_id is None:
        role_id = db.session.scalar(insert(Role).values(name=STAFF).returning(Role.id))
    having = select(client_role.c.client_id).where(client_role.c.role_id == role_id)
    lacking = select(Client.id).where(Client.external_id.in_(external_ids), Client.id.not_in(having))
    rows = [{"client_id": client_id, "role_id": role_id} for client_id in db.session.scalars(lacking).all()]
    if rows:
        db.session.execute(insert(client_role), rows)


def client_ids(names: Collection[str]) -> dict[str, int]:
    """The id of each client named by external id or by e-mail address."""
    ids: dict[str, int] = {}
    for column in (Client.email, Client.external_id):
        found = db.session.execute(select(column.label("name"), Client.id).where(column.in_(names)))
        ids.update({row.name: row.id for row in found})
    return ids


def services_by_external_id(external_ids: Collection[str]) -> dict[str, Columns]:
    """The services that the house already has, by external id."""
    return _known(Service, external_ids)


def services_with_history(ids: Collection[int]) -> set[int]:
    """The services whose terms the house has had a hand in: those with an order or an invoice of ours."""
    orders = select(Order.service_id).where(Order.service_id.in_(ids))
    invoices = select(Invoice.service_id).where(Invoice.service_id.in_(ids))
    return set(db.session.scalars(union(orders, invoices)))


def add_services(rows: Sequence[Columns]) -> None:
    """Insert services."""
    _add(Service, [{"version": 1, **row} for row in rows])


def write_services(changes: Mapping[int, Columns]) -> None:
    """Change services by id, and their versions."""
    _write(Service, changes)
