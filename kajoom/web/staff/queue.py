"""The tasks that only a person can do, the oldest first."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from kajoom import clock
from kajoom.domain.task import is_late
from kajoom.models.task import Task, open_tasks_page
from kajoom.web.htmx import render
from kajoom.web.paging import requested_page
from kajoom.web.staff.access import bp


@bp.get("")
def queue() -> ResponseReturnValue:
    """List the open tasks, the oldest first."""
    return render(
        "staff/queue.html",
        "staff/_queue.html",
        title=gettext("Tasks"),
        tasks=open_tasks_page(requested_page()),
        is_late=_is_late,
    )


def _is_late(task: Task) -> bool:
    return is_late(clock.local(task.opened_at).date(), clock.today())
