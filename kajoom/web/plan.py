"""The change of plan: the choice with its live price, the review, and the confirmation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from flask import Blueprint, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import Quote, When, amount_in_digest
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import current_formats, gettext
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import UnknownService
from kajoom.operations.orders.quotes import Choice, Quotes, quotes_of, suggested
from kajoom.web.auth import current_client
from kajoom.web.blocked import render_blocked, render_refusal
from kajoom.web.forms import ConfirmForm, PlanForm
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
from kajoom.web.preview import Changed, Preview, Shown, preview_of, shown_by
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
    quotes = quotes_of(service)
    if quotes.blocked_reason is not None:
        url = url_for("plan.choose", service_id=service_id)
        return render_blocked(quotes.service, BusinessError(quotes.blocked_reason), 200, push=url)
    form = PlanForm.read(request.args)
    cycle = form.cycle or _first_cycle(quotes)
    preview = preview_of(quotes, Choice(form.plan or _default_plan(quotes, cycle), cycle, form.when), form.asked)
    url = _choice_url("plan.choose", preview.choice, quotes.service)
    shown = shown_by(preview, current_language())
    if form.asked is not None:
        changed = Changed.between(Shown.parse(form.asked), shown)
        return _render_choice(preview, quotes, "plan/_preview.html", replace=url, asked=shown, changed=changed)
    measure_after_response(quotes.service)
    status = status_of(preview.error.code) if preview.error and form.plan else 200
    return _render_choice(preview, quotes, "plan/_choose.html", push=url, asked=shown, status=status)


@bp.get("/review")
def review(service_id: int) -> ResponseReturnValue:
    """Show every figure and condition of one choice, and the button that confirms it."""
    service = get_service_or_404(service_id)
    form = PlanForm.read(request.args)
    preview = preview_of(quotes_of(service), form.choice, form.asked)
    if preview.error is not None:
        raise preview.error
    return _render_review(preview, request.args.get("method", ""))


@bp.post("")
def confirm(service_id: int) -> ResponseReturnValue:
    """Confirm what was reviewed.

    The same form sent twice makes one order. When the figures are no longer those of the review, or the condition is
    not acknowledged, nothing is ordered and the review is shown again.
    """
    form = ConfirmForm.parse(request.form)
    try:
        with limited(ThrottleKind.ORDER):
            placed = place_order(
                current_client().id,
                service_id,
                form.choice,
                form.confirmation,
                locale=current_language(),
                on=clock.today(),
                at=clock.now(),
                days_to_pay=current_app.config["DAYS_TO_PAY"],
                method_of=lambda service: chosen_method(form.method.data, service),
            )
    except UnknownService:
        abort(404)
    except BusinessError as error:
        if error.code not in _SHOWN_AGAIN:
            raise
        quote, service = cast(Quote, error.details["quote"]), cast(ServiceSnapshot, error.details["service"])
        preview = Preview(service, form.choice, quote, error)
        return _render_review(preview, form.method.data or "")
    return show_placed_order(placed, form)


def _first_cycle(quotes: Quotes) -> BillingCycle:
    """The billing cycle to show first: the service's own, or the first in which some other plan can be had."""
    own = quotes.service.terms.cycle
    return next((cycle for cycle in (own, *quotes.service.cycles) if suggested(quotes.offers(cycle))), own)


def _default_plan(quotes: Quotes, cycle: BillingCycle) -> str:
    """The name of the plan that is chosen when the client has not chosen one."""
    offer = suggested(quotes.offers(cycle))
    return offer.name if offer else quotes.service.plan.code


def _render_choice(preview: Preview, quotes: Quotes, fragment: str, **response_options: Any) -> ResponseReturnValue:
    service = preview.service
    ways = ways_to_pay(service, current_app.config["DAYS_TO_PAY"])
    return render(
        "plan/choose.html",
        fragment,
        title=gettext("Change plan"),
        announce=_announcement(preview),
        service=service,
        today=service.on,
        preview=preview,
        quotes=quotes,
        way=next(iter(ways), None),
        no_way_in_time=is_too_late_to_pay(service, ways),
        page=lambda: product_context(service),
        **response_options,
    )


def _render_review(preview: Preview, requested: str = "") -> ResponseReturnValue:
    """The review, after a refused confirmation with ``preview.error``, its status and the method it ``requested``."""
    service, error = preview.service, preview.error
    ways = ways_to_pay(service, current_app.config["DAYS_TO_PAY"])
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
        today=service.on,
        preview=preview,
        error=error,
        back=_choice_url("plan.choose", preview.choice, service),
        ways=ways,
        way=way,
        way_urls={code: _choice_url("plan.review", preview.choice, service, code) for code in by_code},
        no_way_in_time=is_too_late_to_pay(service, ways),
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
        "cycle": formats.label(preview.choice.cycle).lower(),
        "amount": formats.money(preview.quote.due_today),
    }
    if preview.service.is_taxed:
        return formats.gettext("Preview: %(plan)s, %(cycle)s. Due today: %(amount)s, taxes included.", **values)
    return formats.gettext("Preview: %(plan)s, %(cycle)s. Due today: %(amount)s.", **values)


def _choice_url(endpoint: str, choice: Choice, service: ServiceSnapshot, method: str = "") -> str:
    """The address of a choice, which reloading, the Back button and a link in an e-mail open again."""
    when: dict[str, Any] = {"when": choice.when.value} if choice.when else {}
    paid_by: dict[str, Any] = {"method": method} if method else {}
    return url_for(endpoint, service_id=service.id, plan=choice.plan, cycle=choice.cycle.value, **when, **paid_by)
