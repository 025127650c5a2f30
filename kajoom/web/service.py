"""The services of a client: the list, and « Gestion du produit », the page every change starts from."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.models.cancellation import open_cancellation_of
from kajoom.models.history import history_of
from kajoom.models.invoice import unpaid_renewal_of
from kajoom.models.service import services_of
from kajoom.models.service_snapshot import ServiceSnapshot, service_snapshot_of
from kajoom.web.auth import current_client
from kajoom.web.htmx import render

bp = Blueprint("service", __name__)

_LARGEST_ID = 2**31 - 1


@bp.get("/")
def home() -> ResponseReturnValue:
    """The client area opens on the services."""
    return redirect(url_for("service.index"), 303)


@bp.get("/services")
def index() -> ResponseReturnValue:
    """Every service the client holds."""
    services = services_of(current_client().id)
    return render("service/index.html", "service/_index.html", services=services)


@bp.get("/services/<int:service_id>")
def show(service_id: int) -> ResponseReturnValue:
    """One service: what it is, what can be done with it, and what was done."""
    return render("service/show.html", "service/_record.html", **product(own_service(service_id)))


def own_service(service_id: int) -> ServiceSnapshot:
    """The client's own service; a stranger's is as if it did not exist."""
    service = service_snapshot_of(current_client().id, service_id) if service_id <= _LARGEST_ID else None
    return service or abort(404)


def product(service: ServiceSnapshot) -> dict[str, Any]:
    """All that the page of a service shows around its panel; what hinders a change is looked up only if it does."""
    today = clock.today()
    history = history_of(service.id)
    return {
        "service": service,
        "today": today,
        "history": history,
        "change": next((change for change in history if change.is_open), None),
        "unpaid": unpaid_renewal_of(service.id) if service.unpaid_renewal else None,
        "ending": open_cancellation_of(service.id) if service.open_cancellation else None,
        "banner": service.catalog.banner(service.group.code, today),
        "tab": "information" if request.args.get("tab") == "information" else "actions",
    }
