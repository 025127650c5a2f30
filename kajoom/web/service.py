"""The services of a client: the list, and « Gestion du produit », the page where every change starts."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.history import ChangePages, history_of
from kajoom.models.owner import owner_of_service
from kajoom.models.paging import PER_PAGE
from kajoom.models.service_list import Attention, ServiceFilter, services_of
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.web.auth import current_client
from kajoom.web.forms import ServiceFilterForm
from kajoom.web.htmx import render
from kajoom.web.paging import requested_page
from kajoom.web.staff_view import get_viewable_or_404

bp = Blueprint("service", __name__)

_NEWEST = 10
"""Changes shown on the product page."""

_PARTS = {
    Attention.LATE: N_("Needs your attention"),
    Attention.TO_PAY: N_("Needs your attention"),
    Attention.UNDER_WAY: N_("In progress"),
    Attention.NONE: N_("All my services"),
    Attention.ENDED: N_("All my services"),
}
"""The headings of the parts of the list."""


@bp.get("/")
def home() -> ResponseReturnValue:
    """Redirect to the list of services."""
    return redirect(url_for("service.index"), 303)


@bp.get("/services")
def index() -> ResponseReturnValue:
    """List the client's services, those that need the client first."""
    form = ServiceFilterForm.parse(request.args)
    wanted = ServiceFilter(form.q.data or "", bool(form.todo.data))
    today = clock.today()
    services = services_of(current_client().id, requested_page(), today, wanted)
    return render(
        "service/index.html",
        "service/_index.html",
        title=gettext("My services"),
        services=services,
        parts=[(part, list(rows)) for part, rows in groupby(services, key=lambda row: _PARTS[row.attention])],
        money=Money,
        wanted=wanted,
        today=today,
        catalog=services.catalog,
    )


@bp.get("/services/<int:service_id>")
def show(service_id: int) -> ResponseReturnValue:
    """Show one service: its facts, the actions it offers, its usage and the history of its changes."""
    service = get_viewable_service_or_404(service_id)
    return render(
        "service/show.html", "service/_record.html", title=gettext("Manage product"), **product_context(service)
    )


@bp.get("/services/<int:service_id>/changes")
def changes(service_id: int) -> ResponseReturnValue:
    """List every change of a service, newest first."""
    service = get_viewable_service_or_404(service_id)
    pages = ChangePages(page=requested_page(), per_page=PER_PAGE, service_id=service.id)
    return render(
        "service/changes.html",
        "service/_changes.html",
        title=gettext("History of changes"),
        service=service,
        history=pages.items,
        pages=pages,
    )


def get_service_or_404(service_id: int) -> ServiceSnapshot:
    """The client's own service; 404 for an unknown service and for another client's."""
    return service_snapshot_of(current_client().id, service_id, clock.today()) or abort(404)


def get_viewable_service_or_404(service_id: int) -> ServiceSnapshot:
    """The client's own service, or one that staff read; else 404."""
    return get_viewable_or_404(partial(service_snapshot_of, on=clock.today()), owner_of_service, service_id)


def product_context(service: ServiceSnapshot) -> dict[str, Any]:
    """The template context of a service's whole page."""
    history = history_of(service.id, _NEWEST + 1)
    return {
        "service": service,
        "today": service.on,
        "history": history[:_NEWEST],
        "has_older_changes": len(history) > _NEWEST,
        "change": next((change for change in history if change.is_open), None),
        "unpaid": service.unpaid_renewal,
        "ending": service.open_cancellation,
        "banner": service.catalog.banner(service.group.code, service.on),
        "tab": "information" if request.args.get("tab") == "information" else "actions",
    }
