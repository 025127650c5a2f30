"""The change of plan: the choice with its live price, the review, and the confirmation."""

from __future__ import annotations

from typing import Any, cast
from uuid import uuid4

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import Quote, amount_seen
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.service_snapshot import Held
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.quotes import Choice, Offer, offers, quote_change, suggested
from kajoom.web.forms import Fields, cycle_chosen, one, plan_chosen, seen, when_chosen, whole_choice
from kajoom.i18n.labels import name_of
from kajoom.web.blocked import blocked, refused_here
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.order import opened
from kajoom.web.payment import method_for, saving
from kajoom.web.preview import Preview, preview_of
from kajoom.web.refusals import SENTENCES, status_of
from kajoom.web.service import own_service, product
from kajoom.web.payment_options import accounts_of
from kajoom.i18n.formats import words

bp = Blueprint("plan", __name__, url_prefix="/services/<int:service_id>/plan")
bp.register_error_handler(Refused, refused_here)


@bp.get("")
def choose(service_id: int) -> ResponseReturnValue:
    """The plans, and the price of the one chosen; asked again by the form at each change, it answers the price."""
    held = own_service(service_id)
    hindrance = held.hindrance(clock.today())
    if hindrance is not None:
        return blocked(held, Refused(hindrance), 200, push=url_for("plan.choose", service_id=held.id))
    cycle, listed = _listed(held)
    preview = preview_of(held, _choice(held, cycle, listed))
    here = _url("plan.choose", preview.choice, held)
    if "asked" not in request.args:
        status = status_of(preview.refused.reason) if preview.refused and "plan" in request.args else 200
        return _choose(preview, listed, "plan/_choose.html", push=here, status=status)
    return _choose(preview, listed, "plan/_preview.html", replace=here, asked=request.args["asked"])


@bp.get("/review")
def review(service_id: int) -> ResponseReturnValue:
    """Every figure and condition of one choice, and the one button that confirms it."""
    held = own_service(service_id)
    choice = _answer(held, request.args, whole_choice(request.args))
    return _review(Preview(held, choice, quote_change(held, choice, clock.today())))


@bp.post("")
def confirm(service_id: int) -> ResponseReturnValue:
    """Confirm what was reviewed: the same form twice is one order, and figures that moved are shown again."""
    held = own_service(service_id)
    choice = whole_choice(request.form)
    try:
        order = place_order(
            held.client_id,
            held.id,
            choice,
            seen(request.form),
            locale=current_language(),
            on=clock.today(),
            at=clock.now(),
            days_to_pay=current_app.config["DAYS_TO_PAY"],
        )
    except Refused as refused:
        if refused.reason not in {Refusal.QUOTE_CHANGED, Refusal.NOT_ACKNOWLEDGED}:
            raise
        return _review(Preview(held, choice, cast(Quote, refused.details["quote"]), refused))
    return opened(order)


def _listed(held: Held) -> tuple[BillingCycle, list[Offer]]:
    """The billing cycle asked for and its offers; unasked, the present one, or the first that has a plan to move to."""
    asked, today = cycle_chosen(request.args), clock.today()
    cycles = [asked] if asked else [held.terms.cycle, *held.group.cycles(held.terms.recurring.currency)]
    for cycle in cycles:
        listed = offers(held, cycle, today)
        if suggested(listed):
            return cycle, listed
    return cycles[0], offers(held, cycles[0], today)


def _choice(held: Held, cycle: BillingCycle, listed: list[Offer]) -> Choice:
    first = suggested(listed)
    plan = plan_chosen(request.args) or (first.plan.code if first else held.plan.code)
    return _answer(held, request.args, Choice(plan, cycle, when_chosen(request.args)))


def _answer(held: Held, fields: Fields, choice: Choice) -> Choice:
    """The choice with its « when » only if it answers the question this plan asks.

    The form names in ``asked`` the question it showed. A client who moves from a higher plan, where « now » is the
    default, to a lower one, where it gives up what is paid, has not answered that other question.
    """
    asked = one(fields, "asked")
    if choice.when is None or asked is None:
        return choice
    plain = Choice(choice.plan, choice.cycle)
    question = preview_of(held, plain).asked.partition(".")[2]
    return choice if asked.partition(".")[2] == question else plain


def _choose(preview: Preview, listed: list[Offer], fragment: str, **answer: Any) -> ResponseReturnValue:
    held = preview.held
    return render(
        "plan/choose.html",
        fragment,
        title=words().say("Change plan"),
        announce=_said(preview),
        held=held,
        preview=preview,
        offers=listed,
        cycles=held.group.cycles(held.terms.recurring.currency),
        page=lambda: product(held),
        **answer,
    )


def _review(preview: Preview) -> ResponseReturnValue:
    held, refused, said = preview.held, preview.refused, words()
    title = said.say("Review and confirm your change")
    method = method_for(held.payment_method)
    return render(
        "plan/review.html",
        "plan/_review.html",
        title=said.say("Error: %(title)s", title=title) if refused else title,
        push=None if refused else _url("plan.review", preview.choice, held),
        status=status_of(refused.reason) if refused else 200,
        held=held,
        preview=preview,
        refused=refused,
        back=_url("plan.choose", preview.choice, held),
        account=accounts_of(held.client_id).get(method or ""),
        saving=method if method in saving() else None,
        amount_before=amount_seen(request.form.get("digest", ""), held.terms.recurring.currency),
        key=uuid4().hex,
        page=lambda: product(held),
    )


def _said(preview: Preview) -> str:
    """The preview in one sentence, for those who hear it change."""
    said = words()
    if preview.quote is None:
        return said.gettext(SENTENCES[preview.refused.reason]) if preview.refused else ""
    return said.say(
        "Preview: %(plan)s, %(cycle)s. Due today: %(amount)s, taxes included.",
        plan=said.tr(preview.plan.name),
        cycle=said.gettext(name_of(preview.choice.cycle)).lower(),
        amount=said.money(preview.quote.due_today),
    )


def _url(endpoint: str, choice: Choice, held: Held) -> str:
    """The address of a state: reload, Back and a link in a letter lead to it again."""
    when: dict[str, Any] = {"when": choice.when.value} if choice.when else {}
    return url_for(endpoint, service_id=held.id, plan=choice.plan, cycle=choice.cycle.value, **when)
