"""The orders and invoices of the demonstration's services, by the state in a service's external id."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service, service_by_external_id
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from tests.web.conftest import NOON

TODAY = date(2022, 10, 17)


def service_in(state: str, language: str = "fr") -> Service:
    """The demonstration's service in a state."""
    service = service_by_external_id(f"demo-{language}-{state}")
    assert service is not None, state
    return service


def reference_of(state: str, language: str = "fr") -> str:
    """The reference of the last order of a service."""
    orders = select(Order.reference).where(Order.service_id == service_in(state, language).id)
    reference = db.session.scalars(orders.order_by(Order.id.desc())).first()
    assert reference is not None, state
    return reference


def number_of(state: str, language: str = "fr") -> str:
    """The number of the last invoice of a service."""
    invoices = select(Invoice.number).where(Invoice.service_id == service_in(state, language).id)
    number = db.session.scalars(invoices.order_by(Invoice.id.desc())).first()
    assert number is not None, state
    return number


def order_status(reference: str) -> str:
    """The status of an order as it is in the database now."""
    db.session.rollback()
    status = db.session.scalar(select(Order.status).where(Order.reference == reference))
    assert status is not None, reference
    return status.value


def record_received(number: str, amount: str) -> None:
    """Record an Interac e-Transfer for an invoice, as staff do."""
    record_offline_payment(number, OfflinePayment(amount, TODAY, NOON, "CA123", "interac"), TODAY, "staff:lea", NOON)
