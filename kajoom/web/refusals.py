"""The message, the HTTP status and the resolving action of each refusal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from flask import url_for

from kajoom.domain.refusal import Refusal, StaffRefusal
from kajoom.i18n.translations import N_
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.web.urls import current_url

REFUSAL_MESSAGES: Mapping[StrEnum, str] = {
    Refusal.NOT_ACTIVE: N_("This service is not active: its plan can’t be changed."),
    Refusal.CANCELLATION_REQUESTED: N_("You asked for this service to be cancelled."),
    Refusal.CHANGE_UNDER_WAY: N_("A change of plan is already under way for this service."),
    Refusal.OVERDUE: N_("The renewal of this service is overdue. It must be paid before the plan changes."),
    Refusal.UNPAID_INVOICE: N_("The renewal of this service must be paid before the plan changes."),
    Refusal.UNREADABLE: N_("We could not read your request. Reload the page and try again. Nothing was changed."),
    Refusal.TOO_LONG: N_("Your text is too long: 2,000 characters at most. Nothing was changed."),
    Refusal.UNKNOWN_PLAN: N_("This plan does not exist."),
    Refusal.PLAN_WITHDRAWN: N_("This plan is no longer offered."),
    Refusal.NOT_PERMITTED: N_("This change is not possible from your current plan."),
    Refusal.CYCLE_NOT_OFFERED: N_("This plan is not offered with that billing cycle."),
    Refusal.OTHER_CURRENCY: N_("This change is not offered in the currency of your service."),
    Refusal.SAME_TERMS: N_("You already have this plan with this billing cycle."),
    Refusal.OVER_LIMITS: N_("You use more than this plan allows."),
    Refusal.QUOTE_CHANGED: N_("The amount has changed since you saw it. Nothing was charged."),
    Refusal.KEY_REUSED: N_("This form was already sent. Nothing more was done."),
    Refusal.NOT_ACKNOWLEDGED: N_("Tick the box to confirm that you have read the condition."),
    Refusal.METHOD_TOO_SLOW: N_(
        "With this payment method, the money would not arrive before the due date. Nothing was charged."
    ),
    Refusal.TOO_LATE: N_("This is no longer possible: the status of the request has changed."),
    Refusal.PAYMENT_REFUSED: N_("The payment was declined. Nothing was charged."),
    Refusal.PAYMENT_PENDING: N_("A payment is already being processed."),
    Refusal.SAVED_METHOD_ENDED: N_("The saved account can no longer be used. Nothing was charged."),
}

_NOT_ABOUT_A_PLAN = {Refusal.NOT_ACTIVE, Refusal.NOT_PERMITTED, Refusal.TOO_LONG}
_NOT_FOUND = {Refusal.UNKNOWN_PLAN}
_PAYMENT_REQUIRED = {Refusal.PAYMENT_REFUSED, Refusal.SAVED_METHOD_ENDED}
_UNPROCESSABLE = {
    Refusal.UNREADABLE,
    Refusal.TOO_LONG,
    Refusal.NOT_ACKNOWLEDGED,
    Refusal.CYCLE_NOT_OFFERED,
    Refusal.SAME_TERMS,
    StaffRefusal.NO_REASON,
    StaffRefusal.PAST_DAY,
    StaffRefusal.TOO_FAR,
    StaffRefusal.NO_PERIODS,
    StaffRefusal.DAYS_PAID,
    StaffRefusal.NO_PRICE,
    StaffRefusal.NOT_A_QUANTITY,
    StaffRefusal.TOO_LARGE,
    StaffRefusal.NO_KIND,
    StaffRefusal.ENDS_BEFORE_START,
    StaffRefusal.TOO_LONG_PERIOD,
    StaffRefusal.NOT_AN_AMOUNT,
    StaffRefusal.BALANCE_TOO_LOW,
    StaffRefusal.NOT_A_DAY,
    StaffRefusal.NOT_YET,
    StaffRefusal.BEFORE_ORDER,
    StaffRefusal.BEFORE_PAYMENT,
}


def status_of(code: StrEnum) -> int:
    """The HTTP status of a refusal: 402 for a payment, 404 for an unknown plan, 422 for an invalid form, else 409."""
    if code in _PAYMENT_REQUIRED:
        return 402
    if code in _NOT_FOUND:
        return 404
    return 422 if code in _UNPROCESSABLE else 409


class Action(NamedTuple):
    """What resolves a refusal: an untranslated label, an address, and whether it is requested by POST."""

    label: str
    url: str
    posts: bool = False


def action_for(code: StrEnum, service: ServiceSnapshot) -> Action:
    """What the client can do about a refusal; by default, go back to the plans."""
    match code:
        case Refusal.CHANGE_UNDER_WAY if service.open_order:
            return Action(N_("See the change under way"), url_for("order.show", reference=service.open_order))
        case Refusal.CANCELLATION_REQUESTED if service.open_cancellation:
            return Action(
                N_("Withdraw my request"),
                url_for("cancellation.withdraw", reference=service.open_cancellation.reference),
                True,
            )
        case Refusal.OVERDUE | Refusal.UNPAID_INVOICE if service.unpaid_renewal:
            return Action(
                N_("Pay the invoice"), url_for("invoice.show", number=service.unpaid_renewal.number, next=current_url())
            )
        case Refusal.OVERDUE | Refusal.UNPAID_INVOICE:
            return Action(N_("See my invoices"), url_for("invoice.index"))
        case _ if code in _NOT_ABOUT_A_PLAN or not service.permits_changes:
            return Action(N_("Back to the service"), url_for("service.show", service_id=service.id))
        case _:
            return Action(N_("Back to the plans"), url_for("plan.choose", service_id=service.id))
