"""Providers that check the open transaction or stop the process, and orders to pay with them."""

from __future__ import annotations

from datetime import datetime, timedelta

from kajoom.domain.payment import AttemptStatus, PaymentChoice
from kajoom.gateways.ports import ChargeRequest, ProviderResult
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.payment import Attempt, last_attempt_of
from kajoom.operations.payments.pay import follow_up, pay
from tests import factories
from tests.factories import AT
from tests.fake_gateways import FakeProvider

LATER = AT + timedelta(minutes=2)


class ProcessCrash(BaseException):
    """The process stops at this line; no ``except Exception`` of the application runs."""


class NoTransactionProvider(FakeProvider):
    """A provider that fails the test when it is called inside a database transaction."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().charge(charge)

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().look_up(charge)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        assert not db.session().in_transaction()
        return super().capture(charge)


class CrashingProvider(NoTransactionProvider):
    """A provider that takes the charge, after which the process stops before it reads the result."""

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        super().charge(charge)
        raise ProcessCrash


def unpaid_order() -> tuple[Order, Invoice]:
    """An upgrade that awaits payment, and its invoice."""
    order = factories.confirm(factories.service(), "b")
    return order, factories.invoice_for(order)


def pay_with(invoice: Invoice, provider: FakeProvider, at: datetime = AT) -> AttemptStatus:
    """Pay an invoice with ``provider``, as the pay button does; the status of the attempt."""
    return pay(invoice.id, {"fake": provider}, PaymentChoice("fake"), at).status


def first_charge(provider: FakeProvider) -> ChargeRequest:
    """The first request that a provider received, which must be a charge."""
    charge = provider.requests[0]
    assert isinstance(charge, ChargeRequest)
    return charge


def last_attempt(invoice: Invoice) -> Attempt:
    """The latest payment attempt of an invoice, which must have one."""
    attempt = last_attempt_of(invoice.id)
    assert attempt is not None
    return attempt


def settle_as_worker(invoice: Invoice, provider: FakeProvider) -> bool:
    """Do what the worker does for a settle message; ``False`` if it must try again later."""
    return follow_up(last_attempt(invoice).key, {provider.code: provider}, LATER) is None
