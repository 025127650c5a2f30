"""The page of an order: what was ordered, its progress, and its payment and cancellation while they are possible."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.catalog import Translated
from kajoom.domain.money import Money
from kajoom.domain.order import OrderEvent, OrderStatus, ReviewReason, allows
from kajoom.domain.payment import PaymentChoice
from kajoom.domain.quote import Decision
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.throttle import ThrottleKind
from kajoom.domain.usage import Excess, fit
from kajoom.i18n.formats import gettext
from kajoom.i18n.labels import label_for
from kajoom.models.figures import Figures, figures_of_invoice, figures_of_order
from kajoom.models.order_page import OrderPage, OrderRow, order_page_of, order_state_of
from kajoom.models.owner import owner_of_order
from kajoom.models.renewal import renewals_with_terms_of
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.placed import PlacedOrder
from kajoom.web.auth import current_client
from kajoom.web.forms import CancelOrderForm, ConfirmForm, PaymentForm
from kajoom.web.htmx import redirect_to, render, wants_fragment
from kajoom.web.order_news import is_late, name_of, poll_seconds
from kajoom.web.payment import (
    PaymentState,
    abandon_payments,
    pay_invoice,
    payment_choice,
    payment_state,
    return_state_of_request,
    verify_payment,
)
from kajoom.web.payment_options import payment_method_label, payment_options, payment_providers
from kajoom.web.refusals import REFUSAL_MESSAGES, status_of
from kajoom.web.service import get_viewable_service_or_404, product_context
from kajoom.web.staff_view import get_viewable_or_404
from kajoom.web.throttling import count_own_act, limited
from kajoom.web.timeline import timeline_of
from kajoom.web.usage import measure_after_response

bp = Blueprint("order", __name__, url_prefix="/orders/<reference>")


@bp.get("")
def show(reference: str) -> ResponseReturnValue:
    """Show the order.

    While it can change by itself the page polls this address with the state it shows (``seen``), and gets 204 as long
    as that is still the state.
    """
    seen = request.args.get("seen")
    if seen is not None and seen == name_of(get_viewable_or_404(order_state_of, owner_of_order, reference)):
        return "", 204
    page = get_viewable_or_404(order_page_of, owner_of_order, reference)
    return _render(page, is_update=seen is not None)


@bp.post("/payment")
def pay(reference: str) -> ResponseReturnValue:
    """Pay the order's invoice, or look up the payment that was made before (field ``verify``)."""
    form = PaymentForm.parse(request.form)
    count_own_act(ThrottleKind.PAYMENT)
    page = _get_page_or_404(reference)
    if not form.verify.data:
        to_pay = page.invoice.id if page.invoice is not None and page.invoice.balance else None
        return _pay(reference, to_pay, payment_choice(form, form.method.data or ""))
    error = verify_payment(page.invoice.id) if page.invoice is not None else None
    return _show_after_post(reference, error)


@bp.get("/payment/return")
def returned(reference: str) -> ResponseReturnValue:
    """Show the order to a client who comes back from approving its payment; the page's form captures the money."""
    return _render(_get_page_or_404(reference), return_state=return_state_of_request())


@bp.post("/cancel")
def cancel(reference: str) -> ResponseReturnValue:
    """Cancel the order, and with the field ``then=choose`` open the choice of a plan."""
    form = CancelOrderForm.parse(request.form)
    try:
        with limited(ThrottleKind.ORDER):
            page = _get_page_or_404(reference)
            service_id = page.order.service_id
            if allows(page.order.status, OrderEvent.CANCELLED):
                invoices = (page.invoice, *renewals_with_terms_of(page.order.id))
                abandon_payments(invoice for invoice in invoices if invoice is not None and invoice.balance)
            cancel_order(current_client().id, reference, clock.today(), clock.now())
    except BusinessError as error:
        return _show_after_post(reference, error)
    if form.then.data == "choose":
        return redirect_to(url_for("plan.choose", service_id=service_id))
    return _show_after_post(reference)


def show_placed_order(placed: PlacedOrder, form: ConfirmForm) -> ResponseReturnValue:
    """Show the order that a confirmation has placed, and pay it by the provider chosen for it.

    It is not paid now when an offline method was chosen, when the client prefers another way than the saved account
    that was offered, or when a payment was attempted before (the same form sent again).
    """
    is_paid_now = placed.method in payment_providers() and not form.declines_saved_account
    to_pay = placed.to_pay if is_paid_now else None
    return _pay(placed.reference, to_pay, payment_choice(form, placed.method), is_confirmation=True)


def _pay(
    reference: str, invoice_id: int | None, choice: PaymentChoice, *, is_confirmation: bool = False
) -> ResponseReturnValue:
    """Pay an order's invoice, and show the order; with ``None`` there is nothing to pay."""
    if invoice_id is None:
        return _show_after_post(reference)
    return_url = url_for("order.returned", reference=reference, _external=True)
    page_url = url_for("order.show", reference=reference)
    error, redirect_url = pay_invoice(invoice_id, choice, return_url, page_url)
    if error is not None and error.code is Refusal.PAYMENT_PENDING and is_confirmation:
        error = None  # as after a double click: the page of the order says what is known of the payment
    return redirect_to(redirect_url) if redirect_url else _show_after_post(reference, error)


