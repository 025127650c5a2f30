"""What is stuck: jobs of the workers that failed or are late, and what the payment providers report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.domain.task import SILENT_AFTER
from kajoom.i18n.formats import gettext
from kajoom.i18n.translations import N_
from kajoom.models.catalog import catalog
from kajoom.models.reconciliation import open_differences
from kajoom.models.stuck_job import LONGEST_LIST, StuckJob, provider_notices, stuck_jobs
from kajoom.operations.outbox import discard_message, is_tried_until_done, retry_message
from kajoom.web.forms import ANY_LENGTH, SingleField, StrictForm
from kajoom.web.htmx import redirect_to, render
from kajoom.web.next_notice import show_next
from kajoom.web.paging import requested_page
from kajoom.web.staff.access import bp, current_actor, is_manager

_KINDS = {
    "email": N_("E-mail to send"),
    "provision": N_("Change to make at the panel"),
    "suspension": N_("Suspension to make or lift at the panel"),
    "terminate": N_("Account to remove at the panel"),
    "settle": N_("Payment to look up"),
    "refund": N_("Refund to send"),
    "forget": N_("Saved payment account to remove"),
    "check": N_("Saved payment account to check"),
    "reconcile": N_("Payments of a day to compare"),
    "day": N_("Daily work"),
    "renewals": N_("Renewals to invoice"),
    "item": N_("Part of the daily work"),
    "start": N_("Scheduled change to start"),
    "usage": N_("Usage to measure"),
}
_STATES = {
    "dead": N_("Failed"),
    "late": N_("Late"),
    "retried": N_("Tried again later"),
    "unknown": N_("Outcome not known yet"),
}
_REFUSALS: Mapping[StrEnum, tuple[str, int]] = {
    StaffRefusal.NOT_WAITING: (N_("This job is already done, or someone has discarded it. Nothing was changed."), 409),
    StaffRefusal.NOT_DEAD: (N_("This job has not failed: it can’t be discarded."), 409),
    StaffRefusal.UNTIL_DONE: (
        N_("This job is tried until it is done: it can’t be discarded. Use the buttons of its task to end it."),
        409,
    ),
    StaffRefusal.NO_REASON: (N_("Enter the reason, in at most 500 characters."), 422),
}
_NOTICES = {
    "PAYMENT.CAPTURE.REFUNDED": N_("Payment refunded at the provider"),
    "PAYMENT.CAPTURE.REVERSED": N_("Payment reversed by the provider"),
}
_DISPUTE = N_("Dispute opened or changed by the client")


class _Refused(NamedTuple):
    """What was not done about a job: why, and the reason that was typed."""

    job: int
    code: StrEnum
    reason: str

    @property
    def sentence(self) -> str:
        """Why, in the language of the page."""
        return str(gettext(_REFUSALS[self.code][0]))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _REFUSALS[self.code][1]

    @property
    def is_at_field(self) -> bool:
        """Whether the reason is what is wrong."""
        return self.code is StaffRefusal.NO_REASON


class RowRefusal(NamedTuple):
    """Why an act on a difference or a notice was refused, in the language of the page.

    ``row`` is "difference-3" or "notice-WH-1", ``field`` the field that is wrong, empty when none is, with what was
    ``typed`` in it.
    """

    row: str
    field: str
    sentence: str
    code: str
    status: int
    typed: str


class DiscardForm(StrictForm):
    """Why a job is discarded; the operation checks it, so that the field has its sentence."""

    reason = SingleField(max_length=ANY_LENGTH)


@bp.get("/jobs")
def jobs() -> ResponseReturnValue:
    """List the jobs that were given up, failed or are late, the differences and the notices of providers."""
    return render_stuck(requested_page())


@bp.post("/jobs/<int:job>/retry")
def retry_job(job: int) -> ResponseReturnValue:
    """Make a job due now, even a dead one."""
    return _act(job, "job_retried", lambda: retry_message(job, current_actor(), clock.now()))


@bp.post("/jobs/<int:job>/discard")
def discard_job(job: int) -> ResponseReturnValue:
    """Discard a job that has failed, with the reason."""
    reason = DiscardForm.parse(request.form).reason.data or ""
    return _act(job, "job_discarded", lambda: discard_message(job, current_actor(), reason, clock.now()), reason)


def _act(job: int, done: str, act: Callable[[], None], reason: str = "") -> ResponseReturnValue:
    """Do it, then go back to the list; a refusal shows the job, with what was typed."""
    try:
        act()
    except BusinessError as error:
        if error.code is StaffRefusal.NO_MESSAGE:
            abort(404)
        return render_stuck(refused=_Refused(job, error.code, reason))
    show_next(done, str(job))
    return redirect_to(url_for("staff.jobs"))


def render_stuck(page: int = 1, refused: _Refused | None = None, row: RowRefusal | None = None) -> ResponseReturnValue:
    """The page; a refusal about a job shows only that job, if it is still in the list, one about a ``row`` all."""
    at = clock.now()
    listed = stuck_jobs(at, page, refused.job if refused else None)
    return render(
        "staff/jobs.html",
        "staff/_jobs.html",
        title=gettext("What is stuck"),
        status=refused.status if refused else row.status if row else 200,
        catalog=catalog(),
        jobs=listed,
        refused=refused,
        row_refusal=row,
        is_manager=is_manager(),
        is_silent=_is_silent(listed.seen_at, at),
        differences=open_differences(LONGEST_LIST),
        notices=provider_notices(),
        longest=LONGEST_LIST,
        kinds=_KINDS,
        states=_STATES,
        state_of=_state_of,
        is_tried_until_done=is_tried_until_done,
        notice_label=lambda kind: _NOTICES.get(kind, _DISPUTE),
    )


def _is_silent(seen_at: datetime | None, at: datetime) -> bool:
    return seen_at is None or at - seen_at > SILENT_AFTER


def _state_of(job: StuckJob) -> str:
    """A key of ``_STATES``."""
    message = job.Message
    if message.dead_at is not None:
        return "dead"
    if job.is_late:
        return "late"
    return "retried" if message.failing_since is not None else "unknown"
