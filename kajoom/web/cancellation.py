"""The cancellation request: the choice of a day, the review, the request itself, and its withdrawal."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.cancellation import CancellationStatus, CancellationWhen, ends_on
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.domain.throttle import ThrottleKind
from kajoom.i18n.formats import gettext
from kajoom.models.cancellation import Cancellation, cancellation_of
from kajoom.models.renewal import paid_renewals_since
from kajoom.models.service_snapshot import ServiceSnapshot
from kajoom.operations.orders.cancellation import cancellation_refusal, request_cancellation, withdraw_cancellation
from kajoom.web.auth import current_client
from kajoom.web.blocked import render_blocked, render_refusal
from kajoom.web.forms import CancellationForm, CancellationWhenForm
from kajoom.web.htmx import render
from kajoom.web.locale import current_language
from kajoom.web.refusals import status_of
from kajoom.web.service import get_service_or_404, product_context
from kajoom.web.throttling import limited

bp = Blueprint("cancellation", __name__)
bp.register_error_handler(BusinessError, render_refusal)


@bp.get("/services/<int:service_id>/cancellation")
def choose(service_id: int) -> ResponseReturnValue:
    """Ask when the service is to end."""
    service = get_service_or_404(service_id)
    url = url_for("cancellation.choose", service_id=service.id)
    refusal = cancellation_refusal(service)
    if refusal is not None:
        return render_blocked(service, BusinessError(refusal), 200, push=url)
    return render(
        "cancellation/choose.html",
        "cancellation/_choose.html",
        title=gettext("Cancellation request"),
        push=url,
        service=service,
        today=clock.today(),
        page=lambda: product_context(service),
    )


@bp.get("/services/<int:service_id>/cancellation/review")
def review(service_id: int) -> ResponseReturnValue:
    """Show what will happen and when, before the request is sent.

    The reason is asked here and sent by POST, so that it is in no address.
    """
    service = get_service_or_404(service_id)
    when = CancellationWhenForm.parse(request.args).when.data
    return _render_review(service, when)


@bp.post("/services/<int:service_id>/cancellation")
def send(service_id: int) -> ResponseReturnValue:
    """Send the request, which takes effect without approval; the same form sent twice makes one request.

    A reason that is too long is shown again, with what is wrong at its field.
    """
    service = get_service_or_404(service_id)
    try:
        form = CancellationForm.parse(request.form)
    except BusinessError as error:
        if error.code is not Refusal.TOO_LONG:
            raise
        return _render_review(service, CancellationWhenForm.parse(request.form).when.data, error)
    with limited(ThrottleKind.CANCELLATION):
        cancellation = request_cancellation(
            service.client_id,
            service.id,
            form.when.data,
            reason=form.reason.data or "",
            key=form.key.data,
            locale=current_language(),
            on=clock.today(),
            at=clock.now(),
        )
    return _render_cancellation(cancellation, redirect_after_post=True)


@bp.get("/cancellations/<reference>")
def show(reference: str) -> ResponseReturnValue:
    """Show the receipt of a request, with its reference, date and time."""
    return _render_cancellation(_get_cancellation_or_404(reference))


@bp.post("/cancellations/<reference>/withdraw")
def withdraw(reference: str) -> ResponseReturnValue:
    """Withdraw the request, so that the service continues."""
    try:
        with limited(ThrottleKind.CANCELLATION):
            cancellation = _get_cancellation_or_404(reference)
            cancellation = withdraw_cancellation(cancellation.client_id, reference, clock.now())
    except BusinessError as error:
        return _render_cancellation(_get_cancellation_or_404(reference), error)
    return _render_cancellation(cancellation, redirect_after_post=True)


def _render_review(
    service: ServiceSnapshot, when: CancellationWhen, error: BusinessError | None = None
) -> ResponseReturnValue:
    """The review, if the service can be cancelled; with the ``error`` of the reason that was sent, the reason again."""
    refusal = cancellation_refusal(service)
    if refusal is not None:
        raise BusinessError(refusal)
    effective_on = ends_on(when, clock.today(), service.due)
    return render(
        "cancellation/review.html",
        "cancellation/_review.html",
        title=gettext("Review your cancellation request"),
        status=status_of(error.code) if error else 200,
        push=None if error else url_for("cancellation.review", service_id=service.id, when=when.value),
        service=service,
        when=when,
        effective_on=effective_on,
        paid_ahead=paid_renewals_since(service.id, effective_on),
        today=clock.today(),
        key=uuid4().hex,
        error=error,
        reason=request.form.get("reason", ""),
        page=lambda: product_context(service),
    )


def _get_cancellation_or_404(reference: str) -> Cancellation:
    """The client's own request; 404 for an unknown one and for another client's."""
    return cancellation_of(current_client().id, reference) or abort(404)


def _render_cancellation(
    cancellation: Cancellation, error: BusinessError | None = None, *, redirect_after_post: bool = False
) -> ResponseReturnValue:
    """The receipt, with the ``error`` of a refused withdrawal and its status."""
    url = url_for("cancellation.show", reference=cancellation.reference)
    return render(
        "cancellation/show.html",
        "cancellation/_show.html",
        title=gettext("Cancellation request %(reference)s", reference=cancellation.reference),
        status=status_of(error.code) if error else 200,
        push=url,
        see_other=url if redirect_after_post else None,
        cancellation=cancellation,
        error=error,
        is_open=cancellation.status is CancellationStatus.OPEN,
        **product_context(get_service_or_404(cancellation.service_id)),
    )
