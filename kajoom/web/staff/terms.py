"""The terms of a service, for managers: what may change, what the change would do, and doing it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.staff_input import plain_amount
from kajoom.domain.terms_change import blocked_terms
from kajoom.i18n.formats import current_formats, gettext
from kajoom.i18n.translations import N_
from kajoom.models.service import Service
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.models.terms_change import service_of_terms
from kajoom.operations.billing.next_terms import next_terms_since, planned_terms
from kajoom.operations.billing.terms import change_terms, preview_terms
from kajoom.operations.billing.typed_terms import AT_DUE, TODAY, TermsInput, plans_to_choose
from kajoom.web.forms import ANY_LENGTH, SingleField, StrictForm
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor, require_manager
from kajoom.web.staff_view import log_read


class Start(StrEnum):
    """From when new terms apply: today, the next due date, or the day that is typed."""

    TODAY = TODAY
    DUE = AT_DUE
    DAY = "day"


class TermsForm(StrictForm):
    """New terms as staff typed them; the operation checks them, so that a field has its sentence."""

    plan = SingleField()
    price = SingleField(convert=str.strip)
    quantity = SingleField(convert=str.strip)
    due = SingleField(convert=str.strip)
    start = SingleField(convert=Start)
    day = SingleField(convert=str.strip)

    @property
    def typed(self) -> TermsInput:
        """What the operation reads."""
        start = self.start.data or Start.DUE
        first_day = (self.day.data or "?") if start is Start.DAY else start.value
        price = plain_amount(self.price.data or "")
        return TermsInput(self.plan.data or "", price, self.quantity.data or "", self.due.data or "", first_day)

    @property
    def fields(self) -> dict[str, str]:
        """The fields as they were sent, for the address of the form and for the confirmation."""
        return {name: str(field.data) for name, field in self._fields.items() if field.data and name in _NAMES}


class ConfirmTermsForm(TermsForm):
    """The confirmation: what was seen, and the reason."""

    digest = SingleField()
    reason = SingleField(max_length=ANY_LENGTH)


_NAMES = ("plan", "price", "quantity", "due", "start", "day")

_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.SERVICE_ENDED: N_("This service has ended: its terms can’t be changed any more."),
    Refusal.CANCELLATION_REQUESTED: N_("The client has asked for the end of this service: its terms can’t be changed."),
    Refusal.CHANGE_UNDER_WAY: N_(
        "A change of plan is under way (%(reference)s): the terms can be changed once it is made, refused or cancelled."
    ),
    Refusal.SAME_TERMS: N_("These are the present terms. Change at least one of them."),
    Refusal.UNKNOWN_PLAN: N_("Choose a plan of this list."),
    Refusal.PAYMENT_PENDING: N_(
        "A payment of invoice %(number)s is being processed. Try again once its outcome is known. Nothing was changed."
    ),
    StaffRefusal.PARTLY_PAID: N_(
        "Invoice %(number)s is paid in part. Record the rest first, or begin with a later period. Nothing was changed."
    ),
    StaffRefusal.DAYS_PAID: N_("The service is paid until %(until)s: the due date can’t be before that day."),
    StaffRefusal.PAST_DAY: N_("This day is in the past."),
    StaffRefusal.TOO_FAR: N_("This day is more than ten years away."),
    StaffRefusal.NOT_A_DAY: N_("Enter a date such as 2026-11-20."),
    StaffRefusal.NO_PERIODS: N_(
        "This service is not billed by periods: only its plan and its quantity can be changed, from today."
    ),
    StaffRefusal.NO_PRICE: N_("This plan has no price for this cycle and currency. Enter the price."),
    StaffRefusal.NOT_AN_AMOUNT: N_("Enter an amount such as 20.00, or 0."),
    StaffRefusal.NOT_A_QUANTITY: N_("Enter a quantity from 1 to 9,999."),
    StaffRefusal.TOO_LARGE: N_("This would come to more than an invoice can hold."),
    StaffRefusal.NO_REASON: N_("Write the reason, in 500 characters at most."),
    StaffRefusal.CHANGED_SINCE: N_(
        "This service has changed since you saw it, perhaps by a colleague. Nothing was done: look at it again."
    ),
}
_FIELDS: Mapping[StrEnum, str] = {
    Refusal.SAME_TERMS: "plan",
    Refusal.UNKNOWN_PLAN: "plan",
    StaffRefusal.NO_PRICE: "price",
    StaffRefusal.NOT_AN_AMOUNT: "price",
    StaffRefusal.TOO_LARGE: "price",
    StaffRefusal.NOT_A_QUANTITY: "quantity",
    StaffRefusal.DAYS_PAID: "due",
    StaffRefusal.NO_REASON: "reason",
}
"""The field that each refusal is about; a day is that of the field in which it was typed."""

_FINAL = frozenset({StaffRefusal.SERVICE_ENDED, Refusal.CANCELLATION_REQUESTED, Refusal.CHANGE_UNDER_WAY})
"""The refusals after which no other terms are possible either."""


class _Refused(NamedTuple):
    """Why nothing was done: the refusal, and the field that is wrong, empty when none is."""

    error: BusinessError
    field: str = ""

    @property
    def sentence(self) -> str:
        """Why, in the language of the page."""
        long_date = current_formats().long_date
        details = {key: long_date(each) if isinstance(each, date) else each for key, each in self.error.details.items()}
        return str(gettext(_SENTENCES[self.error.code], **details))

    @property
    def status(self) -> int:
        """The HTTP status; an unknown plan is a wrong field here."""
        return 422 if self.error.code is Refusal.UNKNOWN_PLAN else status_of(self.error.code)


@bp.get("/services/<int:service_id>/terms")
def terms(service_id: int) -> ResponseReturnValue:
    """Show the terms of a service with the form that changes them, or why they cannot be changed."""
    require_manager()
    service = _get_or_404(service_id)
    snapshot = _snapshot(service)
    blocked = blocked_terms(snapshot.status, snapshot.open_cancellation is not None, snapshot.open_order)
    return _render(service, TermsForm.parse(request.args), _Refused(blocked) if blocked else None, snapshot)


@bp.get("/services/<int:service_id>/terms/review")
def review_terms(service_id: int) -> ResponseReturnValue:
    """Show what new terms would do, with the form that confirms them; a refusal shows the first form again."""
    require_manager()
    return _render_review(_get_or_404(service_id), TermsForm.parse(request.args))


@bp.post("/services/<int:service_id>/terms")
def confirm_terms(service_id: int) -> ResponseReturnValue:
    """Change the terms as they were reviewed, with the reason, which the client is sent."""
    require_manager()
    form = ConfirmTermsForm.parse(request.form)
    service = _get_or_404(service_id)
    name, client_id = service.label or current_formats().localized(service.plan.title), service.client_id
    reason, digest = form.reason.data or "", form.digest.data or ""
    try:
        change_terms(service_id, form.typed, reason, current_actor(), clock.today(), clock.now(), digest)
    except BusinessError as error:
        # A colleague, or a second click, has given the service these very terms.
        refusal = BusinessError(StaffRefusal.CHANGED_SINCE) if digest and error.code is Refusal.SAME_TERMS else error
        return _render_review(_get_or_404(service_id), form, _Refused(refusal, _field_of(refusal, form)), reason)
    show_next("terms_changed", name)
    return redirect_to(url_for("staff.client", client_id=client_id))


def _get_or_404(service_id: int) -> Service:
    service = service_of_terms(service_id) or abort(404)
    log_read(service.client_id)
    return service


def _snapshot(service: Service) -> ServiceSnapshot:
    return service_snapshot_of(service.client_id, service.id, clock.today()) or abort(404)


def _field_of(error: BusinessError, form: TermsForm) -> str:
    """The field that a refusal is about."""
    if error.code in {StaffRefusal.NOT_A_DAY, StaffRefusal.PAST_DAY, StaffRefusal.TOO_FAR}:
        return "due" if str(error.details["day"]) == form.due.data else "day"
    return _FIELDS.get(error.code, "")


def _render_review(
    service: Service, form: TermsForm, refused: _Refused | None = None, reason: str = ""
) -> ResponseReturnValue:
    """The effect of the terms, with why they were not confirmed; or the form with the refusal of the terms."""
    try:
        preview = preview_terms(service.client_id, service.id, form.typed, clock.today())
    except BusinessError as error:
        return _render(service, form, refused or _Refused(error, _field_of(error, form)))
    return render(
        "staff/terms_review.html",
        "staff/_terms_review.html",
        title=gettext("Check the change of terms"),
        status=refused.status if refused else 200,
        service=preview.service,
        holder=service.client,
        preview=preview,
        effect=preview.effect,
        form=form,
        refused=refused,
        reason=reason,
    )


def _render(
    service: Service, form: TermsForm, refused: _Refused | None = None, snapshot: ServiceSnapshot | None = None
) -> ResponseReturnValue:
    snapshot = snapshot or _snapshot(service)
    return render(
        "staff/terms.html",
        "staff/_terms.html",
        title=gettext("Change the terms"),
        status=refused.status if refused and request.endpoint != "staff.terms" else 200,
        service=snapshot,
        plans=plans_to_choose(snapshot),
        holder=service.client,
        form=form,
        refused=refused,
        is_open=refused is None or refused.error.code not in _FINAL,
        planned=planned_terms(service),
        planned_since=next_terms_since(service),
        start=form.start.data or Start.DUE,
        today=clock.today(),
        money=Money,
    )
