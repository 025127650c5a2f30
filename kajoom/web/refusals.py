"""Each refusal has one sentence, one status, and the one action that lifts it: no message ends without a way on."""

from __future__ import annotations

from typing import NamedTuple

from flask import url_for

from kajoom.domain.refusal import Refusal
from kajoom.models.service_snapshot import Held
from kajoom.web.urls import here
from kajoom.i18n.formats import sentence

SENTENCES: dict[Refusal, str] = {
    Refusal.NOT_ACTIVE: sentence("This service is not active: its plan cannot be changed."),
    Refusal.CANCELLATION_REQUESTED: sentence("You asked for this service to be cancelled."),
    Refusal.CHANGE_UNDER_WAY: sentence("A change of plan is already under way for this service."),
    Refusal.OVERDUE: sentence("The due date of this service has passed and its renewal is not paid."),
    Refusal.UNPAID_INVOICE: sentence("The next renewal is already invoiced and must be paid before the plan changes."),
    Refusal.UNREADABLE: sentence("Part of what was sent could not be read. Nothing was changed."),
    Refusal.UNKNOWN_PLAN: sentence("This plan does not exist."),
    Refusal.PLAN_WITHDRAWN: sentence("This plan is no longer offered."),
    Refusal.NOT_PERMITTED: sentence("This change cannot be made from your present plan."),
    Refusal.CYCLE_NOT_OFFERED: sentence("This plan is not offered with that billing cycle."),
    Refusal.OTHER_CURRENCY: sentence("This plan is not sold in the currency of your service."),
    Refusal.SAME_TERMS: sentence("You already have this plan with this billing cycle."),
    Refusal.OVER_LIMITS: sentence("You use more than this plan allows."),
    Refusal.QUOTE_CHANGED: sentence("The amount has changed since you saw it. Nothing was charged."),
    Refusal.KEY_REUSED: sentence("This form was already sent. Nothing more was done."),
    Refusal.NOT_ACKNOWLEDGED: sentence("Tick the box to say that you have read the condition."),
    Refusal.TOO_LATE: sentence("It is too late to do this: things have moved on."),
    Refusal.PAYMENT_REFUSED: sentence("The payment was refused. Nothing was charged."),
    Refusal.PAYMENT_PENDING: sentence("A payment is already on its way and its outcome is not known yet."),
    Refusal.SAVED_METHOD_ENDED: sentence("The saved account can no longer be used. Nothing was charged."),
}

_UNFOUND = {Refusal.UNKNOWN_PLAN}
_UNREAD = {Refusal.UNREADABLE, Refusal.NOT_ACKNOWLEDGED, Refusal.CYCLE_NOT_OFFERED, Refusal.SAME_TERMS}


def status_of(reason: Refusal) -> int:
    """The HTTP status: 404 for what is not, 422 for what was badly asked, 402 for money, 409 where things stand so."""
    if reason in {Refusal.PAYMENT_REFUSED, Refusal.SAVED_METHOD_ENDED}:
        return 402
    if reason in _UNFOUND:
        return 404
    return 422 if reason in _UNREAD else 409


class Action(NamedTuple):
    """What lifts a refusal: a label (a sentence of the sources), an address, and whether it is a form to post."""

    label: str
    url: str
    posts: bool = False


def action_for(reason: Refusal, held: Held) -> Action:
    """What the holder of the service does about it; failing anything better, the way back to the plans."""
    match reason:
        case Refusal.CHANGE_UNDER_WAY if held.open_order:
            return Action(sentence("See the change under way"), url_for("order.show", reference=held.open_order))
        case Refusal.CANCELLATION_REQUESTED if held.open_cancellation:
            return Action(
                sentence("Withdraw my request"),
                url_for("cancellation.withdraw", reference=held.open_cancellation),
                True,
            )
        case Refusal.OVERDUE | Refusal.UNPAID_INVOICE if held.unpaid_renewal:
            return Action(sentence("Pay the invoice"), url_for("invoice.show", number=held.unpaid_renewal, next=here()))
        case Refusal.OVERDUE | Refusal.UNPAID_INVOICE:
            return Action(sentence("See my invoices"), url_for("invoice.index"))
        case Refusal.NOT_ACTIVE | Refusal.NOT_PERMITTED:
            return Action(sentence("Back to the service"), url_for("service.show", service_id=held.id))
        case _:
            return Action(sentence("Back to the plans"), url_for("plan.choose", service_id=held.id))
