"""A change that can’t be made: the reason, and what becomes of the change."""

from __future__ import annotations

from enum import StrEnum

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.i18n.formats import gettext
from kajoom.models.order import Order, order_by_id, order_id_by_reference
from kajoom.models.staff_queue import order_facts
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.orders.stuck import retry_change
from kajoom.web.forms import ANY_LENGTH, SingleField
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor
from kajoom.web.staff.acts import ActForm, sentence_of


class Outcome(StrEnum):
    """What becomes of a change that can’t be made: it is refused, or the panel is asked again."""

    REFUSE = "refuse"
    RETRY = "retry"


class RefuseForm(ActForm):
    """Why a change can’t be made, and what becomes of it: it is refused unless the panel is to be asked again."""

    reason = SingleField(max_length=ANY_LENGTH)
    outcome = SingleField(convert=Outcome)


@bp.get("/orders/<reference>/refuse")
def refuse(reference: str) -> ResponseReturnValue:
    """Ask the reason, and whether the change is refused or the panel asked again."""
    order = _get_or_404(reference)
    is_open = order.status is OrderStatus.AWAITING_PROVISIONING
    return _render(order, None if is_open else BusinessError(Refusal.TOO_LATE, order=order))


@bp.post("/orders/<reference>/refuse")
def refuse_order(reference: str) -> ResponseReturnValue:
    """Refuse the change, whose invoice becomes account credit, or ask the panel again; the reason is recorded."""
    form = RefuseForm.parse(request.form)
    reason, version, actor, at = form.reason.data or "", form.version.data, current_actor(), clock.now()
    is_retry = form.outcome.data is Outcome.RETRY
    try:
        if is_retry:
            retry_change(reference, actor, at, reason, version)
        else:
            mark_refused(reference, reason, actor, clock.today(), at, version)
    except LookupError:
        abort(404)
    except BusinessError as error:
        return _render(_get_or_404(reference), error, form)
    show_next("change_retried" if is_retry else "change_refused", reference)
    return redirect_to(url_for("staff.queue"))


def _get_or_404(reference: str) -> Order:
    order_id = order_id_by_reference(reference)
    order = order_by_id(order_id) if order_id is not None else None
    return order or abort(404)


def _render(order: Order, error: BusinessError | None, form: RefuseForm | None = None) -> ResponseReturnValue:
    """The form, or why there is none any more; a reason that is not usable is shown again."""
    return render(
        "staff/refuse.html",
        "staff/_refuse.html",
        title=gettext("Change %(reference)s can’t be made", reference=order.reference),
        status=status_of(error.code) if error is not None else 200,
        order=order,
        paid_invoice=order_facts({order.id})[order.id].invoice,
        error=error,
        sentence=sentence_of(error, order.reference) if error is not None else "",
        is_open=error is None or error.code is StaffRefusal.NO_REASON,
        reason=request.form.get("reason", ""),
        outcome=form.outcome.data or Outcome.REFUSE if form is not None else Outcome.REFUSE,
    )
