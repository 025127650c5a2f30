"""The change of plan: the choice with its live price, the review, and the confirmation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import Quote, When, amount_in_digest
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import current_formats
from kajoom.i18n.labels import label_for
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.quotes import Choice, Offer, offers, quote_change, suggested
from kajoom.web.blocked import render_blocked, render_refusal
from kajoom.web.forms import ConfirmForm, PlanForm, ReviewForm
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.order import show_placed_order
from kajoom.web.payment_options import (
    chosen_method,
    is_too_late_to_pay,
    providers_that_save,
    saved_accounts_of,
    ways_to_pay,
)
from kajoom.web.preview import Preview, drop_stale_when, preview_of
from kajoom.web.refusals import REFUSAL_MESSAGES, status_of
from kajoom.web.service import get_service_or_404, product_context
from kajoom.web.throttling import limited
from kajoom.web.usage import measure_after_response

bp = Blueprint("plan", __name__, url_prefix="/services/<int:service_id>/plan")
bp.register_error_handler(BusinessError, render_refusal)

_SHOWN_AGAIN = {Refusal.QUOTE_CHANGED, Refusal.NOT_ACKNOWLEDGED, Refusal.METHOD_TOO_SLOW}
"""The refusals of a confirmation that show the review again, with its new figures."""


@bp.get("")
def choose(service_id: int) -> ResponseReturnValue:
    """Show the plans and the price of the chosen one.

    At each change the form requests the same address with its field ``asked``, and gets the new price alone.
    """
    service = get_service_or_404(service_id)
    blocked_reason = service.blocked_reason(clock.today())
    if blocked_reason is not None:
        url = url_for("plan.choose", service_id=service.id)
        return render_blocked(service, BusinessError(blocked_reason), 200, push=url)
    form = PlanForm.read(request.args)
    cycle, plan_offers = _cycle_and_offers(service, form.cycle)
    plan = form.plan or _default_plan(service, plan_offers)
    choice = drop_stale_when(service, Choice(plan, cycle, form.when), form.asked)
    preview = preview_of(service, choice)
    url = _choice_url("plan.choose", choice, service)
    if form.asked is not None:
        return _render_choice(preview, plan_offers, "plan/_preview.html", replace=url, asked=form.asked)
    measure_after_response(service)
    status = status_of(preview.error.code) if preview.error and form.plan else 200
    return _render_choice(preview, plan_offers, "plan/_choose.html", push=url, status=status)


@bp.get("/review")
def review(service_id: int) -> ResponseReturnValue:
    """Show every figure and condition of one choice, and the button that confirms it."""
    service = get_service_or_404(service_id)
    form = ReviewForm.parse(request.args)
    choice = drop_stale_when(service, form.choice, form.asked.data)
    quote = quote_change(service, choice, clock.today())
    return _render_review(Preview(service, choice, quote), request.args.get("method", ""))


@bp.post("")
def confirm(service_id: int) -> ResponseReturnValue:
    """Confirm what was reviewed.

    The same form sent twice makes one order. When the figures are no longer those of the review, or the condition is
    not acknowledged, nothing is ordered and the review is shown again.
    """
    service = get_service_or_404(service_id)
    form = ConfirmForm.parse(request.form)
    try:
        with limited(ThrottleKind.ORDER):
            place_order(
                service.client_id,
                service.id,
                form.choice,
                form.confirmation,
                locale=current_language(),
                on=clock.today(),
                at=clock.now(),
                days_to_pay=current_app.config["DAYS_TO_PAY"],
                method=chosen_method(form.method.data, service, clock.today()),
            )
    except BusinessError as error:
        if error.code not in _SHOWN_AGAIN:
            raise
        preview = Preview(service, form.choice, cast(Quote, error.details["quote"]), error)
        return _render_review(preview, form.method.data or "")
    return show_placed_order(service, form)


def _cycle_and_offers(service: ServiceSnapshot, requested: BillingCycle | None) -> tuple[BillingCycle, list[Offer]]:
    """The billing cycle to show and its offers.

    Without a ``requested`` cycle: the service's own, or the first in which some other plan can be had.
    """
    today = clock.today()
    if requested is not None:
        return requested, offers(service, requested, today)
    for cycle in (service.terms.cycle, *service.cycles):
        plan_offers = offers(service, cycle, today)
        if suggested(plan_offers):
            return cycle, plan_offers
    return service.terms.cycle, offers(service, service.terms.cycle, today)


def _default_plan(service: ServiceSnapshot, plan_offers: list[Offer]) -> str:
    """The name of the plan that is chosen when the client has not chosen one."""
    offer = suggested(plan_offers)
    return offer.name if offer else service.plan.code


def _render_choice(
    preview: Preview, plan_offers: list[Offer], fragment: str, **response_options: Any
) -> ResponseReturnValue:
    service = preview.service
    return render(
        "plan/choose.html",
        fragment,
        title=gettext("Change plan"),
        announce=_announcement(preview),
        service=service,
        today=clock.today(),
        preview=preview,
        offers=plan_offers,
        cycles=service.cycles,
        way=next(iter(ways_to_pay(service, clock.today(), current_app.config["DAYS_TO_PAY"])), None),
        no_way_in_time=is_too_late_to_pay(service, clock.today()),
        page=lambda: product_context(service),
        **response_options,
    )


def _render_review(preview: Preview, requested: str = "") -> ResponseReturnValue:
    """The review, after a refused confirmation with ``preview.error``, its status and the method it ``requested``."""
    service, error = preview.service, preview.error
    ways = ways_to_pay(service, clock.today(), current_app.config["DAYS_TO_PAY"])
    by_code = {each.method.code: each for each in ways}
    way = by_code.get(requested) or next(iter(ways), None)
    method = way.method.code if way else ""
    return render(
        "plan/review.html",
        "plan/_review.html",
        title=gettext("Review and confirm your change"),
        push=None
        if error
        else _choice_url("plan.review", preview.choice, service, requested if requested in by_code else ""),
        status=status_of(error.code) if error else 200,
        service=service,
        today=clock.today(),
        preview=preview,
        error=error,
        back=_choice_url("plan.choose", preview.choice, service),
        ways=ways,
        way=way,
        way_urls={code: _choice_url("plan.review", preview.choice, service, code) for code in by_code},
        no_way_in_time=is_too_late_to_pay(service, clock.today()),
        account=saved_accounts_of(service.client_id).get(method),
        saving=method if method in providers_that_save() else None,
        scheduled_url=_choice_url("plan.review", replace(preview.choice, when=When.RENEWAL), service),
        amount_before=amount_in_digest(request.form.get("digest", ""), service.terms.recurring.currency),
        key=uuid4().hex,
        page=lambda: product_context(service),
    )


def _announcement(preview: Preview) -> str:
    """The preview in one sentence, announced to screen readers after a swap."""
    if preview.quote is None:
        return str(gettext(REFUSAL_MESSAGES[preview.error.code])) if preview.error else ""
    formats = current_formats()
    values = {
        "plan": formats.localized(preview.names[1]),
        "cycle": gettext(label_for(preview.choice.cycle)).lower(),
        "amount": formats.money(preview.quote.due_today),
    }
    if preview.service.is_taxed:
        return str(gettext("Preview: %(plan)s, %(cycle)s. Due today: %(amount)s, taxes included.", **values))
    return str(gettext("Preview: %(plan)s, %(cycle)s. Due today: %(amount)s.", **values))


def _choice_url(endpoint: str, choice: Choice, service: ServiceSnapshot, method: str = "") -> str:
    """The address of a choice, which reloading, the Back button and a link in an e-mail open again."""
    when: dict[str, Any] = {"when": choice.when.value} if choice.when else {}
    paid_by: dict[str, Any] = {"method": method} if method else {}
    return url_for(endpoint, service_id=service.id, plan=choice.plan, cycle=choice.cycle.value, **when, **paid_by)
