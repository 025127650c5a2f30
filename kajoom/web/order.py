"""An order's page: what was asked, where it stands, and what can still be done about it."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.order import OrderEvent, OrderStatus, allows
from kajoom.domain.payment import Means
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.figures import figures_of_invoice, figures_of_order
from kajoom.models.invoice import Invoice, invoice_of_order
from kajoom.models.order import Order, order_of
from kajoom.models.payment import last_attempt_of
from kajoom.models.renewal import renewals_carrying
from kajoom.operations.orders.place import cancel_order
from kajoom.web.auth import current_client
from kajoom.i18n.labels import name_of
from kajoom.web.htmx import go_to, render
from kajoom.web.payment import (
    approving,
    give_up_payment,
    means_of,
    method_for,
    pay_invoice,
    payment_trouble,
    verify_payment,
    way_back,
)
from kajoom.web.refusals import SENTENCES, status_of
from kajoom.web.service import own_service, product
from kajoom.web.timeline import timeline_of
from kajoom.web.payment_options import ways_to_pay
from kajoom.i18n.formats import words

bp = Blueprint("order", __name__, url_prefix="/orders/<reference>")

_WAITING = {OrderStatus.AWAITING_PAYMENT, OrderStatus.AWAITING_PROVISIONING}


@bp.get("")
def show(reference: str) -> ResponseReturnValue:
    """The receipt and its live state; while it waits the page asks again, naming what it has ``seen``."""
    order = _own(reference)
    trouble = payment_trouble(invoice_of_order(order.id))
    if request.args.get("seen") == _state(order, trouble):
        return "", 204
    return _shown(order, trouble, is_news="seen" in request.args)


@bp.post("/payment")
def pay(reference: str) -> ResponseReturnValue:
    """Pay what is due, or learn what became of the payment before."""
    order = _own(reference)
    if "verify" not in request.form:
        return _paid(order, means_of(request.form, request.form.get("method", "")))
    invoice = invoice_of_order(order.id)
    return _told(reference, verify_payment(invoice) if invoice is not None else None)


@bp.get("/payment/return")
def returned(reference: str) -> ResponseReturnValue:
    """Back from where the client approves: this only looks and shows, and the page's own form asks and finishes."""
    order = _own(reference)
    return _shown(order, payment_trouble(invoice_of_order(order.id)), back=way_back())


@bp.post("/cancel")
def cancel(reference: str) -> ResponseReturnValue:
    """Cancel the change; « choose another plan » does so and opens the choice."""
    order = _own(reference)
    try:
        if allows(order.status, OrderEvent.CANCELLED):
            for invoice in [invoice_of_order(order.id), *renewals_carrying(order.id)]:
                if invoice is not None and invoice.balance:
                    give_up_payment(invoice)
        order = cancel_order(current_client().id, reference, clock.today(), clock.now())
    except LookupError:
        abort(404)
    except Refused as refused:
        return _shown(_own(reference), refused, status=status_of(refused.reason))
    if request.form.get("then") == "choose":
        return go_to(url_for("plan.choose", service_id=order.service_id))
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
        return _paid(order, means_of(request.form, method))
    return _landed(order)


def _paid(order: Order, means: Means) -> ResponseReturnValue:
    invoice = invoice_of_order(order.id)
    if invoice is None or not invoice.balance:
        return _landed(order)
    reference = order.reference
    return_url = url_for("order.returned", reference=reference, _external=True)
    trouble, leads_to = pay_invoice(invoice, means, return_url, url_for("order.show", reference=reference))
    return go_to(leads_to) if leads_to else _told(reference, trouble)


def _told(reference: str, trouble: Refused | None) -> ResponseReturnValue:
    """The order after a payment, read anew."""
    order = _own(reference)
    return _landed(order) if trouble is None else _shown(order, trouble, status=status_of(trouble.reason))


def _own(reference: str) -> Order:
    order = order_of(current_client().id, reference)
    return order if order is not None else abort(404)


def _title(order: Order) -> str:
    return words().say("Change of plan %(reference)s", reference=order.reference)


def _said(order: Order, trouble: Refused | None) -> str:
    if trouble is not None:
        return words().gettext(SENTENCES[trouble.reason])
    return words().say("Your change of plan: %(status)s.", status=words().gettext(name_of(order.status)).lower())


def _state(order: Order, trouble: Refused | None) -> str:
    """The name of what a page shows of an order: another name, and the page is out of date."""
    return f"{order.version}.{trouble.reason if trouble else 'none'}"


def _follows(order: Order, trouble: Refused | None, unpaid: Invoice | None) -> int | None:
    """How often, in seconds, the page asks again; ``None`` when nothing will move unless its reader does something."""
    if order.status is OrderStatus.AWAITING_PROVISIONING:
        return 60 if order.needs_person else 2
    if order.status is OrderStatus.SCHEDULED:
        return 2 if unpaid is None and order.effective_on <= clock.today() else None
    is_verified = trouble is not None and trouble.reason is Refusal.PAYMENT_PENDING
    return 2 if order.status is OrderStatus.AWAITING_PAYMENT and is_verified else None


def _landed(order: Order) -> ResponseReturnValue:
    return _shown(order, payment_trouble(invoice_of_order(order.id)), landed=True)


def _shown(
    order: Order,
    trouble: Refused | None = None,
    *,
    status: int = 200,
    is_news: bool = False,
    landed: bool = False,
    back: str = "",
) -> ResponseReturnValue:
    """The order as a page or a panel; ``landed`` after a POST that succeeded, ``is_news`` when the state moved.

    ``back`` is how a client comes back from where they approve: "approved", or "left" without paying.
    """
    here = url_for("order.show", reference=order.reference)
    invoice = invoice_of_order(order.id)
    paying, page = payment_trouble(invoice), product(own_service(order.service_id))
    return render(
        "order/show.html",
        "order/_answer.html",
        title=_title(order),
        announce=_said(order, trouble) if is_news else None,
        status=status,
        push=None if is_news else here,
        see_other=here if landed else None,
        order=order,
        invoice=invoice,
        figures=figures_of_invoice(invoice) if invoice and invoice.paid_cents else figures_of_order(order),
        stages=timeline_of(order),
        trouble=trouble,
        **ways_to_pay(invoice),
        approving=approving(invoice),
        back=back,
        can_cancel=allows(order.status, OrderEvent.CANCELLED),
        waits=order.status in _WAITING,
        seen=_state(order, paying),
        follows=_follows(order, paying, page["unpaid"]),
        is_news=is_news,
        **page,
    )
