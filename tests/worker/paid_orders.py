"""Paying orders with the provider of a worker's gateways."""

from __future__ import annotations

from kajoom.domain.payment import PaymentChoice
from kajoom.gateways import Gateways
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.operations.payments import pay
from tests import factories


def pay_order(order: Order, gateways: Gateways) -> Invoice:
    """Pay the invoice of an order, as the pay button does; its invoice."""
    invoice = factories.invoice_for(order)
    pay.pay(invoice.id, gateways.payments, PaymentChoice("fake"), factories.AT)
    return invoice
