"""Suspending a service, and lifting its suspension, with a reason that the client reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.i18n.formats import current_formats, gettext
from kajoom.i18n.translations import N_
from kajoom.models.service import Service
from kajoom.models.staff_service import StaffService, staff_service_of
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.web.forms import ANY_LENGTH, SingleField, StrictForm
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor
from kajoom.web.staff_view import log_read

_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.NO_REASON: N_("Write the reason, in 500 characters at most."),
    StaffRefusal.ALREADY_SUSPENDED: N_("%(name)s is already suspended, or about to be. Nothing more was done."),
    StaffRefusal.NOT_SUSPENDED: N_(
        "%(name)s is not suspended, or its suspension is already being lifted. Nothing more was done."
    ),
    StaffRefusal.SERVICE_ENDED: N_("%(name)s has ended: there is nothing to suspend or to restore."),
    Refusal.NOT_ACTIVE: N_("%(name)s is not set up yet: there is nothing to suspend."),
}


class Origin(StrEnum):
    """The page from which a service was chosen, and to which staff go back."""

    OVERDUE = "overdue"
    CLIENT = "client"


class OriginForm(StrictForm):
    """Where the page was opened from."""

    origin = SingleField(convert=Origin)


class SuspensionForm(OriginForm):
    """The reason, and whether the payment of the overdue renewal lifts the suspension."""

    reason = SingleField(max_length=ANY_LENGTH)
    lifts = SingleField(convert=bool)


@bp.get("/services/<int:service_id>/suspension")
def suspension(service_id: int) -> ResponseReturnValue:
    """Ask the reason for which a service is suspended, or its suspension lifted."""
    found = staff_service_of(service_id) or abort(404)
    return _render(found, _blocked(found.service), is_lift=found.service.is_suspended)


@bp.post("/services/<int:service_id>/suspend")
def suspend_service(service_id: int) -> ResponseReturnValue:
    """Have a service suspended."""

    def act(name: str, form: SuspensionForm, at: datetime) -> Service:
        reason, lifts_when_paid = form.reason.data or "", bool(form.lifts.data)
        return suspend_as_staff(name, reason, current_actor(), at, lifts_when_paid=lifts_when_paid)

    return _act(service_id, act, is_lift=False)


@bp.post("/services/<int:service_id>/lift")
def lift_suspension(service_id: int) -> ResponseReturnValue:
    """Have the suspension of a service lifted."""

    def act(name: str, form: SuspensionForm, at: datetime) -> Service:
        return lift_as_staff(name, form.reason.data or "", current_actor(), at)

    return _act(service_id, act, is_lift=True)


def _act(
    service_id: int, act: Callable[[str, SuspensionForm, datetime], Service], *, is_lift: bool
) -> ResponseReturnValue:
    """Act, then show the page that one came from, or why nothing was done."""
    form = SuspensionForm.parse(request.form)
    found = staff_service_of(service_id) or abort(404)
    try:
        service = act(found.service.external_id, form, clock.now())
    except BusinessError as error:
        return _render(staff_service_of(service_id) or abort(404), error, is_lift=is_lift)
    if is_lift:
        code = "suspension_lifting" if service.suspension is not None else "suspension_withdrawn"
    else:
        code = "suspension_asked"
    show_next(code, _name(service))
    return redirect_to(_origin_url(form.origin.data, service))


def _blocked(service: Service) -> BusinessError | None:
    """Why a service can be neither suspended nor restored."""
    if service.has_ended:
        return BusinessError(StaffRefusal.SERVICE_ENDED)
    return None if service.is_suspended or service.can_be_suspended else BusinessError(Refusal.NOT_ACTIVE)


def _render(found: StaffService, error: BusinessError | None, *, is_lift: bool) -> ResponseReturnValue:
    """The form, or why there is none; a reason that is not usable is shown again."""
    service, is_open = found.service, error is None or error.code is StaffRefusal.NO_REASON
    form = OriginForm.parse(request.values)
    log_read(service.client_id)
    return render(
        "staff/suspension.html",
        "staff/_suspension.html",
        title=gettext("Lift a suspension") if is_lift else gettext("Suspend a service"),
        status=status_of(error.code) if error is not None and request.method == "POST" else 200,
        found=found,
        site=_name(service),
        is_lift=is_lift,
        is_open=is_open,
        error=error,
        sentence=gettext(_SENTENCES[error.code], name=_name(service)) if error is not None else "",
        reason=request.form.get("reason", ""),
        lifts=request.method == "GET" or "lifts" in request.form,
        origin=form.origin.data or "",
        back_url=_origin_url(form.origin.data, service),
    )


def _name(service: Service) -> str:
    return service.label or current_formats().localized(service.plan.title)


def _origin_url(origin: Origin | None, service: Service) -> str:
    if origin is Origin.CLIENT:
        return url_for("staff.client", client_id=service.client_id)
    return url_for("staff.overdue")
