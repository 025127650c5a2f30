"""What staff do about a difference with a provider, or about a refund or a dispute that one reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.i18n.formats import current_formats, gettext
from kajoom.i18n.translations import N_
from kajoom.models.reconciliation import Difference, difference_by_id
from kajoom.models.staff_queue import names_of_actors
from kajoom.operations.payments.reconciliation import explain, record_missing_payment
from kajoom.operations.payments.webhooks import close_notice
from kajoom.web.forms import ANY_LENGTH, SingleField, StrictForm
from kajoom.web.htmx import redirect_to
from kajoom.web.next_notice import show_next
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor, require_manager
from kajoom.web.staff.jobs import RowRefusal, render_stuck

_FIELDS: Mapping[StrEnum, str] = {
    StaffRefusal.NO_REASON: "note",
    StaffRefusal.NO_INVOICE: "number",
    StaffRefusal.OTHER_CURRENCY: "number",
}
_SENTENCES: Mapping[StrEnum, str] = {
    StaffRefusal.NO_REASON: N_("Write what explains it or what was done, in 500 characters at most."),
    StaffRefusal.NO_INVOICE: N_("No invoice has this number."),
    StaffRefusal.OTHER_CURRENCY: N_("This invoice is in another currency: %(currency)s."),
    StaffRefusal.NO_DIFFERENCE: N_("This difference is already resolved. Nothing more was done."),
    StaffRefusal.NOT_MISSING_HERE: N_("This payment is already recorded. Nothing more was done."),
    StaffRefusal.NOTICE_CLOSED: N_("%(who)s has already closed this notice. Nothing more was done."),
}


class NoteForm(StrictForm):
    """What explains a difference or was done about a notice; the operation checks it, so that it has its sentence."""

    note = SingleField(max_length=ANY_LENGTH)


class NumberForm(StrictForm):
    """The number of the invoice that missing money paid."""

    number = SingleField(convert=str.strip, max_length=ANY_LENGTH)


@bp.post("/differences/<int:difference_id>/explain")
def explain_difference(difference_id: int) -> ResponseReturnValue:
    """Close a difference with what explains it."""
    require_manager()
    note = NoteForm.parse(request.form).note.data or ""
    difference = _get_or_404(difference_id)

    def act() -> None:
        explain(difference.reference, note, current_actor(), clock.now())
        show_next("difference_explained", difference.reference)

    return _act(f"difference-{difference_id}", note, act)


@bp.post("/differences/<int:difference_id>/record")
def record_difference(difference_id: int) -> ResponseReturnValue:
    """Record the money that a provider took and that is missing here, for an invoice."""
    number = (NumberForm.parse(request.form).number.data or "").upper()
    difference = _get_or_404(difference_id)

    def act() -> None:
        taken: Money = record_missing_payment(difference.reference, number, current_actor(), clock.now())
        show_next("difference_recorded", number, amount=current_formats().money_with_currency(taken))

    return _act(f"difference-{difference_id}", number, act)


@bp.post("/notices/<event_id>/close")
def close(event_id: str) -> ResponseReturnValue:
    """Close a refund, a reversal or a dispute that a provider reported, with what was done about it."""
    require_manager()
    note = NoteForm.parse(request.form).note.data or ""

    def act() -> None:
        close_notice(event_id, note, current_actor(), clock.now())
        show_next("notice_closed")

    return _act(f"notice-{event_id}", note, act)


def _get_or_404(difference_id: int) -> Difference:
    return difference_by_id(difference_id) or abort(404)


def _act(row: str, typed: str, act: Callable[[], None]) -> ResponseReturnValue:
    """Act, then go back to what is stuck; a refusal shows all of it, with what was typed."""
    try:
        act()
    except BusinessError as error:
        if error.code is StaffRefusal.NO_NOTICE:
            abort(404)
        status = 422 if error.code in _FIELDS else status_of(error.code)
        refusal = RowRefusal(row, _FIELDS.get(error.code, ""), _sentence_of(error), error.code.value, status, typed)
        return render_stuck(row=refusal)
    return redirect_to(url_for("staff.jobs"))


def _sentence_of(error: BusinessError) -> str:
    closed_by = str(error.details.get("closed_by", ""))
    who = names_of_actors({closed_by})[closed_by] if closed_by else ""
    return str(gettext(_SENTENCES[error.code], who=who, **error.details))
