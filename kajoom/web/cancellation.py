"""The cancellation request: when, a review, the request itself, and its withdrawal."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.cancellation import CancellationStatus, ends_on
from kajoom.domain.refusal import BusinessError
from kajoom.models.cancellation import Cancellation, cancellation_of
from kajoom.operations.orders.cancellation import cancellation_refusal, request_cancellation, withdraw_cancellation
from kajoom.web.auth import current_client
from kajoom.web.blocked import render_blocked, render_refusal
from kajoom.web.forms import CancellationForm, CancellationWhenForm
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.refusals import status_of
from kajoom.web.service import own_service, product

bp = Blueprint("cancellation", __name__)


@bp.errorhandler(BusinessError)
def error(error: BusinessError) -> ResponseReturnValue:
    """Why no request can be sent, beside the service it is about."""
    return render_refusal(error)


@bp.get("/services/<int:service_id>/cancellation")
def choose(service_id: int) -> ResponseReturnValue:
    """Ask when the service is to end."""
    service = own_service(service_id)
    current_url = url_for("cancellation.choose", service_id=service.id)
    refusal = cancellation_refusal(service)
    if refusal is not None:
        return render_blocked(service, BusinessError(refusal), 200, push=current_url)
    return render(
        "cancellation/choose.html",
        "cancellation/_choose.html",
        title=gettext("Cancellation request"),
        push=current_url,
        service=service,
        today=clock.today(),
        page=lambda: product(service),
    )


@bp.get("/services/<int:service_id>/cancellation/review")
def review(service_id: int) -> ResponseReturnValue:
    """What will happen and when, before anything is sent; the reason is asked here, so it is in no address."""
    service = own_service(service_id)
    when = CancellationWhenForm.parse(request.args).when.data
    refusal = cancellation_refusal(service)
    if refusal is not None:
        raise BusinessError(refusal)
    return render(
        "cancellation/review.html",
        "cancellation/_review.html",
        title=gettext("Review your cancellation request"),
        push=url_for("cancellation.review", service_id=service.id, when=when.value),
        service=service,
        when=when,
        effective_on=ends_on(when, clock.today(), service.due),
        today=clock.today(),
        key=uuid4().hex,
        page=lambda: product(service),
    )


@bp.post("/services/<int:service_id>/cancellation")
def send(service_id: int) -> ResponseReturnValue:
    """Send the request: it takes effect by being sent."""
    service = own_service(service_id)
    form = CancellationForm.parse(request.form)
    sent = request_cancellation(
        service.client_id,
        service.id,
        form.when.data,
        reason=form.reason.data or "",
        key=form.key.data,
        locale=current_language(),
        on=clock.today(),
        at=clock.now(),
    )
    return _shown(sent, landed=True)


@bp.get("/cancellations/<reference>")
def show(reference: str) -> ResponseReturnValue:
    """The receipt of a request, with its number, date and time."""
    found = cancellation_of(current_client().id, reference)
    return _shown(found) if found is not None else abort(404)


@bp.post("/cancellations/<reference>/withdraw")
def withdraw(reference: str) -> ResponseReturnValue:
    """Take the request back; the service goes on."""
    try:
        return _shown(withdraw_cancellation(current_client().id, reference, clock.now()), landed=True)
    except LookupError:
        abort(404)
    except BusinessError as error:
        found = cancellation_of(current_client().id, reference)
        return _shown(found, status=status_of(error.code)) if found is not None else abort(404)


def _shown(found: Cancellation, *, landed: bool = False, status: int = 200) -> ResponseReturnValue:
    current_url = url_for("cancellation.show", reference=found.reference)
    return render(
        "cancellation/show.html",
        "cancellation/_answer.html",
        title=gettext("Cancellation request %(reference)s", reference=found.reference),
        status=status,
        push=current_url,
        see_other=current_url if landed else None,
        cancellation=found,
        is_open=found.status is CancellationStatus.OPEN,
        **product(own_service(found.service_id)),
    )
