"""The client's invoices: the list, and each one as it was issued, with what was paid and what is left."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.refund import RefundStatus
from kajoom.domain.refusal import Refused
from kajoom.models.figures import figures_of_invoice
from kajoom.models.invoice import Invoice, invoice_of, invoices_of
from kajoom.models.payment import payments_of
from kajoom.models.refund import refunds_of
from kajoom.web.urls import local_path
from kajoom.web.auth import current_client
from kajoom.web.htmx import go_to, render
from kajoom.web.payment import approving, means_of, pay_invoice, payment_trouble, verify_payment, way_back
from kajoom.web.refusals import status_of
from kajoom.web.payment_options import ways_to_pay
from kajoom.i18n.formats import words

bp = Blueprint("invoice", __name__, url_prefix="/invoices")


@bp.get("")
def index() -> ResponseReturnValue:
    """Every invoice, newest first."""
    title, issued = words().say("Invoices"), invoices_of(current_client().id)
    return render("invoice/index.html", "invoice/_index.html", title=title, invoices=issued, today=clock.today())


@bp.get("/<number>")
def show(number: str) -> ResponseReturnValue:
    """One invoice; ``next`` is the choice a client came from, offered again once it is paid."""
    invoice = _own(number)
    return _shown(invoice, payment_trouble(invoice))


@bp.post("/<number>/payment")
def settle(number: str) -> ResponseReturnValue:
    """Pay an invoice's balance, and go back to the choice it hindered if there was one."""
    invoice, following = _own(number), local_path(request.form.get("next"))
    here = url_for("invoice.show", number=number, next=following)
    if "verify" in request.form:
        trouble, leads_to = verify_payment(invoice), ""
    else:
        means = means_of(request.form, request.form.get("method", ""))
        return_url = url_for("invoice.returned", number=number, next=following, _external=True)
        trouble, leads_to = pay_invoice(invoice, means, return_url, here)
    if trouble is not None:
        return _shown(_own(number), trouble, status_of(trouble.reason))
    return go_to(leads_to or (following if following and not _own(number).balance else here))


@bp.get("/<number>/payment/return")
def returned(number: str) -> ResponseReturnValue:
    """Back from where the client approves: this only looks and shows, and the page's own form asks and finishes."""
    invoice = _own(number)
    return _shown(invoice, payment_trouble(invoice), back=way_back())


def _own(number: str) -> Invoice:
    invoice = invoice_of(current_client().id, number)
    return invoice if invoice is not None else abort(404)


def _shown(invoice: Invoice, trouble: Refused | None, status: int = 200, *, back: str = "") -> ResponseReturnValue:
    """The invoice; ``back`` is how its client comes back from where they approve: "approved", or "left"."""
    return render(
        "invoice/show.html",
        "invoice/_invoice.html",
        title=words().say("Invoice %(number)s", number=invoice.number),
        status=status,
        invoice=invoice,
        figures=figures_of_invoice(invoice),
        payments=payments_of(invoice.id),
        trouble=trouble,
        refunds=[refund for refund in refunds_of(invoice.id) if refund.status is not RefundStatus.REFUSED],
        **ways_to_pay(invoice),
        approving=approving(invoice),
        back=back,
        next=local_path(request.values.get("next")),
    )
