"""What the database holds about one client: read for the client who asks for it, and removed when they are erased."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, delete, func, or_, select, update

from kajoom.domain.money import Money
from kajoom.domain.order import OPEN as OPEN_ORDERS
from kajoom.domain.payment import OPEN as OPEN_ATTEMPTS
from kajoom.domain.refund import OPEN as OPEN_REFUNDS
from kajoom.domain.service import ENDED
from kajoom.models.address_change import AddressChange
from kajoom.models.audit import AuditRow
from kajoom.models.cancellation import Cancellation
from kajoom.models.client import ERASED_DOMAIN, Client
from kajoom.models.credit import CreditEntry
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import Base, db
from kajoom.models.factor import Factor, RecoveryCode
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order, OrderStep
from kajoom.models.outbox import Message
from kajoom.models.payment import Attempt, Payment
from kajoom.models.reconciliation import Difference
from kajoom.models.refund import RefundAttempt
from kajoom.models.saved_method import SavedMethod
from kajoom.models.service import Service
from kajoom.models.session import ClientSession
from kajoom.models.task import Task
from kajoom.models.terms_change import TermsChange
from kajoom.models.webhook_event import WebhookEvent

Condition = ColumnElement[bool]

_SECRET = re.compile(r"(^|_)(password|token|secret|uniquifier|totp\w*|codes|hash|key|digest|seal)(_|$)")
"""The columns that an export leaves out: what opens an account, and what proves that a form or an act is genuine."""

_BY_CLIENT: tuple[Any, ...] = (
    AddressChange, AuditRow, Cancellation, ClientSession, CreditEntry, CreditNote, Factor, Invoice, Order, RecoveryCode,
    SavedMethod, Service, TermsChange,
)  # fmt: skip


_BY_REFERENCE: tuple[Any, ...] = (
    Client, OrderStep, Attempt, Payment, RefundAttempt, Difference, Task, WebhookEvent, Message,
)  # fmt: skip


def _of_client(client_id: int) -> dict[type[Base], Condition]:
    """The tables that hold something about a client, and which of their rows do."""
    services = select(Service.id).where(Service.client_id == client_id)
    orders = select(Order.id).where(Order.client_id == client_id)
    invoices = select(Invoice.id).where(Invoice.client_id == client_id)
    numbers = select(Invoice.number).where(Invoice.client_id == client_id)
    payments = select(Payment.id).where(Payment.invoice_id.in_(invoices))
    keys = select(Attempt.key).where(Attempt.invoice_id.in_(invoices))
    references = select(Attempt.provider_ref).where(Attempt.invoice_id.in_(invoices), Attempt.provider_ref != "")
    return {
        Client: Client.id == client_id,
        **{model: model.client_id == client_id for model in _BY_CLIENT},
        OrderStep: OrderStep.order_id.in_(orders),
        Attempt: Attempt.invoice_id.in_(invoices),
        Payment: Payment.invoice_id.in_(invoices),
        RefundAttempt: RefundAttempt.payment_id.in_(payments),
        Difference: Difference.invoice.in_(numbers),
        Task: Task.service_id.in_(services),
        WebhookEvent: or_(WebhookEvent.attempt_key.in_(keys), WebhookEvent.provider_ref.in_(references)),
        Message: Message.id.in_(_message_ids(client_id)),
    }


def tables_of_client() -> set[str]:
    """The names of the tables that hold something about clients."""
    return {_table(model).name for model in (*_BY_CLIENT, *_BY_REFERENCE)}


def rows_of_client(client_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row about a client by table, as JSON values, without secrets; tables without a row are left out."""
    found = {}
    for model, condition in _of_client(client_id).items():
        table = _table(model)
        columns = [column for column in table.columns if not _SECRET.search(column.name)]
        query = select(*columns).where(condition).order_by(*table.primary_key.columns)
        rows = [_json(row) for row in db.session.execute(query).mappings()]
        if rows:
            found[table.name] = rows
    return dict(sorted(found.items()))


def open_matters_of(client_id: int) -> list[tuple[str, str]]:
    """What is not closed about a client: a word for what it is, and the name by which staff find it."""
    of = _of_client(client_id)
    return [
        *_named("service", select(Service.external_id).where(of[Service], Service.status.not_in(sorted(ENDED)))),
        *_named("change", select(Order.reference).where(of[Order], Order.status.in_(sorted(OPEN_ORDERS)))),
        *_named("invoice", select(Invoice.number).where(of[Invoice], Invoice.status == "open")),
        *_named("payment of invoice", _numbers(of[Attempt], Attempt.status.in_(sorted(OPEN_ATTEMPTS)))),
        *_named("refund of payment", _refunded(of[RefundAttempt], RefundAttempt.status.in_(sorted(OPEN_REFUNDS)))),
        *_named("difference", select(Difference.reference).where(of[Difference], Difference.resolved_at.is_(None))),
        *(("account credit", f"{balance} {balance.currency}") for balance in _balances(client_id) if balance),
        *_named("task", select(Task.id).where(of[Task], Task.closed_at.is_(None))),
        *_named("job", select(Message.id).where(of[Message], Message.done_at.is_(None))),
    ]