def _get_page_or_404(reference: str) -> OrderPage:
    """The client's own order; 404 for an unknown one and for another client's."""
    return order_page_of(current_client().id, reference) or abort(404)


def _show_after_post(reference: str, error: BusinessError | None = None) -> ResponseReturnValue:
    """The response to a POST: the page with its error; without one a redirect to it, or its panel for htmx."""
    if error is None and not wants_fragment():
        return redirect_to(url_for("order.show", reference=reference))
    return _render(_get_page_or_404(reference), error)


def _render(
    page: OrderPage, error: BusinessError | None = None, *, is_update: bool = False, return_state: str = ""
) -> ResponseReturnValue:
    """The order as a page or as a panel.

    ``error`` is why a POST failed. ``is_update`` when a poll found a new state, which is announced and changes neither
    the focus nor the address. ``return_state`` as in ``PaymentState``.
    """
    order, invoice = page.order, page.invoice
    state = payment_state(invoice, page.attempt, error, return_state)
    service = get_viewable_service_or_404(order.service_id)
    if order.needs_person and order.review_reason is ReviewReason.OVER_LIMITS:
        measure_after_response(service)
    return render(
        "order/show.html",
        "order/_show.html",
        title=gettext("Change of plan %(reference)s", reference=order.reference),
        announce=_announcement(order, state) if is_update else None,
        status=status_of(error.code) if error is not None else 200,
        push=None if is_update else url_for("order.show", reference=order.reference),
        order=order,
        names=_names_of(order, service),
        invoice=invoice,
        credit_notes=sorted((page.credit_notes or "").split()),
        figures=_figures_of(page),
        stages=timeline_of(page),
        follows=_renewal_after(order),
        follows_on=_renewal_day(order),
        given_back=_given_back(page),
        has_expired=OrderEvent.EXPIRED in page.reached,
        payment=state,
        options=payment_options(invoice, order, service.payment_method, service.catalog, service.credit, clock.today()),
        is_late=is_late(page.state),
        over=_over_limits(order, service),
        can_cancel=allows(order.status, OrderEvent.CANCELLED),
        seen=name_of(page.state),
        poll_seconds=poll_seconds(page, service),
        is_update=is_update,
        **product_context(service),
    )


def _names_of(order: OrderRow, service: ServiceSnapshot) -> tuple[Translated, Translated]:
    """The names of the plans before and after, with their groups where these are two."""
    plans = service.catalog.plans
    return service.catalog.names(plans[order.from_plan_id], plans[order.to_plan_id])


def _figures_of(page: OrderPage) -> Figures:
    """The order's figures, or those of its invoice once a part of it is paid."""
    if page.invoice is not None and page.invoice.paid_cents:
        return figures_of_invoice(page.invoice)
    return figures_of_order(page.order)


def _renewal_after(order: OrderRow) -> Money | None:
    """What each period costs after the change, taxes included; ``None`` for a free plan and where it is not known."""
    cents = order.figures.get("renewal_after") if order.to_cents and _renewal_day(order) else None
    return Money(cents, order.currency) if cents is not None else None


def _renewal_day(order: OrderRow) -> date | None:
    """The first day on which the new price is paid, while that is to come."""
    if order.status in {OrderStatus.CANCELLED, OrderStatus.REFUSED}:
        return None
    if order.status is OrderStatus.SCHEDULED:
        return order.effective_on
    is_to_come = order.due_after is not None and order.due_after > clock.today()
    return order.due_after if order.decision is Decision.NOW and is_to_come else None


def _given_back(page: OrderPage) -> Money:
    """What became account credit when the order was refused or closed unpaid."""
    order, invoice = page.order, page.invoice
    if order.status is OrderStatus.REFUSED:
        return order.total
    if order.status is not OrderStatus.CANCELLED or invoice is None:
        return order.total.zero()
    return Money(invoice.credit_cents + invoice.paid_cents, order.currency)


def _announcement(order: OrderRow, payment: PaymentState) -> str:
    """The new state in one sentence, announced to screen readers."""
    if payment.approving is not None:
        method = payment_method_label(payment.approving.method)
        return str(
            gettext("Your payment waits for your approval at %(method)s. Nothing has been charged.", method=method)
        )
    if payment.error is not None:
        return str(gettext(REFUSAL_MESSAGES[payment.error.code]))
    return str(gettext("Your change of plan: %(status)s.", status=gettext(label_for(order.status)).lower()))


def _over_limits(order: OrderRow, service: ServiceSnapshot) -> tuple[Excess, ...]:
    """What the client must free before a change that waits for it is made."""
    if not order.needs_person or order.review_reason is not ReviewReason.OVER_LIMITS:
        return ()
    return fit(service.usage, service.catalog.plans[order.to_plan_id].limits).over
