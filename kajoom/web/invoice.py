"""The client's invoices and credit notes: the list, and each invoice with its payments and ways to pay its balance."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError
from kajoom.domain.service import ServiceStatus
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import gettext
from kajoom.models.credit_note import NUMBER_PREFIX, credit_note_of
from kajoom.models.document import documents_of
from kajoom.models.figures import figures_of_credit_note, figures_of_invoice
from kajoom.models.invoice import Invoice
from kajoom.models.invoice_page import InvoicePage, invoice_page_of
from kajoom.models.owner import owner_of_credit_note, owner_of_invoice
from kajoom.web.auth import current_client
from kajoom.web.forms import PaymentForm
from kajoom.web.htmx import redirect_to, render
from kajoom.web.paging import requested_page
from kajoom.web.payment import pay_invoice, payment_choice, payment_state, return_state_of_request, verify_payment
from kajoom.web.payment_options import payment_options
from kajoom.web.refusals import status_of
from kajoom.web.staff_view import get_viewable_or_404
from kajoom.web.throttling import count_own_act
from kajoom.web.urls import safe_local_path

bp = Blueprint("invoice", __name__, url_prefix="/invoices")


@bp.get("")
def index() -> ResponseReturnValue:
    """List the client's invoices and credit notes, newest first."""
    return render(
        "invoice/index.html",
        "invoice/_index.html",
        title=gettext("Invoices"),
        documents=documents_of(current_client().id, requested_page()),
        money=Money,
        today=clock.today(),
    )


@bp.get("/<number>")
def show(number: str) -> ResponseReturnValue:
    """Show one invoice or credit note; ``next`` is the local page to go back to once the invoice is paid.

    While the outcome of its payment is not known the page polls this address with the state it shows (``seen``), and
    gets 204 as long as that is still the state.
    """
    if number.startswith(NUMBER_PREFIX):
        return _render_credit_note(number)
    page = get_viewable_or_404(invoice_page_of, owner_of_invoice, number)
    if request.args.get("seen") == payment_state(page.invoice, page.attempt).name:
        return "", 204
    return _render(page)


@bp.post("/<number>/payment")
def settle(number: str) -> ResponseReturnValue:
    """Pay the invoice, or look up the payment that was made before (field ``verify``); then go to ``next``."""
    form = PaymentForm.parse(request.form)
    count_own_act(ThrottleKind.PAYMENT)
    page = _get_page_or_404(number)
    page_url = url_for("invoice.show", number=number, next=form.next.data)
    if form.verify.data:
        error, redirect_url = verify_payment(page.invoice.id), ""
    else:
        choice = payment_choice(form, form.method.data or "")
        return_url = url_for("invoice.returned", number=number, next=form.next.data, _external=True)
        error, redirect_url = pay_invoice(page.invoice.id, choice, return_url, page_url)
    if error is not None:
        return _render(_get_page_or_404(number), error)
    if redirect_url or form.next.data is None:
        return redirect_to(redirect_url or page_url)
    return redirect_to(page_url if page.invoice.balance else form.next.data)


@bp.get("/<number>/payment/return")
def returned(number: str) -> ResponseReturnValue:
    """Show the invoice to a client who comes back from approving its payment; the page's form captures the money."""
    return _render(_get_page_or_404(number), return_state=return_state_of_request())


def _get_page_or_404(number: str) -> InvoicePage:
    """The client's own invoice; 404 for an unknown one and for another client's."""
    return invoice_page_of(current_client().id, number) or abort(404)


def _render_credit_note(number: str) -> ResponseReturnValue:
    note = get_viewable_or_404(credit_note_of, owner_of_credit_note, number)
    return render(
        "credit_note/show.html",
        "credit_note/_credit_note.html",
        title=gettext("Credit note %(number)s", number=note.number),
        note=note,
        figures=figures_of_credit_note(note),
    )


def _render(page: InvoicePage, error: BusinessError | None = None, *, return_state: str = "") -> ResponseReturnValue:
    """The invoice; ``error`` is why a POST failed, ``return_state`` as in ``PaymentState``."""
    invoice = page.invoice
    return render(
        "invoice/show.html",
        "invoice/_invoice.html",
        title=gettext("Invoice %(number)s", number=invoice.number),
        status=status_of(error.code) if error is not None else 200,
        invoice=invoice,
        figures=figures_of_invoice(invoice),
        payments=page.payments,
        refunds=page.refunds,
        payment=payment_state(invoice, page.attempt, error, return_state),
        options=payment_options(
            invoice, page.change, invoice.service.payment_method, page.catalog, page.credit, clock.today()
        ),
        catalog=page.catalog,
        credit_notes=page.credit_notes,
        credited=page.credited,
        today=clock.today(),
        is_suspended=_is_paid_and_suspended(invoice),
        next=safe_local_path(request.values.get("next")),
    )


def _is_paid_and_suspended(invoice: Invoice) -> bool:
    """Whether the service of a renewal that was paid, for a period that has begun, is still suspended."""
    is_suspended = invoice.service.status is ServiceStatus.SUSPENDED
    return is_suspended and invoice.status is InvoiceStatus.PAID and invoice.has_begun(clock.today())
