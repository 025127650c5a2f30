"""``flask jobs list``, ``retry`` and ``discard``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import Result
from flask import Flask

from kajoom.cli.jobs import jobs
from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.operations.outbox import dead_letter, enqueue, lease_next, mark_done, retry_later
from kajoom.operations.transaction import transactional
from tests.conftest import set_time
from tests.factories import AT

HOUR = timedelta(hours=1)

Invoke = Callable[..., Result]
add = transactional(enqueue)


@pytest.fixture
def invoke(app: Flask) -> Invoke:
    """Runs ``flask jobs`` three hours after ``AT``."""
    set_time(app, AT + 3 * HOUR)

    def run(*arguments: str | int) -> Result:
        db.session.rollback()
        result = app.test_cli_runner().invoke(jobs, [str(each) for each in arguments])
        db.session.rollback()
        return result

    return run


def stored(key: str) -> Message:
    message = message_by_key(key)
    assert message is not None
    return message


def leased() -> tuple[int, str]:
    message = lease_next(AT)
    assert message is not None
    return message.id, message.lease_token


def dead(key: str) -> int:
    add("email", key, AT, email="operational", order=7)
    message_id, token = leased()
    dead_letter(message_id, token, AT, "MailRefused: 550")
    return message_id


def test_list_shows_dead_retried_and_waiting_jobs_with_reason_and_age(invoke: Invoke) -> None:
    add("provision", "retried", AT, order=8)
    retried, token = leased()
    retry_later(retried, token, AT, "StillPending: pending", is_pending=True)
    died = dead("dead")
    alert = stored("staff_alert-dead_message-email-2026061615").id
    add("email", "later", AT + 9 * HOUR, email="reminder", invoice=1)

    assert invoke("list").output.splitlines() == [
        f"{died}  dead  email  email=operational order=7  due for 3 h, 1 tries  MailRefused: 550",
        f"{retried}  retried  provision  order=8  due for 3 h, 1 tries  StillPending: pending",
        f"{alert}  waiting  email  email=staff_alert alert=dead_message about=email  due for 3 h, 0 tries",
    ]
    assert len(invoke("list", "--kind", "provision").output.splitlines()) == 1
    assert len(invoke("list", "--limit", 2).output.splitlines()) == 2


def test_empty_list_says_so(invoke: Invoke) -> None:
    result = invoke("list")
    assert (result.exit_code, result.output) == (0, "No job is due, retried or dead.\n")


def test_dead_job_is_done_again(invoke: Invoke) -> None:
    job = dead("dead")

    assert invoke("retry", job).output == f"Job {job} is due now.\n"

    again = stored("dead")
    assert (again.dead_at, again.run_at, again.attempts) == (None, AT + 3 * HOUR, 0)


def test_discarded_job_is_recorded_and_never_done(invoke: Invoke) -> None:
    job = dead("dead")

    assert invoke("discard", job, "--reason", "the address is gone").exit_code == 0

    given_up = stored("dead")
    assert (given_up.done_at, given_up.discard_note) == (AT + 3 * HOUR, "the address is gone")
    assert given_up.discarded_by.startswith("staff:")
    assert invoke("retry", job).output == f"Error: Job {job} is already done.\n"


def test_job_that_has_not_failed_cannot_be_discarded(invoke: Invoke) -> None:
    add("email", "fresh", AT, email="operational", order=7)
    job = stored("fresh").id
    result = invoke("discard", job, "--reason", "no")
    assert (result.exit_code, stored("fresh").done_at) == (1, None)

    retry_later(*leased(), AT, "MailDelayed: 452")
    assert invoke("discard", job, "--reason", "no").exit_code == 0


def test_unknown_or_finished_job_is_refused(invoke: Invoke) -> None:
    assert invoke("retry", 404).output == "Error: There is no job 404.\n"
    assert invoke("retry", 10**20).exit_code == 2
    add("email", "done", AT, email="operational", order=7)
    job, token = leased()
    mark_done(job, token, AT)
    assert invoke("discard", job, "--reason", "no").output == f"Error: Job {job} is already done.\n"
