"""What staff find by one text: the exact reference first, then services and clients that begin with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, SQLColumnExpression, String, cast, literal, select, union, union_all

from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.payment import Payment
from kajoom.models.search_columns import begins_with, fold_domain, fold_words
from kajoom.models.service import Service

_Text = SQLColumnExpression[str]

MOST = 50
"""The most services, and the most clients, that a search finds: beyond that, the text is too short to be of use."""


class FoundReference(NamedTuple):
    """Something that bears exactly the reference: ``kind`` is its table, and ``page`` the name in its address.

    The page of a cancellation is that of its service, and the page of a payment that of its invoice. ``label`` is the
    domain of its service, empty for a client.
    """

    kind: str
    name: str
    page: str
    label: str
    client_id: int
    client_name: str
    client_email: str


class Found(NamedTuple):
    """What a text finds; ``services`` are rows of a service, its plan and its client."""

    references: Sequence[FoundReference]
    services: Sequence[Any]
    clients: Sequence[Client]


def search_all(text: str, providers: Sequence[str]) -> Found:
    """Find what the text names or begins, in three statements that each read indexes; nothing for an empty text.

    ``providers`` are the codes of the payment methods, with which the references of payments begin.
    """
    text = text.strip()
    if not fold_words(text):
        return Found([], [], [])
    return Found(_references(text, providers), _services(fold_domain(text)), _clients(fold_words(text)))


def _references(text: str, providers: Sequence[str]) -> list[FoundReference]:
    """Everything that has exactly this reference; those given by this application are in capitals."""
    ours = text.removeprefix("#").strip().upper()
    of_payments = [f"{code}:{each}" for code in providers for each in (text, ours)]
    query = union_all(*_numbered(ours), *_imported(text), _paid(of_payments))
    return [FoundReference(*row) for row in db.session.execute(query)]


def _numbered(number: str) -> tuple[Select[Any], ...]:
    """The documents and requests that this application gave the number."""
    label = Service.label
    return (
        _of_service(_found("order", Order.reference, Order.reference, label), Order).where(Order.reference == number),
        _of_invoice(_found("invoice", Invoice.number, Invoice.number, label)).where(Invoice.number == number),
        _of_invoice(_found("credit_note", CreditNote.number, CreditNote.number, label))
        .join(CreditNote, CreditNote.invoice_id == Invoice.id)
        .where(CreditNote.number == number),
        _of_service(
            _found("cancellation", Cancellation.reference, cast(Cancellation.service_id, String), label), Cancellation
        ).where(Cancellation.reference == number),
    )


def _imported(name: str) -> tuple[Select[Any], ...]:
    """The service and the client with this id of the host's billing; staff are no clients."""
    service = _found("service", Service.external_id, cast(Service.id, String), Service.label)
    client = _found("client", Client.external_id, cast(Client.id, String), literal(""))
    return (
        service.join_from(Service, Client, Client.id == Service.client_id).where(Service.external_id == name),
        client.where(Client.external_id == name, Client.role == ""),
    )


def _paid(references: Sequence[str]) -> Select[Any]:
    """The payments with one of these references, by the provider's own part of it."""
    query = _of_invoice(_found("payment", Payment.reference, Invoice.number, Service.label))
    return query.join(Payment, Payment.invoice_id == Invoice.id).where(Payment.reference.in_(references))


def _found(kind: str, name: _Text, page: _Text, label: _Text) -> Select[Any]:
    columns: tuple[Any, ...] = (name.label("name"), page.label("page"), label.label("label"), Client.id, Client.name)
    return select(literal(kind).label("kind"), *columns, Client.email)


def _of_service(query: Select[Any], table: Any) -> Select[Any]:
    return query.join_from(table, Service, Service.id == table.service_id).join(Client, Client.id == Service.client_id)


def _of_invoice(query: Select[Any]) -> Select[Any]:
    return query.join_from(Invoice, Service, Service.id == Invoice.service_id).join(
        Client, Client.id == Invoice.client_id
    )


def _services(text: str) -> list[Any]:
    if not text:
        return []
    columns: tuple[Any, ...] = (Service.id, Service.label, Service.status, Plan.title, Client.name, Client.email)
    query = select(*columns, Service.client_id).join_from(Service, Plan, Plan.id == Service.plan_id)
    query = query.join(Client, Client.id == Service.client_id).where(begins_with(Service.search_label, text))
    return list(db.session.execute(query.order_by(Service.search_label, Service.id).limit(MOST + 1)))


def _clients(text: str) -> list[Client]:
    """The clients whose name, last name, company or e-mail address begins with the text, by name."""
    columns = Client.search_name, Client.search_last_name, Client.search_company, Client.search_email
    each = [
        select(Client.id).where(begins_with(column, text), Client.role == "").order_by(column).limit(MOST + 1)
        for column in columns
    ]
    ids = union(*(select(query.subquery().c.id) for query in each))
    query = select(Client).where(Client.id.in_(ids)).order_by(Client.search_name, Client.id)
    return list(db.session.scalars(query.limit(MOST + 1)))
