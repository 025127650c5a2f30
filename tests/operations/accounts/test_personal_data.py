"""The copy of what is held about a client, and erasure: nothing of the person remains but what documents must say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import String, Table

from kajoom.domain.device import Device
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.address_change import AddressChange
from kajoom.models.audit import AuditRow
from kajoom.models.client import Client, client_by_id
from kajoom.models.credit import CreditEntry
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.saved_method import SavedMethod
from kajoom.models.task import Task
from kajoom.operations.accounts.personal_data import erase_client, export_client
from kajoom.operations.accounts.sessions import begin_session
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from tests import factories
from tests.factories import AT, ON
from tests.operations.ledger_checks import nothing_written, rows

STAFF, EMAIL, MARK = "staff:lea", "person@example.com", "MARK-of-the-person"


def a_client(**more: Any) -> Client:
    return factories.client(email=EMAIL, name=MARK, company=MARK, address=MARK, password=MARK, **more)


def client_with_history() -> Client:
    """A client who changed a plan, paid it, and whose service has ended, with a text in every place."""
    holder = a_client()
    service = factories.service(holder, label=f"{MARK}.example", username=MARK)
    begin_session(holder.id, holder.fs_uniquifier, Device("Firefox", "Windows", MARK), AT)
    invoice = factories.invoice_for(factories.confirm(service, "b"))
    payment = OfflinePayment(str(invoice.balance), ON, AT, "CA123", "interac")
    record_offline_payment(invoice.number, payment, ON, STAFF, AT)
    end_service_as_staff(service.external_id, f"{MARK} moved", STAFF, ON, AT)
    change = AddressChange(client_id=holder.id, old_email=EMAIL, new_email=f"{MARK}@example.com", requested_at=AT)
    saved = SavedMethod(client_id=holder.id, provider="paypal", token=MARK, label=MARK, saved_at=AT)
    db.session.add_all([change, saved])
    db.session.commit()
    return holder


def close_everything(holder: Client) -> None:
    """Spend the account credit, and mark every task and job as done."""
    factories.credit(holder, -sum(entry.cents for entry in rows(CreditEntry)))
    for task in rows(Task):
        task.closed_at, task.note = AT, MARK
    for message in rows(Message):
        message.done_at, message.last_error = AT, f"550 <{EMAIL}> unknown"
    db.session.commit()


def everything() -> dict[str, str]:
    """The contents of every table as text."""
    db.session.rollback()
    return {table.name: repr(db.session.execute(table.select()).all()) for table in Base.metadata.sorted_tables}


def test_export_has_every_row_about_the_client_and_no_secret() -> None:
    holder = client_with_history()
    factories.service(factories.client(name="Somebody else"))

    exported = export_client(EMAIL, STAFF, AT)

    tables = {"client", "service", "order", "order_step", "invoice", "payment", "task", "message", "session"}
    assert tables <= set(exported)
    assert [row["email"] for row in exported["client"]] == [EMAIL]
    text = json.dumps(exported)
    assert "Somebody else" not in text
    assert holder.fs_uniquifier not in text
    columns = {name for table in tables for row in exported[table] for name in row}
    assert not [name for name in columns if any(word in name for word in ("password", "token", "digest", "uniquifier"))]
    assert rows(AuditRow)[-1].act == "client_exported"


def test_client_with_something_open_is_not_erased_and_all_of_it_is_named() -> None:
    holder = client_with_history()
    other = factories.service(holder)
    order = factories.confirm(other, "c")
    factories.credit(holder, 500, "USD")
    named_here = {
        f"service {other.external_id}",
        f"change {order.reference}",
        f"invoice {factories.invoice_for(order).number}",
    }

    with nothing_written(), pytest.raises(BusinessError) as refused:
        erase_client(EMAIL, STAFF, AT)

    assert refused.value.code is StaffRefusal.STILL_OPEN
    named: Any = refused.value.details["open"]
    assert named_here <= set(named)
    assert {each.split()[0] for each in named} == {"service", "change", "invoice", "account", "task", "job"}


def test_erased_client_leaves_nothing_but_the_name_on_documents() -> None:
    holder = client_with_history()
    client_id, documents = holder.id, [invoice.number for invoice in rows(Invoice)]
    close_everything(holder)
    before = everything()
    assert all(MARK in before[name] for name in ("client", "service", "session", "address_change", "task"))

    assert erase_client(EMAIL, STAFF, AT) == client_id

    held = everything()
    # The token of the saved account goes once its provider has deleted the account.
    assert {name for name, text in held.items() if MARK in text} == {"invoice", "credit_note", "saved_method"}
    assert {name for name, text in held.items() if EMAIL in text} == set()
    assert [message.kind for message in rows(Message) if message.done_at is None] == ["forget"]
    assert [invoice.number for invoice in rows(Invoice)] == documents
    erased = client_by_id(client_id)
    assert erased is not None
    assert (erased.active, erased.is_erased, erased.password, erased.name) == (False, True, None, "")
    assert [row.act for row in rows(AuditRow)][-1] == "client_erased"
    with nothing_written(), pytest.raises(BusinessError):
        erase_client(EMAIL, STAFF, AT)


def test_every_text_of_a_client_is_erased_unless_it_is_known_to_name_nobody() -> None:
    holder = a_client()
    named_nowhere = {"id", "province", "country", "locale", "created_at", "fs_uniquifier", "role", "email"}
    table: Table = Client.__table__  # type: ignore[assignment]
    texts = [each.name for each in table.columns if isinstance(each.type, String) and each.name not in named_nowhere]
    for name in texts:
        setattr(holder, name, f"{MARK}-{name}")
    db.session.commit()

    erase_client(EMAIL, STAFF, AT)

    assert MARK not in everything()["client"]


@pytest.mark.parametrize("operation", [export_client, erase_client])
def test_staff_and_strangers_are_no_clients(operation: Any) -> None:
    a_client(role="agent")
    for email in (EMAIL, "nobody@example.com"):
        with nothing_written(), pytest.raises(BusinessError) as refused:
            operation(email, STAFF, AT)
        assert refused.value.code is StaffRefusal.NO_CLIENT
