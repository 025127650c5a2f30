"""What a letter may speak of, gathered from the rows that its message names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kajoom.domain.invoice import InvoiceKind
from kajoom.domain.money import Money
from kajoom.domain.payment_method import PaymentMethod
from kajoom.models.cancellation import Cancellation
from kajoom.models.catalog import catalog
from kajoom.models.client import Client
from kajoom.models.credit import movements_of
from kajoom.models.db import db
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order, order_by_id
from kajoom.models.refund import refund_by_key
from kajoom.models.renewal import number_of_replaced_invoice
from kajoom.models.service import Service


@dataclass(frozen=True, slots=True)
class EmailContext:
    """A client and a service, and what happened to them; ``credited`` is what an invoice gave back, ``replaces`` the
    number of the void one that it stands for, ``refunded`` what was sent back to where it came from. ``offline`` are
    the methods whose instructions the client needs to pay.

    ``order`` is the change that the letter is about: a renewal speaks for itself, whichever terms it is on.
    """

    client: Client
    service: Service
    order: Order | None = None
    invoice: Invoice | None = None
    cancellation: Cancellation | None = None
    credited: Money | None = None
    replaces: str | None = None
    refunded: Money | None = None
    offline: tuple[PaymentMethod, ...] = ()


def email_context_of(ids: Mapping[str, Any], offered: Collection[str]) -> EmailContext:
    """The facts that a letter's message names, for a host that offers these providers; ``LookupError`` when the row is
    not there."""
    if "cancellation" in ids:
        request = db.session.get_one(Cancellation, ids["cancellation"])
        return EmailContext(request.client, request.service, cancellation=request)
    if "order" in ids:
        order = order_by_id(ids["order"])
        invoice = invoice_of_order(ids["order"])
    else:
        invoice = db.session.get_one(Invoice, ids["invoice"])
        order = invoice.order if invoice.kind is InvoiceKind.CHANGE else None
    about = order or invoice
    if about is None:
        raise LookupError(f"no row for a letter about {dict(ids)}")
    return EmailContext(
        about.client,
        about.service,
        order,
        invoice,
        credited=_credited(invoice, ids.get("credit")),
        replaces=number_of_replaced_invoice(invoice) if invoice is not None else None,
        refunded=_refunded(ids.get("refund")),
        offline=catalog().offline_for(about.service.payment_method, offered) if invoice and invoice.balance else (),
    )


def _refunded(key: str | None) -> Money | None:
    refund = refund_by_key(key) if key else None
    return refund.amount if refund is not None else None


def _credited(invoice: Invoice | None, key: str | None) -> Money | None:
    """What became account credit because of an invoice: by the movement that ``key`` names, else by the last."""
    if invoice is None:
        return None
    given = (entry for entry in movements_of(invoice.client_id) if entry.invoice_id == invoice.id and entry.cents > 0)
    return next((entry.amount for entry in given if key in {None, entry.key}), None)
