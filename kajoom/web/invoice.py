"""The client's invoices: the list, and each one as it was issued, with what was paid and what is left."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.refund import RefundStatus
from kajoom.domain.refusal import BusinessError
from kajoom.models.figures import figures_of_invoice
from kajoom.models.invoice import Invoice, invoice_of, invoices_of
from kajoom.models.payment import payments_of
from kajoom.models.refund import refunds_of
from kajoom.web.auth import current_client
from kajoom.web.htmx import redirect_to, render
from kajoom.web.payment import (
    approving,
    parse_return_state,
    pay_invoice,
    payment_choice_of,
    payment_error_of,
    verify_payment,
)
from kajoom.web.payment_options import payment_options
from kajoom.web.refusals import status_of
from kajoom.web.urls import safe_local_path

bp = Blueprint("invoice", __name__, url_prefix="/invoices")


@bp.get("")
def index() -> ResponseReturnValue:
    """Every invoice, newest first."""
    title, issued = gettext("Invoices"), invoices_of(current_client().id)
    return render("invoice/index.html", "invoice/_index.html", title=title, invoices=issued, today=clock.today())


@bp.get("/<number>")
def show(number: str) -> ResponseReturnValue:
    """One invoice; ``next`` is the choice a client came from, offered again once it is paid."""
    invoice = _own(number)
    return _render(invoice, payment_error_of(invoice))


@bp.post("/<number>/payment")
def settle(number: str) -> ResponseReturnValue:
    """Pay an invoice's balance, and go back to the choice it hindered if there was one."""
    invoice, following = _own(number), safe_local_path(request.form.get("next"))
    current_url = url_for("invoice.show", number=number, next=following)
    if "verify" in request.form:
        payment_error, redirect_url = verify_payment(invoice), ""
    else:
        payment_choice = payment_choice_of(request.form, request.form.get("method", ""))
        return_url = url_for("invoice.returned", number=number, next=following, _external=True)
        payment_error, redirect_url = pay_invoice(invoice, payment_choice, return_url, current_url)
    if payment_error is not None:
        return _render(_own(number), payment_error, status_of(payment_error.code))
    return redirect_to(redirect_url or (following if following and not _own(number).balance else current_url))


@bp.get("/<number>/payment/return")
def returned(number: str) -> ResponseReturnValue:
    """Back from where the client approves: this only looks and shows, and the page's own form asks and finishes."""
    invoice = _own(number)
    return _render(invoice, payment_error_of(invoice), return_state=parse_return_state())


def _own(number: str) -> Invoice:
    invoice = invoice_of(current_client().id, number)
    return invoice if invoice is not None else abort(404)


def _render(
    invoice: Invoice, payment_error: BusinessError | None, status: int = 200, *, return_state: str = ""
) -> ResponseReturnValue:
    """The invoice; ``return_state`` is how its client comes back from where they approve: "approved", or "left"."""
    return render(
        "invoice/show.html",
        "invoice/_invoice.html",
        title=gettext("Invoice %(number)s", number=invoice.number),
        status=status,
        invoice=invoice,
        figures=figures_of_invoice(invoice),
        payments=payments_of(invoice.id),
        payment_error=payment_error,
        refunds=[refund for refund in refunds_of(invoice.id) if refund.status is not RefundStatus.REFUSED],
        **payment_options(invoice),
        approving=approving(invoice),
        return_state=return_state,
        next=safe_local_path(request.values.get("next")),
    )
