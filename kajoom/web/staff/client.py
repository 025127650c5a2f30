"""One client as staff see them: what they have, what they were written; and what managers do about their access."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from flask import abort, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.client import client_by_id
from kajoom.models.client_page import LATEST, MOST_SERVICES, client_page_of
from kajoom.operations.accounts.access import deactivate_client, reactivate_client, send_reset
from kajoom.operations.accounts.invitations import invite
from kajoom.web.account_sessions import device_name
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor, is_manager, require_manager
from kajoom.web.staff_view import log_read

_EMAILS: Mapping[str, str] = {
    "change_requested": N_("Change of plan received"),
    "payment_received": N_("Payment received"),
    "scheduled": N_("Change of plan scheduled"),
    "person_on_it": N_("Change of plan being made by our team"),
    "operational": N_("Change of plan made"),
    "needs_review": N_("Change of plan looked at by our team"),
    "refused": N_("Change of plan refused"),
    "expired": N_("Change of plan expired"),
    "cancelled": N_("Change of plan cancelled"),
    "change_late": N_("Change of plan late"),
    "payment_partial": N_("Part of a payment received"),
    "payment_late": N_("Payment received late"),
    "refunded": N_("Refund"),
    "credit_note": N_("Credit note"),
    "credit_granted": N_("Account credit changed"),
    "cancellation_received": N_("Cancellation request received"),
    "cancellation_withdrawn": N_("Cancellation request withdrawn"),
    "service_ended": N_("Service ended"),
    "terms_changed": N_("Terms changed"),
    "suspended": N_("Service suspended"),
    "suspension_lifted": N_("Suspension lifted"),
    "lift_late": N_("Lifting of a suspension late"),
    "renewal_invoice": N_("Renewal invoice"),
    "reminder": N_("Reminder"),
    "overdue": N_("Overdue invoice"),
    "second_reminder": N_("Second reminder of an overdue invoice"),
    "password_reset": N_("New password"),
    "invitation": N_("Invitation to choose a password"),
    "password_changed": N_("Password changed"),
    "address_confirm": N_("E-mail address to confirm"),
    "address_changed": N_("E-mail address changed"),
    "factor_changed": N_("Two-step verification changed"),
}
"""What each e-mail to a client is about, by its kind."""


_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.NO_CLIENT: N_("This client’s access can’t be changed. Nothing was done."),
    StaffRefusal.ALREADY_ACTIVATED: N_("This client has chosen a password: send a link to choose another one."),
    StaffRefusal.DEACTIVATED: N_("This client’s access is deactivated. Nothing was done."),
    StaffRefusal.NOT_DEACTIVATED: N_("This client’s access is not deactivated. Nothing was done."),
    StaffRefusal.JUST_SENT: N_("This e-mail was sent less than a minute ago. No other one was sent."),
}
"""Why an act is refused."""


@bp.get("/clients/<int:client_id>")
def client(client_id: int) -> ResponseReturnValue:
    """Show a client: details, services, changes, documents, account credit, e-mails and sessions."""
    return _render(client_id)


@bp.post("/clients/<int:client_id>/invitation")
def invite_client(client_id: int) -> ResponseReturnValue:
    """Send the client an invitation to choose a password."""
    return _act(client_id, invite, "client_invited")


@bp.post("/clients/<int:client_id>/reset")
def reset_client(client_id: int) -> ResponseReturnValue:
    """Send the client a link to choose a new password."""
    return _act(client_id, send_reset, "client_reset")


@bp.post("/clients/<int:client_id>/deactivate")
def deactivate(client_id: int) -> ResponseReturnValue:
    """Keep the client from signing in, and end their sessions."""
    return _act(client_id, deactivate_client, "client_deactivated")


@bp.post("/clients/<int:client_id>/reactivate")
def reactivate(client_id: int) -> ResponseReturnValue:
    """Let a deactivated client sign in again."""
    return _act(client_id, reactivate_client, "client_reactivated")


def _act(client_id: int, operation: Callable[[str, str, datetime], int], notice: str) -> ResponseReturnValue:
    """Act as a manager, then show the client's page, or why nothing was done."""
    require_manager()
    row = client_by_id(client_id)
    if row is None or row.is_staff:
        abort(404)
    try:
        operation(row.email, current_actor(), clock.now())
    except BusinessError as error:
        return _render(client_id, error)
    show_next(notice, row.email)
    return redirect_to(url_for("staff.client", client_id=client_id))


def _render(client_id: int, error: BusinessError | None = None) -> ResponseReturnValue:
    view = client_page_of(client_id, clock.now()) or abort(404)
    log_read(client_id)
    return render(
        "staff/client.html",
        "staff/_client.html",
        title=view.client.name or view.client.email,
        status=status_of(error.code) if error is not None else 200,
        view=view,
        catalog=view.catalog,
        latest=LATEST,
        most_services=MOST_SERVICES,
        today=clock.today(),
        money=Money,
        emails=_EMAILS,
        device_name=device_name,
        is_manager=is_manager(),
        may_act=is_manager() and not view.client.is_erased,
        refusal=error.code.value if error is not None else "",
        sentence=gettext(_SENTENCES[error.code]) if error is not None else "",
    )
