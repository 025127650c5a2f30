"""The change of plan: the choice with its live price, the review, and the confirmation."""

from __future__ import annotations

from typing import Any, cast
from uuid import uuid4

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import Quote, amount_in_digest
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.i18n.formats import current_formats
from kajoom.i18n.labels import label_for
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.quotes import Choice, Offer, offers, quote_change, suggested
from kajoom.web.blocked import render_blocked, render_refusal
from kajoom.web.forms import ConfirmForm, PlanForm, ReviewForm
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.order import opened
from kajoom.web.payment import method_for, saving
from kajoom.web.payment_options import saved_accounts_of
from kajoom.web.preview import Preview, preview_of
from kajoom.web.refusals import SENTENCES, status_of
from kajoom.web.service import own_service, product

bp = Blueprint("plan", __name__, url_prefix="/services/<int:service_id>/plan")
bp.register_error_handler(BusinessError, render_refusal)


@bp.get("")
def choose(service_id: int) -> ResponseReturnValue:
    """The plans, and the price of the one chosen; asked again by the form at each change, it answers the price."""
    service = own_service(service_id)
    blocked_reason = service.blocked_reason(clock.today())
    if blocked_reason is not None:
        return render_blocked(
            service, BusinessError(blocked_reason), 200, push=url_for("plan.choose", service_id=service.id)
        )
    form = PlanForm.parse(request.args)
    cycle, listed = _listed(service, form.cycle.data)
    first = suggested(listed)
    plan = form.plan.data or (first.plan.code if first else service.plan.code)
    preview = preview_of(service, _answered(service, Choice(plan, cycle, form.when.data), form.asked.data))
    current_url = _url("plan.choose", preview.choice, service)
    if "asked" not in request.args:
        status = status_of(preview.error.code) if preview.error and "plan" in request.args else 200
        return _choose(preview, listed, "plan/_choose.html", push=current_url, status=status)
    return _choose(preview, listed, "plan/_preview.html", replace=current_url, asked=request.args["asked"])


@bp.get("/review")
def review(service_id: int) -> ResponseReturnValue:
    """Every figure and condition of one choice, and the one button that confirms it."""
    service = own_service(service_id)
    form = ReviewForm.parse(request.args)
    choice = _answered(service, form.choice, form.asked.data)
    return _review(Preview(service, choice, quote_change(service, choice, clock.today())))


@bp.post("")
def confirm(service_id: int) -> ResponseReturnValue:
    """Confirm what was reviewed: the same form twice is one order, and figures that moved are shown again."""
    service = own_service(service_id)
    form = ConfirmForm.parse(request.form)
    try:
        order = place_order(
            service.client_id,
            service.id,
            form.choice,
            form.confirmation,
            locale=current_language(),
            on=clock.today(),
            at=clock.now(),
            days_to_pay=current_app.config["DAYS_TO_PAY"],
        )
    except BusinessError as error:
        if error.code not in {Refusal.QUOTE_CHANGED, Refusal.NOT_ACKNOWLEDGED}:
            raise
        return _review(Preview(service, form.choice, cast(Quote, error.details["quote"]), error))
    return opened(order)


def _listed(service: ServiceSnapshot, asked: BillingCycle | None) -> tuple[BillingCycle, list[Offer]]:
    """The billing cycle asked for and its offers; unasked, the present one, or the first that has a plan to move to."""
    today = clock.today()
    cycles = [asked] if asked else [service.terms.cycle, *service.group.cycles(service.terms.recurring.currency)]
    for cycle in cycles:
        listed = offers(service, cycle, today)
        if suggested(listed):
            return cycle, listed
    return cycles[0], offers(service, cycles[0], today)


def _answered(service: ServiceSnapshot, choice: Choice, asked: str | None) -> Choice:
    """The choice with its « when » only if it answers the question this plan asks.

    The form names in ``asked`` the question it showed. A client who moves from a higher plan, where « now » is the
    default, to a lower one, where it gives up what is paid, has not answered that other question.
    """
    if choice.when is None or asked is None:
        return choice
    plain = Choice(choice.plan, choice.cycle)
    question = preview_of(service, plain).asked.partition(".")[2]
    return choice if asked.partition(".")[2] == question else plain


def _choose(preview: Preview, listed: list[Offer], fragment: str, **answer: Any) -> ResponseReturnValue:
    service = preview.service
    return render(
        "plan/choose.html",
        fragment,
        title=gettext("Change plan"),
        announce=_said(preview),
        service=service,
        preview=preview,
        offers=listed,
        cycles=service.group.cycles(service.terms.recurring.currency),
        page=lambda: product(service),
        **answer,
    )


def _review(preview: Preview) -> ResponseReturnValue:
    service, error = preview.service, preview.error
    title = gettext("Review and confirm your change")
    method = method_for(service.payment_method)
    return render(
        "plan/review.html",
        "plan/_review.html",
        title=gettext("Error: %(title)s", title=title) if error else title,
        push=None if error else _url("plan.review", preview.choice, service),
        status=status_of(error.code) if error else 200,
        service=service,
        preview=preview,
        error=error,
        back=_url("plan.choose", preview.choice, service),
        account=saved_accounts_of(service.client_id).get(method or ""),
        saving=method if method in saving() else None,
        amount_before=amount_in_digest(request.form.get("digest", ""), service.terms.recurring.currency),
        key=uuid4().hex,
        page=lambda: product(service),
    )


def _said(preview: Preview) -> str:
    """The preview in one sentence, for those who hear it change."""
    formats = current_formats()
    if preview.quote is None:
        return str(gettext(SENTENCES[preview.error.code])) if preview.error else ""
    announcement: str = gettext(
        "Preview: %(plan)s, %(cycle)s. Due today: %(amount)s, taxes included.",
        plan=formats.localized(preview.plan.name),
        cycle=gettext(label_for(preview.choice.cycle)).lower(),
        amount=formats.money(preview.quote.due_today),
    )
    return announcement


def _url(endpoint: str, choice: Choice, service: ServiceSnapshot) -> str:
    """The address of a state: reload, Back and a link in a letter lead to it again."""
    when: dict[str, Any] = {"when": choice.when.value} if choice.when else {}
    return url_for(endpoint, service_id=service.id, plan=choice.plan, cycle=choice.cycle.value, **when)
