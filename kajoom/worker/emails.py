"""E-mails: one template gives the subject, the plain text and the HTML, in the client's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, NamedTuple

from flask import current_app, render_template

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent
from kajoom.domain.tax import registered_taxes
from kajoom.i18n.formats import in_language
from kajoom.models.catalog import catalog
from kajoom.models.catalog_brand import known_brand
from kajoom.models.figures import figures_of_credit_note, figures_of_invoice, figures_of_order
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.models.types import Translated
from kajoom.worker.account_emails import ACCOUNT_EMAILS, AccountContext, account_context_of
from kajoom.worker.email_body import set_body
from kajoom.worker.email_context import EmailContext, StaffAlert, email_context_of, staff_alert_of
from kajoom.worker.email_headers import POLICY, address, address_header, header_text
from kajoom.worker.email_logo import email_logo
from kajoom.worker.email_relevance import is_pointless, must_wait
from kajoom.worker.email_staff import DIGEST, STAFF_EMAILS, Staff, staff_to_write
from kajoom.worker.staff_digest import StaffDigest, staff_digest_of
from kajoom.worker.still_pending import StillPending

AnyContext = EmailContext | AccountContext | StaffAlert | StaffDigest
"""What an e-mail is about: a service, the client's account, what staff are to look at, or all that waits for them."""


