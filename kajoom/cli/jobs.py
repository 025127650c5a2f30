"""``flask jobs``: the messages of the outbox that are due, retried or failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.operator import current_operator
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.outbox import Message, unfinished_messages
from kajoom.operations.outbox import discard_message, retry_message

_REFUSALS: Mapping[StrEnum, str] = {
    StaffRefusal.NO_MESSAGE: "There is no job {id}.",
    StaffRefusal.NOT_WAITING: "Job {id} is already done.",
    StaffRefusal.NO_REASON: "Give the reason in one line of at most 500 characters.",
    StaffRefusal.NOT_DEAD: "Job {id} has not failed: it can’t be discarded.",
    StaffRefusal.UNTIL_DONE: "Job {id} is tried until it is done. End its task by flask staff done or refuse.",
}


_ID = click.IntRange(1, 2**31 - 1)


@click.group()
def jobs() -> None:
    """What the workers have to do: e-mails, changes at the panel, payments to look up, parts of a day's work."""


@jobs.command("list")
@click.option("--kind", default="", help="Only the jobs of this kind, such as email or provision.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="The most jobs to list.")
@with_appcontext
def list_command(kind: str, limit: int) -> None:
    """List the jobs that are due, retried or dead, with their age and last error; the dead ones first."""
    messages = unfinished_messages(clock.now(), kind, limit)
    for message in messages:
        click.echo(_describe(message))
    if not messages:
        click.echo("No job is due, retried or dead.")


@jobs.command()
@click.argument("job", type=_ID)
@with_appcontext
def retry(job: int) -> None:
    """Try JOB again now, even a dead one."""
    with _exit_on_refusal(job):
        retry_message(job, current_operator(), clock.now())
    click.echo(f"Job {job} is due now.")


@jobs.command()
@click.argument("job", type=_ID)
@click.option("--reason", required=True, help="Why it is discarded; it is recorded.")
@with_appcontext
def discard(job: int, reason: str) -> None:
    """Discard JOB, which has failed: it will not be tried again."""
    with _exit_on_refusal(job):
        discard_message(job, current_operator(), reason, clock.now())
    click.echo(f"Job {job} is discarded.")


@contextmanager
def _exit_on_refusal(job: int) -> Iterator[None]:
    """Print why a job was refused, and end the command with exit code 1."""
    try:
        yield
    except BusinessError as error:
        raise click.ClickException(_REFUSALS[error.code].format(id=job)) from None


def _describe(message: Message) -> str:
    state = "dead" if message.dead_at else "retried" if message.attempts else "waiting"
    about = " ".join(f"{name}={value}" for name, value in message.ids.items())
    error = f"  {message.last_error}" if message.last_error else ""
    age = _age(clock.now() - message.due_at)
    return f"{message.id}  {state}  {message.kind}  {about}  due for {age}, {message.attempts} tries{error}"


def _age(age: timedelta) -> str:
    """A time in its largest unit: 3 d, 5 h, 12 min."""
    minutes = int(age.total_seconds()) // 60
    if minutes >= 48 * 60:
        return f"{minutes // 1440} d"
    return f"{minutes // 60} h" if minutes >= 120 else f"{minutes} min"
