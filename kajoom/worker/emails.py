"""A letter is written in the client's language from frozen figures: a subject, a text and a page that say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from flask import current_app, render_template
from flask_babel import force_locale

from kajoom import clock
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent
from kajoom.models.catalog import catalog
from kajoom.models.client import Client
from kajoom.models.figures import figures_of_invoice, figures_of_order
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.types import Translated
from kajoom.worker.email_context import EmailContext, email_context_of

EMAILS = (
    "change_requested",
    "payment_received",
    "scheduled",
    "person_on_it",
    "operational",
    "needs_review",
    "refused",
    "expired",
    "cancelled",
    "payment_partial",
    "payment_late",
    "refunded",
    "cancellation_received",
    "cancellation_withdrawn",
    "renewal_invoice",
    "reminder",
    "overdue",
    "staff_notice",
)
"""Each is a folder of ``templates/email`` with a subject, a text and a page."""

STAFF_EMAILS = frozenset({"staff_notice"})
"""Sent to the seller's own address, in the language of the client concerned, whom staff may have to answer."""

# Said while something is owed; paid or void since, they would alarm for nothing.
_ASKING = frozenset({"renewal_invoice", "reminder", "overdue"})

# Seven bits only: a mail server that knows no more than that still passes the letter on unharmed.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Renewal:
    """The next renewal, taxes included, with and without the change."""

    on: date
    after: Money
    before: Money


def email_for_message(ids: Mapping[str, Any], key: str, at: datetime) -> EmailMessage | None:
    """The letter that a message of the outbox asks for, as the rows stand now; ``None`` when it has no object left."""
    context = email_context_of(ids, current_app.extensions["kajoom"].payments)
    if ids["email"] in _ASKING and _is_moot(ids["email"], context.invoice):
        return None
    return write(ids["email"], context, key, at, catalog().seller)


def _is_moot(name: str, invoice: Invoice | None) -> bool:
    """Whether nothing is asked for any more; a renewal that account credit paid is still shown once."""
    if invoice is None or invoice.status is InvoiceStatus.VOID:
        return True
    return name != "renewal_invoice" and invoice.status is InvoiceStatus.PAID


def write(name: str, context: EmailContext, key: str, at: datetime, seller: Mapping[str, Any]) -> EmailMessage:
    """The letter ``name`` about ``context``. The message's ``key`` gives it the same Message-ID each time it is tried;
    ``seller`` is the catalogue's, whose name and address it comes from."""
    client = context.client
    said = _said(context, seller)
    with force_locale(client.locale):
        subject = _one_line(render_template(f"email/{name}/subject.txt", **said))
        text = render_template(f"email/{name}/body.txt", **said)
        page = render_template(f"email/{name}/body.html", subject=subject, **said)

    sender = Address(display_name=_one_line(seller["name"]), addr_spec=seller["email"])
    email = EmailMessage(policy=_POLICY)
    email["Subject"] = subject
    email["From"] = email["Reply-To"] = sender
    email["To"] = sender if name in STAFF_EMAILS else _address(client)
    email["Date"] = format_datetime(at)
    email["Message-ID"] = f"<{re.sub(r'[^A-Za-z0-9.-]', '-', key)}@{sender.domain}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")
    email.add_alternative(page, subtype="html")
    email["Content-Language"] = f"{client.locale}-CA"  # last, or it would become a header of the text alone
    return email


def _address(client: Client) -> Address:
    return Address(display_name=_one_line(client.name), addr_spec=client.email)


def _said(context: EmailContext, seller: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates may name: finished values, so that they only choose and print."""
    order, invoice, request, service = context.order, context.invoice, context.cancellation, context.service
    figures = figures_of_order(order) if order else figures_of_invoice(invoice) if invoice else None
    return {
        "client": context.client,
        "service": service,
        "order": order,
        "invoice": invoice,
        "cancellation": request,
        "credited": context.credited,
        "replaces": context.replaces,
        "refunded": context.refunded,
        "offline": context.offline,
        "figures": figures,
        "total_after_credit": figures.total - figures.credit if figures else None,
        "balance": invoice.balance if invoice else None,
        "paid": Money(invoice.paid_cents, invoice.currency) if invoice else None,
        "panel_message": _panel_message(order),
        "recurring": Money(order.to_cents, order.currency) if order else None,
        "renewal": _renewal(order),
        "requested_on": clock.local(request.requested_at).date() if request else None,
        "service_name": _service_name(service),
        "seller_name": seller["name"],
        "seller_email": seller["email"],
        **_links(context),
    }


def _panel_message(order: Order | None) -> str:
    """What the panel answered when it refused the change last, if it did."""
    steps = order.history if order else []
    return next((step.note for step in reversed(steps) if step.event is OrderEvent.NEEDS_REVIEW), "")


def _links(context: EmailContext) -> dict[str, str]:
    """Where the client goes on; the addresses are the house's public ones, for no request says where it is."""
    base = current_app.config["BASE_URL"].rstrip("/")
    service = f"{base}/services/{context.service.id}"
    links = {"service_link": service, "choose_link": f"{service}/plan"}
    if context.order:
        links["order_link"] = f"{base}/orders/{context.order.reference}"
    if context.invoice:
        links["invoice_link"] = f"{base}/invoices/{context.invoice.number}"
    if context.cancellation:
        links["cancellation_link"] = f"{base}/cancellations/{context.cancellation.reference}"
    return links


def _renewal(order: Order | None) -> Renewal | None:
    if order is None or order.due_after is None or not order.to_cents:
        return None
    before, after = (Money(order.figures[name], order.currency) for name in ("renewal_before", "renewal_after"))
    return Renewal(order.due_after, after, before)


def _service_name(service: Service) -> Translated:
    """The plan's full name, with the client's own name for the service."""
    title = service.plan.title
    return {lang: f"{text} ({service.label})" for lang, text in title.items()} if service.label else title


def _one_line(text: str) -> str:
    """A header holds one line; what else a name may hold is the mail library's to encode."""
    return re.sub(r"[\r\n]+", " ", text).strip()
