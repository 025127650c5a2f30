"""A till for the tests: a provider that watches the database, and an order that waits to be paid."""

from __future__ import annotations

from datetime import datetime, timedelta

from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.payments.pay import follow_up, pay
from tests import factories
from tests.factories import AT
from tests.fake_gateways import FakeProvider

LATER = AT + timedelta(minutes=2)


class PoweredOff(BaseException):
    """The machine stops between two lines."""


class Watched(FakeProvider):
    """A provider that looks whether the database is being kept waiting for it."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().charge(charge)

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().look_up(charge)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().capture(charge)


class Broken(Watched):
    """A provider whose answer never arrives, because the machine stops while it waits."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        super().charge(charge)
        raise PoweredOff


def ordered() -> tuple[Order, Invoice]:
    """An upgrade and its invoice."""
    order = factories.confirm(factories.service(), "b")
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    return order, invoice


def paid(invoice: Invoice, provider: FakeProvider, at: datetime = AT) -> AttemptStatus:
    """Press the button: what became of the payment."""
    return pay(invoice.id, {"null": provider}, PaymentChoice("null"), at).status


def last_attempt(invoice: Invoice) -> Attempt:
    """The latest try at an invoice."""
    attempt = last_attempt_of(invoice.id)
    assert attempt is not None
    return attempt


def settled_by_worker(invoice: Invoice, provider: FakeProvider) -> bool:
    """What the worker does of a settle message; ``False`` while it must ask again."""
    return follow_up(last_attempt(invoice).key, {provider.code: provider}, LATER) is None
