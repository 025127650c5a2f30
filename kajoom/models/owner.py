"""Whose a service, an order, an invoice or a credit note is, for the staff who open it from the link of an e-mail."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select

from kajoom.models.client import Client
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service


class Owner(NamedTuple):
    """The client to whom something belongs."""

    id: int
    name: str
    email: str


def owner_of_service(service_id: int) -> Owner | None:
    """The client of a service, or ``None``."""
    return _owner(Service.client_id, Service.id == service_id)


def owner_of_order(reference: str) -> Owner | None:
    """The client of the order with a reference, or ``None``."""
    return _owner(Order.client_id, Order.reference == reference)


def owner_of_invoice(number: str) -> Owner | None:
    """The client of the invoice with a number, or ``None``."""
    return _owner(Invoice.client_id, Invoice.number == number)


def owner_of_credit_note(number: str) -> Owner | None:
    """The client of the credit note with a number, or ``None``."""
    return _owner(CreditNote.client_id, CreditNote.number == number)


def _owner(client_id: Any, condition: Any) -> Owner | None:
    query = select(Client.id, Client.name, Client.email).join_from(Client, client_id.class_, client_id == Client.id)
    row = db.session.execute(query.where(condition)).one_or_none()
    return Owner(*row) if row is not None else None
