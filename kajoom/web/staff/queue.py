"""The tasks that only a person can do, the oldest first."""

from __future__ import annotations

from typing import NamedTuple

from flask import url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.task import is_late
from kajoom.i18n.formats import current_formats, gettext
from kajoom.models.paging import PER_PAGE
from kajoom.models.staff_queue import staff_queue_page
from kajoom.models.task import Task, count_open_tasks
from kajoom.web.htmx import render, wants_fragment
from kajoom.web.next_notice import notice_text, show_next
from kajoom.web.paging import requested_page
from kajoom.web.staff.access import bp, current_actor


class Place(NamedTuple):
    """Where a task was in the list when somebody acted on it: the page, from 1, and the row, from 0."""

    page: int
    row: int


class RowError(NamedTuple):
    """Why an act was refused: its code, a sentence, the order whose day is wrong (if it is that), and that day."""

    code: str
    sentence: str
    status: int
    reference: str = ""
    day: str = ""


@bp.get("")
def queue() -> ResponseReturnValue:
    """List the open tasks, the oldest first."""
    return _render(requested_page())


def render_after_act(place: Place, code: str, name: str) -> ResponseReturnValue:
    """The tasks that remain, with the sentence of a notice's code; a redirect to them without htmx."""
    number = _existing_page(place.page)
    if not wants_fragment():
        show_next(code, name)
        return _render(number, see_other=url_for("staff.queue", page=number if number > 1 else None))
    return _render(number, done=notice_text(code, name), row=place.row)


def render_refused_act(place: Place, error: RowError) -> ResponseReturnValue:
    """The tasks as they are now, with why an act was refused."""
    return _render(_existing_page(place.page), error=error)


def site_of(task: Task) -> str:
    """The service that a task is about: its domain, or its plan."""
    return task.service.label or current_formats().localized(task.service.plan.title)


def _render(
    number: int, done: str = "", row: int | None = None, error: RowError | None = None, see_other: str | None = None
) -> ResponseReturnValue:
    return render(
        "staff/queue.html",
        "staff/_queue.html",
        title=gettext("Tasks"),
        announce=done or None,
        status=error.status if error else 200,
        see_other=see_other,
        queue=None if see_other else staff_queue_page(number),
        act_text=done,
        error=error,
        focused_row=row,
        actor=current_actor(),
        today=clock.today(),
        is_late=_is_late,
        site_of=site_of,
    )


def _existing_page(number: int) -> int:
    """The page asked for, or the last one: the task acted on may have been alone on its page."""
    return max(1, min(number, -(-count_open_tasks() // PER_PAGE)))


def _is_late(task: Task) -> bool:
    return is_late(clock.local(task.opened_at).date(), clock.today())
