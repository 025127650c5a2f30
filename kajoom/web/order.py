"""An order's page: what was asked, where it stands, and what can still be done about it."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.order import OrderEvent, OrderStatus, allows
from kajoom.domain.payment import PaymentChoice
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.i18n.labels import label_for
from kajoom.models.figures import figures_of_invoice, figures_of_order
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order, order_of
from kajoom.models.payment import last_attempt_of
from kajoom.models.renewal import renewals_with_terms_of
from kajoom.operations.orders.close import cancel_order
from kajoom.web.auth import current_client
from kajoom.web.htmx import redirect_to, render
from kajoom.web.payment import (
    approving,
    give_up_payment,
    method_for,
    parse_return_state,
    pay_invoice,
    payment_choice_of,
    payment_error_of,
    verify_payment,
)
from kajoom.web.payment_options import payment_options
from kajoom.web.refusals import REFUSAL_MESSAGES, status_of
from kajoom.web.service import get_service_or_404, product_context
from kajoom.web.timeline import timeline_of

bp = Blueprint("order", __name__, url_prefix="/orders/<reference>")

_WAITING = {OrderStatus.AWAITING_PAYMENT, OrderStatus.AWAITING_PROVISIONING}


@bp.get("")
def show(reference: str) -> ResponseReturnValue:
    """The receipt and its live state; while it waits the page asks again, naming what it has ``seen``."""
    order = _own(reference)
    payment_error = payment_error_of(invoice_of_order(order.id))
    if request.args.get("seen") == _state(order, payment_error):
        return "", 204
    return _render(order, payment_error, is_news="seen" in request.args)


@bp.post("/payment")
def pay(reference: str) -> ResponseReturnValue:
    """Pay what is due, or learn what became of the payment before."""
    order = _own(reference)
    if "verify" not in request.form:
        return _paid(order, payment_choice_of(request.form, request.form.get("method", "")))
    invoice = invoice_of_order(order.id)
    return _told(reference, verify_payment(invoice) if invoice is not None else None)


@bp.get("/payment/return")
def returned(reference: str) -> ResponseReturnValue:
    """Back from where the client approves: this only looks and shows, and the page's own form asks and finishes."""
    order = _own(reference)
    return _render(order, payment_error_of(invoice_of_order(order.id)), return_state=parse_return_state())


@bp.post("/cancel")
def cancel(reference: str) -> ResponseReturnValue:
    """Cancel the change; « choose another plan » does so and opens the choice."""
    order = _own(reference)
    try:
        if allows(order.status, OrderEvent.CANCELLED):
            for invoice in [invoice_of_order(order.id), *renewals_with_terms_of(order.id)]:
                if invoice is not None and invoice.balance:
                    give_up_payment(invoice)
        order = cancel_order(current_client().id, reference, clock.today(), clock.now())
    except LookupError:
        abort(404)
    except BusinessError as error:
        return _render(_own(reference), error, status=status_of(error.code))
    if request.form.get("then") == "choose":
        return redirect_to(url_for("plan.choose", service_id=order.service_id))
    return _landed(order)


def opened(order: Order) -> ResponseReturnValue:
    """Show an order just confirmed, paid at once where it can be; a second confirmation pays nothing again.

    Nor does one that says ``saved`` and names no account: its client would rather choose another way.
    """
    invoice = invoice_of_order(order.id)
    method = method_for(order.service.payment_method)
    untried = invoice is not None and last_attempt_of(invoice.id) is None
    elsewhere = request.form.get("saved") == ""
    if order.status is OrderStatus.AWAITING_PAYMENT and untried and method is not None and not elsewhere:
        return _paid(order, payment_choice_of(request.form, method))
    return _landed(order)


def _paid(order: Order, payment_choice: PaymentChoice) -> ResponseReturnValue:
    invoice = invoice_of_order(order.id)
    if invoice is None or not invoice.balance:
        return _landed(order)
    reference = order.reference
    return_url = url_for("order.returned", reference=reference, _external=True)
    payment_error, redirect_url = pay_invoice(
        invoice, payment_choice, return_url, url_for("order.show", reference=reference)
    )
    return redirect_to(redirect_url) if redirect_url else _told(reference, payment_error)


def _told(reference: str, payment_error: BusinessError | None) -> ResponseReturnValue:
    """The order after a payment, read anew."""
    order = _own(reference)
    return (
        _landed(order) if payment_error is None else _render(order, payment_error, status=status_of(payment_error.code))
    )


def _own(reference: str) -> Order:
    order = order_of(current_client().id, reference)
    return order if order is not None else abort(404)


def _title(order: Order) -> str:
    return str(gettext("Change of plan %(reference)s", reference=order.reference))


def _said(order: Order, payment_error: BusinessError | None) -> str:
    if payment_error is not None:
        return str(gettext(REFUSAL_MESSAGES[payment_error.code]))
    return str(gettext("Your change of plan: %(status)s.", status=gettext(label_for(order.status)).lower()))


def _state(order: Order, payment_error: BusinessError | None) -> str:
    """The name of what a page shows of an order: another name, and the page is out of date."""
    return f"{order.version}.{payment_error.code if payment_error else 'none'}"


def _follows(order: Order, payment_error: BusinessError | None, unpaid: Invoice | None) -> int | None:
    """How often, in seconds, the page asks again; ``None`` when nothing will move unless its reader does something."""
    if order.status is OrderStatus.AWAITING_PROVISIONING:
        return 60 if order.needs_person else 2
    if order.status is OrderStatus.SCHEDULED:
        return 2 if unpaid is None and order.effective_on <= clock.today() else None
    is_verified = payment_error is not None and payment_error.code is Refusal.PAYMENT_PENDING
    return 2 if order.status is OrderStatus.AWAITING_PAYMENT and is_verified else None


def _landed(order: Order) -> ResponseReturnValue:
    return _render(order, payment_error_of(invoice_of_order(order.id)), landed=True)


def _render(
    order: Order,
    payment_error: BusinessError | None = None,
    *,
    status: int = 200,
    is_news: bool = False,
    landed: bool = False,
    return_state: str = "",
) -> ResponseReturnValue:
    """The order as a page or a panel; ``landed`` after a POST that succeeded, ``is_news`` when the state moved.

    ``return_state`` is how a client comes back from where they approve: "approved", or "left" without paying.
    """
    current_url = url_for("order.show", reference=order.reference)
    invoice = invoice_of_order(order.id)
    paying, page = payment_error_of(invoice), product_context(get_service_or_404(order.service_id))
    return render(
        "order/show.html",
        "order/_answer.html",
        title=_title(order),
        announce=_said(order, payment_error) if is_news else None,
        status=status,
        push=None if is_news else current_url,
        see_other=current_url if landed else None,
        order=order,
        invoice=invoice,
        figures=figures_of_invoice(invoice) if invoice and invoice.paid_cents else figures_of_order(order),
        stages=timeline_of(order),
        payment_error=payment_error,
        **payment_options(invoice),
        approving=approving(invoice),
        return_state=return_state,
        can_cancel=allows(order.status, OrderEvent.CANCELLED),
        waits=order.status in _WAITING,
        seen=_state(order, paying),
        follows=_follows(order, paying, page["unpaid"]),
        is_news=is_news,
        **page,
    )
