"""Who may open the pages of staff: they need a role and a recent sign-in. Staff have no pages of a client."""

from __future__ import annotations

from flask import Blueprint, Flask, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kajoom.domain.audit import STAFF_PREFIX
from kajoom.domain.staff import StaffRole
from kajoom.i18n.translations import N_
from kajoom.models.client import ClientFacts
from kajoom.web.auth import current_client, signed_in_client, signed_in_recently, verify_url
from kajoom.web.htmx import redirect_to
from kajoom.web.urls import current_url

bp = Blueprint("staff", __name__, url_prefix="/staff")

_ACCOUNT = ("account.show", N_("Account"))
_PAGES = (
    ("staff.queue", N_("Tasks")), ("staff.search", N_("Clients")), ("staff.payments", N_("Payments")),
    ("staff.jobs", N_("Stuck")), ("staff.overdue", N_("Overdue")), _ACCOUNT,
)  # fmt: skip
_PAGES_OF_MANAGERS = (*_PAGES[:-1], ("staff.credit", N_("Credit")), ("staff.exports", N_("Exports")), _ACCOUNT)
_PAGES_OF_CLIENTS = (("service.index", N_("My services")), ("invoice.index", N_("Invoices")), _ACCOUNT)

_OF_CLIENTS = frozenset({"service.home", "service.index", "invoice.index"})
"""The lists of what a client has, which is nothing for staff."""


def init_staff(app: Flask) -> None:
    """Lead staff from the pages of clients to their own; comes after the check of the session."""
    app.before_request(_lead_to_queue)
    app.jinja_env.globals.update(main_pages=_main_pages, may_change_terms=is_manager)


def current_actor() -> str:
    """The signed-in member of staff, as the audit and the histories record them: by id, which no erasure empties."""
    return f"{STAFF_PREFIX}{current_client().id}"


def is_manager() -> bool:
    """Whether the signed-in member of staff decides about money and accounts."""
    return current_client().role == StaffRole.MANAGER


def require_manager() -> None:
    """403 for staff who are not managers."""
    if not is_manager():
        abort(403)


@bp.before_request
def _require_role() -> ResponseReturnValue | None:
    """403 for clients; the password again from staff who signed in more than half an hour ago."""
    if not current_client().is_staff:
        abort(403)
    return None if signed_in_recently() else redirect_to(verify_url(current_url()))


def _main_pages(client: ClientFacts) -> tuple[tuple[str, str], ...]:
    """The endpoints and the labels of the links at the top of each page."""
    if client.role == StaffRole.MANAGER:
        return _PAGES_OF_MANAGERS
    return _PAGES if client.is_staff else _PAGES_OF_CLIENTS


def _lead_to_queue() -> ResponseReturnValue | None:
    is_page = request.endpoint in _OF_CLIENTS and request.method != "OPTIONS"
    client = signed_in_client() if is_page else None
    return redirect(url_for("staff.queue"), 303) if client is not None and client.is_staff else None