class _Content(NamedTuple):
    """The subject and the two parts of an e-mail."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Renewal:
    """The next renewal, taxes included, with and without the change."""

    on: date
    after: Money
    before: Money


def email_for_message(ids: Mapping[str, Any], key: str, at: datetime) -> EmailMessage | None:
    """The e-mail that a message asks for, from the rows as they are now; ``None`` when it is pointless.

    Raises ``StillPending`` for one that asks for money as long as that may have been taken already.
    """
    current = catalog()
    staff = staff_to_write(ids) if ids["email"] in STAFF_EMAILS else None
    if ids["email"] in STAFF_EMAILS and staff is None:
        return None
    if ids["email"] in {"staff_alert", DIGEST}:
        about = staff_digest_of(ids, at) if ids["email"] == DIGEST else staff_alert_of(ids)
        return write(ids["email"], about, key, at, current.seller, staff) if about is not None else None
    if ids["email"] in ACCOUNT_EMAILS:
        account = account_context_of(ids, at, current_app.config)
        return write(ids["email"], account, key, at, current.seller) if account is not None else None
    providers = current_app.extensions["kajoom"].payments
    context = email_context_of(ids, current, providers)
    if is_pointless(ids["email"], context) or (context.client.is_erased and staff is None):
        return None
    if must_wait(ids["email"], context, providers):
        raise StillPending("the outcome of a payment is not known yet")
    return write(ids["email"], context, key, at, current.seller, staff)


def write(
    name: str,
    context: AnyContext,
    key: str,
    at: datetime,
    seller: Mapping[str, Any],
    staff: Staff | None = None,
) -> EmailMessage:
    """Render the e-mail ``name`` about ``context``, from the ``seller`` of the catalogue, dated ``at``.

    An e-mail to staff goes to all their addresses; without ``staff`` to the seller's own, in the client's language. The
    Message-ID is made from ``key``, so that an e-mail sent again after a failure has the same one.
    """
    to_staff = (staff or Staff((seller["email"],), context.locale)) if name in STAFF_EMAILS else None
    locale = to_staff.locale if to_staff is not None else context.locale
    variables = _variables_of(context, at, seller)
    sender = address(seller["name"], seller["email"])
    brand = known_brand()
    logo = email_logo(brand, sender.domain)
    variables |= _seller_variables(seller) | {"to_staff": to_staff is not None, "logo": logo, "palette": brand.palette}
    content = _render(name, locale, variables)

    email = EmailMessage(policy=POLICY)
    email["Subject"] = content.subject
    email["From"], email["Reply-To"] = address_header("From", sender), address_header("Reply-To", sender)
    email["To"] = _recipients(context, to_staff)
    email["Date"] = format_datetime(at)
    email["Message-ID"] = f"<{re.sub(r'[^A-Za-z0-9.-]', '-', key)}@{sender.domain}>"
    email["Auto-Submitted"] = "auto-generated"
    email["Content-Language"] = f"{locale}-CA"
    set_body(email, re.sub(r"\n{3,}", "\n\n", content.text).strip() + "\n", content.html, logo)
    return email


def _render(name: str, locale: str, variables: Mapping[str, Any]) -> _Content:
    """The subject, and the same contents as text and as HTML."""

    def render(layout: str, markup: str, **more: Any) -> str:
        layout = f"email/{layout}.{markup}"
        return render_template(f"email/{name}.jinja", layout=layout, format=markup, **variables, **more)

    with in_language(locale):
        subject = header_text(render("_subject", "txt"))
        html = render("_layout", "html", subject=subject)
        return _Content(subject, render("_layout", "txt"), html)


def _seller_variables(seller: Mapping[str, Any]) -> dict[str, Any]:
    return {"seller": seller, "seller_name": seller["name"], "base_url": _base_url()}


def _recipients(context: AnyContext, to_staff: Staff | None) -> list[Address]:
    if to_staff is None and isinstance(context, EmailContext | AccountContext):
        return [address(context.client.name, context.email)]
    return [address("", each) for each in (to_staff.emails if to_staff else ())]


def _variables_of(context: AnyContext, at: datetime, seller: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(context, EmailContext):
        return _variables(context, at, seller)
    if isinstance(context, AccountContext):
        return {"client": context.client, "account": context}
    return {"alert": context} if isinstance(context, StaffAlert) else {"summary": context.summary}


def _variables(context: EmailContext, at: datetime, seller: Mapping[str, Any]) -> dict[str, Any]:
    """What the templates may use, computed beforehand so that they only choose and print."""
    order, invoice, request, service = context.order, context.invoice, context.cancellation, context.service
    note = context.credit_note
    figures = figures_of_invoice(invoice) if invoice else figures_of_order(order) if order else None
    return {
        "client": context.client,
        "service": service,
        "next_due": service.due_on(clock.local(at).date()),
        "is_taxed": context.client.taxation(registered_taxes(seller)).is_taxed,
        "order": order,
        "invoice": invoice,
        "cancellation": request,
        "task": context.task,
        "end": context.end,
        "terms": context.terms,
        "on_end": service.plan.group.on_end,
        "credited": context.credited,
        "lifts_suspension": context.lifts_suspension,
        "replaces": context.replaces,
        "refunded": context.refunded,
        "credit_note": note,
        "credit_note_figures": figures_of_credit_note(note) if note else None,
        "offline": context.offline,
        "figures": figures,
        "plan": figures.lines[0].after if figures and figures.lines else service.plan.name,
        "balance": invoice.balance if invoice else None,
        "paid": Money(invoice.paid_cents, invoice.currency) if invoice else None,
        "paid_with_credit": Money(invoice.paid_cents + invoice.credit_cents, invoice.currency) if invoice else None,
        "panel_message": _panel_message(order),
        "recurring": Money(order.to_cents, order.currency) if order else None,
        "renewal": _renewal(order),
        "requested_on": clock.local(request.requested_at).date() if request else None,
        "service_name": _service_name(service),
        "site": {lang: service.label or title for lang, title in service.plan.title.items()},
        **_links(context),
    }


def _panel_message(order: Order | None) -> str:
    """What the panel answered when it last refused the change, or an empty text."""
    steps = order.history if order else []
    return next((step.note for step in reversed(steps) if step.event is OrderEvent.NEEDS_REVIEW), "")


def _links(context: EmailContext) -> dict[str, str]:
    """The links of an e-mail, from ``BASE_URL``: there is no request to take a host from."""
    base = _base_url()
    service = f"{base}/services/{context.service.id}"
    links = {"service_link": service, "choose_link": f"{service}/plan", "tasks_link": f"{base}/staff"}
    links["client_link"] = f"{base}/staff/clients/{context.client.id}"
    if context.task:
        links["tasks_link"] += f"#task-{context.task.id}"
    if context.order:
        links["order_link"] = f"{base}/orders/{context.order.reference}"
    if context.invoice:
        links["invoice_link"] = f"{base}/invoices/{context.invoice.number}"
    if context.credit_note:
        links["credit_note_link"] = f"{base}/invoices/{context.credit_note.number}"
    if context.cancellation:
        links["cancellation_link"] = f"{base}/cancellations/{context.cancellation.reference}"
    return links


def _base_url() -> str:
    return str(current_app.config["BASE_URL"]).rstrip("/")


def _renewal(order: Order | None) -> Renewal | None:
    if order is None or order.due_after is None or not order.to_cents:
        return None
    before, after = (Money(order.figures[name], order.currency) for name in ("renewal_before", "renewal_after"))
    return Renewal(order.due_after, after, before)


def _service_name(service: Service) -> Translated:
    """The plan's full name, with the label of the service."""
    title = service.plan.title
    return {lang: f"{text} ({service.label})" for lang, text in title.items()} if service.label else title
