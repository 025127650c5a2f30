"""The change of plan: the choice with its live price, the review, and the confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.catalog import CatalogPlan, Translated
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.quote import Quote, When, amount_seen
from kajoom.domain.refusal import Refusal, Refused
from kajoom.domain.usage import LimitChange, limit_changes
from kajoom.models.holding import Held
from kajoom.operations.order import place_order
from kajoom.operations.quote import Choice, Offer, delay_of, offers, quote_change, suggested
from kajoom.web.choice import Fields, cycle_chosen, one, plan_chosen, seen, when_chosen, whole_choice
from kajoom.web.codes import name_of
from kajoom.web.figures import Figures, figures_of_quote
from kajoom.web.hindrance import blocked, refused_here
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.order import opened
from kajoom.web.refusal import SENTENCES, status_of
from kajoom.web.service import own_service, product
from kajoom.web.words import words

bp = Blueprint("plan", __name__, url_prefix="/services/<int:service_id>/plan")
bp.register_error_handler(Refused, refused_here)


@dataclass(frozen=True)
class Preview:
    """One choice and what it comes to: its quote with every figure, or why it has none."""

    held: Held
    choice: Choice
    quote: Quote | None = None
    refused: Refused | None = None

    @cached_property
    def plan(self) -> CatalogPlan:
        """The plan chosen; the present one when the choice named none that exists."""
        return self.held.group.plan(self.choice.plan) or self.held.plan

    @property
    def figures(self) -> Figures | None:
        """The table of figures."""
        return figures_of_quote(self.held, self.plan, self.quote) if self.quote else None

    @property
    def limits(self) -> tuple[LimitChange, ...]:
        """What the change allows more or less of."""
        compared = limit_changes(self.held.usage, self.held.plan.limits, self.plan.limits)
        return tuple(limit for limit in compared if limit.differs)

    @property
    def gained(self) -> list[Translated]:
        """What the plan chosen includes and the present one does not."""
        return [feature for feature in self.plan.features if feature not in self.held.plan.features]

    @property
    def lost(self) -> list[Translated]:
        """What the present plan includes and the one chosen does not."""
        return [feature for feature in self.held.plan.features if feature not in self.plan.features]

    @property
    def delay(self) -> Translated | None:
        """The delay announced when a person must act, in both languages; ``None`` when none must."""
        return delay_of(self.held, self.plan) if self.quote and self.quote.needs_person else None

    @property
    def whens(self) -> tuple[When, ...]:
        """The answers to « when? », the default first; empty where there is no choice."""
        return self.quote.whens if self.quote else ()

    @property
    def when(self) -> When | None:
        """The answer in force."""
        return self.choice.when if self.choice.when in self.whens else next(iter(self.whens), None)

    @property
    def asked(self) -> str:
        """The name of the question « when? » as the form puts it; see ``_answer``."""
        return f"{self.choice.cycle}.{self.whens[0] if self.whens else 'none'}"


@bp.get("")
def choose(service_id: int) -> ResponseReturnValue:
    """The plans, and the price of the one chosen; asked again by the form at each change, it answers the price."""
    held = own_service(service_id)
    hindrance = held.hindrance(clock.today())
    if hindrance is not None:
        return blocked(held, Refused(hindrance), 200, push=url_for("plan.choose", service_id=held.id))
    cycle = cycle_chosen(request.args) or held.terms.cycle
    listed = offers(held, cycle, clock.today())
    preview = _preview(held, _choice(held, cycle, listed))
    here = _url("plan.choose", preview.choice, held)
    if "asked" not in request.args:
        status = status_of(preview.refused.reason) if preview.refused else 200
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
        return _review(Preview(held, choice, refused.details["quote"], refused))
    return opened(order)


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
    question = _preview(held, plain).asked.partition(".")[2]
    return choice if asked.partition(".")[2] == question else plain


def _preview(held: Held, choice: Choice) -> Preview:
    try:
        return Preview(held, choice, quote_change(held, choice, clock.today()))
    except Refused as refused:
        return Preview(held, choice, refused=refused)


def _choose(preview: Preview, listed: list[Offer], fragment: str, **answer: object) -> ResponseReturnValue:
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
    when = {"when": choice.when.value} if choice.when else {}
    return url_for(endpoint, service_id=held.id, plan=choice.plan, cycle=choice.cycle.value, **when)