def erase_rows_of_client(client: Client) -> None:
    """Remove who a client is, and the texts that may say it elsewhere, and delete what need not remain.

    Documents, payments and account credit stay as they are, but for the e-mail address on the documents.
    """
    of = _of_client(client.id)
    for useless in (ClientSession, AddressChange, Factor, RecoveryCode):
        db.session.execute(delete(useless).where(of[useless]))
    for model, values in _ERASED.items():
        db.session.execute(update(_table(model)).where(of[model]).values(values))
    documents: tuple[Any, ...] = Invoice, CreditNote
    for document in documents:
        for row in db.session.scalars(select(document).where(of[document])):
            row.buyer = {**row.buyer, "email": ""}
    for column in _table(Client).columns:
        if column.name not in _KEPT_OF_CLIENT:
            setattr(client, column.name, None if column.nullable else column.type.python_type())
    client.external_id = f"erased-{client.id}"
    client.email = f"{client.external_id}@{ERASED_DOMAIN}"


_KEPT_OF_CLIENT = frozenset({"id", "province", "country", "locale", "created_at", "fs_uniquifier"})
"""What says nothing about a person: where taxes were due, and what documents were written in."""


_ERASED: Mapping[type[Base], Mapping[str, Any]] = {
    Service: {
        "label": "",
        "search_label": "",
        "username": "",
        "usage": None,
        "measured_usage": None,
        "measured_at": None,
        "end_reason": "",
        "suspension_reason": "",
    },
    Order: {"staff_note": ""},
    OrderStep: {"note": ""},
    Cancellation: {"reason": ""},
    TermsChange: {"reason": ""},
    SavedMethod: {"label": ""},
    Attempt: {"return_url": "", "approve_url": ""},
    Task: {"note": "", "detail": ""},
    Message: {"last_error": "", "discard_note": ""},
    WebhookEvent: {"note": ""},
    Difference: {"note": ""},
}
"""The texts in which staff, a client or another system may have named somebody."""

_REFERENCES: Mapping[str, type[Base]] = {
    "client": Client, "service": Service, "order": Order, "invoice": Invoice, "credit_note": CreditNote, "task": Task,
    "cancellation": Cancellation, "request": Cancellation, "address_change": AddressChange, "saved_method": SavedMethod,
    "terms": TermsChange,
}  # fmt: skip
"""The rows that the ids of a message name."""


def _message_ids(client_id: int) -> list[int]:
    """The messages about a client. Their ids are JSON, which the two databases query differently: all are read."""
    own: dict[type[Base], set[int]] = {Client: {client_id}, Service: _ids(Service, client_id)}
    for model in (Order, Invoice, CreditNote, Cancellation, AddressChange, SavedMethod, TermsChange):
        own[model] = _ids(model, client_id)
    own[Task] = set(db.session.scalars(select(Task.id).where(Task.service_id.in_(own[Service]))))
    invoices = own[Invoice]
    attempts = set(db.session.scalars(select(Attempt.key).where(Attempt.invoice_id.in_(invoices))))
    query = select(RefundAttempt.key).join(Payment).where(Payment.invoice_id.in_(invoices))
    keys: dict[str, Collection[Any]] = {"attempt": attempts, "refund": set(db.session.scalars(query))}
    named: dict[str, Collection[Any]] = {**{name: own[model] for name, model in _REFERENCES.items()}, **keys}
    messages = db.session.execute(select(Message.id, Message.ids).execution_options(yield_per=1000))
    return [row.id for row in messages if any(row.ids.get(name) in values for name, values in named.items())]


def _ids(model: Any, client_id: int) -> set[int]:
    return set(db.session.scalars(select(model.id).where(model.client_id == client_id)))


def _balances(client_id: int) -> list[Money]:
    query = select(CreditEntry.currency, func.sum(CreditEntry.cents)).where(CreditEntry.client_id == client_id)
    return [Money(int(cents), code) for code, cents in db.session.execute(query.group_by(CreditEntry.currency))]


def _numbers(*conditions: Condition) -> Select[Any]:
    return select(Invoice.number).join(Attempt, Attempt.invoice_id == Invoice.id).where(*conditions)


def _refunded(*conditions: Condition) -> Select[Any]:
    return select(Payment.reference).join(RefundAttempt, RefundAttempt.payment_id == Payment.id).where(*conditions)


def _named(what: str, query: Select[Any]) -> list[tuple[str, str]]:
    return [(what, str(name)) for name in db.session.scalars(query)]


def _table(model: type[Base]) -> Table:
    table: Table = model.__table__  # type: ignore[assignment]
    return table


def _json(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, datetime | date) else value
