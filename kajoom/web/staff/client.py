"""One client as staff see them: what they have, what they were written, and where they are signed in."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from flask import abort
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.i18n.translations import N_
from kajoom.models.client_page import LATEST, MOST_SERVICES, client_page_of
from kajoom.web.account_sessions import device_name
from kajoom.web.auth import current_client
from kajoom.web.htmx import render
from kajoom.web.staff.access import bp

log = logging.getLogger(__name__)

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
    "cancellation_received": N_("Cancellation request received"),
    "cancellation_withdrawn": N_("Cancellation request withdrawn"),
    "service_ended": N_("Service ended"),
    "renewal_invoice": N_("Renewal invoice"),
    "reminder": N_("Reminder"),
    "overdue": N_("Overdue invoice"),
    "password_reset": N_("New password"),
    "invitation": N_("Invitation to choose a password"),
    "password_changed": N_("Password changed"),
    "address_confirm": N_("E-mail address to confirm"),
    "address_changed": N_("E-mail address changed"),
    "factor_changed": N_("Two-step verification changed"),
}
"""What each e-mail to a client is about, by its kind."""


@bp.get("/clients/<int:client_id>")
def client(client_id: int) -> ResponseReturnValue:
    """Show a client: details, services, changes, documents, account credit, e-mails and sessions."""
    return _render(client_id)


def _render(client_id: int) -> ResponseReturnValue:
    page = client_page_of(client_id, clock.now()) or abort(404)
    act = {"act": "read", "actor": current_client().id, "client": client_id, "endpoint": "staff.client"}
    log.info("staff act", extra=act)
    return render(
        "staff/client.html",
        None,
        title=page.client.name or page.client.email,
        view=page,
        catalog=page.catalog,
        latest=LATEST,
        most_services=MOST_SERVICES,
        today=clock.today(),
        money=Money,
        emails=_EMAILS,
        device_name=device_name,
    )
