"""What staff do with a task: claim it, release it, do it, or ask the panel again; ``refuse`` has the other outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

from flask import abort, request
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.staff_queue import names_of_actors
from kajoom.models.task import task_by_id
from kajoom.operations.orders.provisioning import mark_operational
from kajoom.operations.orders.service_tasks import complete_task, retry_task
from kajoom.operations.orders.stuck import retry_change
from kajoom.operations.tasks import claim_order, claim_task, release_order, release_task
from kajoom.web.forms import SingleField, StrictForm, whole_number
from kajoom.web.refusals import status_of
from kajoom.web.staff.access import bp, current_actor
from kajoom.web.staff.queue import Place, RowError, render_after_act, render_refused_act, site_of

_SENTENCES: Mapping[StrEnum, str] = {
    Refusal.TOO_LATE: N_("%(name)s is no longer waiting for our team. Nothing was changed."),
    StaffRefusal.CHANGED_SINCE: N_("%(name)s has changed since you saw it. Nothing was done: look at it again."),
    StaffRefusal.FOR_A_PERSON: N_("%(name)s is done by our team: the panel is not asked."),
    StaffRefusal.NO_TASK: N_("The task about %(name)s is already closed. Nothing was changed."),
    StaffRefusal.TASK_OF_ORDER: N_("%(name)s has a change under way: use the buttons of that change."),
    StaffRefusal.TASK_CLAIMED: N_("%(who)s is already working on %(name)s."),
    StaffRefusal.NOT_A_DAY: N_("Enter a date such as 2026-11-20."),
    StaffRefusal.NOT_YET: N_("This day is in the future."),
    StaffRefusal.BEFORE_ORDER: N_("This day is before the change was ordered."),
    StaffRefusal.BEFORE_PAYMENT: N_("This day is before the payment was received."),
    StaffRefusal.NO_REASON: N_("Write the reason, in 500 characters at most."),
}
_CLOSED: Mapping[OrderStatus, str] = {
    OrderStatus.COMPLETED: N_("%(name)s is already operational. Nothing more was done."),
    OrderStatus.REFUSED: N_("%(name)s has already been refused. Nothing more was done."),
}
_ABOUT_THE_DAY = frozenset(
    {StaffRefusal.NOT_A_DAY, StaffRefusal.NOT_YET, StaffRefusal.BEFORE_ORDER, StaffRefusal.BEFORE_PAYMENT}
)


class ActForm(StrictForm):
    """An act on a task: the version of the order that was shown, and where the task was in the list."""

    version = SingleField(convert=whole_number)
    page = SingleField(convert=whole_number)
    row = SingleField(convert=whole_number)

    @property
    def place(self) -> Place:
        """Where the task was in the list."""
        return Place(self.page.data or 1, self.row.data or 0)


class DayForm(StrictForm):
    """The day from which a change is in force, empty for today."""

    on = SingleField(convert=date.fromisoformat, refusal=StaffRefusal.NOT_A_DAY)


@bp.post("/orders/<reference>/done")
def done_order(reference: str) -> ResponseReturnValue:
    """Mark a change as operational, from today or from the day ``on``; its client is sent an e-mail."""

    def act(form: ActForm) -> None:
        day = DayForm.parse(request.form).on.data
        mark_operational(reference, current_actor(), clock.today(), clock.now(), day, form.version.data)

    return _act_on_order(reference, "change_done", act)


@bp.post("/orders/<reference>/retry")
def retry_order(reference: str) -> ResponseReturnValue:
    """Ask the panel again for a change that it refused or has not made."""

    def act(form: ActForm) -> None:
        retry_change(reference, current_actor(), clock.now(), seen_version=form.version.data)

    return _act_on_order(reference, "change_retried", act)


@bp.post("/orders/<reference>/claim")
def claim_change(reference: str) -> ResponseReturnValue:
    """Show the others that one is working on a change; nobody needs it to act."""
    return _act_on_order(reference, "task_claimed", lambda _form: claim_order(reference, current_actor(), clock.now()))


@bp.post("/orders/<reference>/release")
def release_change(reference: str) -> ResponseReturnValue:
    """Take back a claim, one's own or a colleague's."""
    return _act_on_order(
        reference, "task_released", lambda _form: release_order(reference, current_actor(), clock.now())
    )


@bp.post("/tasks/<int:task_id>/done")
def done_task(task_id: int) -> ResponseReturnValue:
    """Close a task about a service that a person has ended, suspended or restored at its server."""
    return _act_on_task(task_id, "task_done", complete_task)


@bp.post("/tasks/<int:task_id>/retry")
def retry_service_task(task_id: int) -> ResponseReturnValue:
    """Ask the panel again to suspend or restore an account, which it refused or has not done."""
    return _act_on_task(task_id, "change_retried", retry_task)


@bp.post("/tasks/<int:task_id>/claim")
def claim_service_task(task_id: int) -> ResponseReturnValue:
    """Show the others that one is working on a task."""
    return _act_on_task(task_id, "task_claimed", claim_task)


@bp.post("/tasks/<int:task_id>/release")
def release_service_task(task_id: int) -> ResponseReturnValue:
    """Take back a claim, one's own or a colleague's."""
    return _act_on_task(task_id, "task_released", release_task)


def sentence_of(error: BusinessError, name: str) -> str:
    """Why an act on a task was refused, in the language of the page; ``name`` is what the task is about."""
    order = error.details.get("order")
    text = _CLOSED.get(order.status) if order is not None else None  # type: ignore[attr-defined]
    claimed_by = str(error.details.get("claimed_by", ""))
    who = names_of_actors({claimed_by})[claimed_by] if claimed_by else ""
    return str(gettext(text or _SENTENCES[error.code], name=name, who=who))


def _act_on_task(task_id: int, notice: str, operation: Callable[..., None]) -> ResponseReturnValue:
    task = task_by_id(task_id) or abort(404)
    return _act(site_of(task), notice, lambda _form: operation(task_id, current_actor(), clock.now()))


def _act_on_order(reference: str, notice: str, act: Callable[[ActForm], None]) -> ResponseReturnValue:
    try:
        return _act(reference, notice, act)
    except LookupError:
        abort(404)


def _act(name: str, notice: str, act: Callable[[ActForm], None]) -> ResponseReturnValue:
    """Act, then show the tasks that remain, or why nothing was done."""
    form = ActForm.parse(request.form)
    try:
        act(form)
    except BusinessError as error:
        day = (name, request.form.get("on", "")) if error.code in _ABOUT_THE_DAY else ()
        refusal = RowError(error.code.value, sentence_of(error, name), status_of(error.code), *day)
        return render_refused_act(form.place, refusal)
    return render_after_act(form.place, notice, name)
