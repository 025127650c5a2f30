"""``flask staff queue``, ``done``, ``refuse`` and ``retry``: the tasks for staff and their outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum

import click
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.ledger import DAY, REFUSALS
from kajoom.cli.operator import current_operator
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.domain.task import TaskKind, is_late
from kajoom.models.credit_note import credit_note_of_outcome
from kajoom.models.invoice import invoice_of_order
from kajoom.models.task import Task, open_tasks
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from kajoom.operations.orders.service_tasks import complete_task, retry_task
from kajoom.operations.orders.stuck import retry_change
from kajoom.operations.tasks import order_of_task

_WHAT = {
    TaskKind.CHANGE: "make the change",
    TaskKind.END: "end the service",
    TaskKind.UNSUSPEND: "lift the suspension",
    TaskKind.SUSPEND: "suspend the service",
    TaskKind.UNPAID: "decide about the service, which stays unpaid",
    TaskKind.STUCK: "see why the panel has not made the change",
}
_REFUSALS: Mapping[StrEnum, str] = {
    Refusal.TOO_LATE: "{name} is not waiting for staff: see its page.",
    StaffRefusal.FOR_A_PERSON: "{name} is done by staff: the panel is not asked.",
    **{
        code: REFUSALS[code]
        for code in (
            StaffRefusal.NOT_YET,
            StaffRefusal.BEFORE_ORDER,
            StaffRefusal.BEFORE_PAYMENT,
            StaffRefusal.NO_REASON,
        )
    },
    StaffRefusal.NO_TASK: "There is no open task {name}: see `flask staff queue`.",
}


@contextmanager
def _exit_on_refusal(name: str) -> Iterator[None]:
    """Print why a task or an order was refused, and end the command with exit code 1."""
    try:
        yield
    except LookupError:
        raise click.ClickException(f"There is no order {name}.") from None
    except BusinessError as error:
        raise click.ClickException(_REFUSALS[error.code].format(**{"name": name, **error.details})) from None


@click.command()
@with_appcontext
def queue() -> None:
    """List the tasks for staff, the oldest first; LATE marks those open past the next business day."""
    tasks = open_tasks()
    for task in tasks:
        click.echo(_describe(task))
    if not tasks:
        click.echo("No task is open.")


@click.command()
@click.argument("name", metavar="REFERENCE|TASK")
@click.option("--on", "day", type=DAY, help="The day from which a change is in force; today by default.")
@with_appcontext
def done(name: str, day: datetime | None) -> None:
    """Mark a change as operational (the client is sent an e-mail), or a task as done.

    An upgrade charged by the day that is in force later than it was ordered is credited the days in between.
    """
    with _exit_on_refusal(name):
        reference = _reference_of(name)
        if reference is not None:
            in_force_on = day.date() if day else None
            mark_operational(reference, current_operator(), clock.today(), clock.now(), in_force_on)
        elif day is not None:
            raise click.UsageError(f"--on is for a change of plan: task {name} is not about one.")
        else:
            complete_task(int(name), current_operator(), clock.now())
    click.echo(f"Task {name} is done." if reference is None else f"{reference} is operational.")
    _print_credit_note(reference)


@click.command()
@click.argument("name", metavar="REFERENCE|TASK")
@click.option("--reason", required=True, help="What the client reads.")
@with_appcontext
def refuse(name: str, reason: str) -> None:
    """Refuse a change that can’t be made; what was paid becomes account credit."""
    with _exit_on_refusal(name):
        reference = _order_reference_of(name)
        mark_refused(reference, reason, current_operator(), clock.today(), clock.now())
    click.echo(f"{reference} is refused.")
    _print_credit_note(reference)


@click.command()
@click.argument("name", metavar="REFERENCE|TASK")
@with_appcontext
def retry(name: str) -> None:
    """Ask the panel again for what it refused or has not done: a change, a suspension, or the end of one."""
    with _exit_on_refusal(name):
        reference = _reference_of(name)
        if reference is not None:
            retry_change(reference, current_operator(), clock.now())
        else:
            retry_task(int(name), current_operator(), clock.now())
    click.echo(f"The panel is asked again for {reference or f'task {name}'}.")


TASK_COMMANDS = (queue, done, refuse, retry)


def _print_credit_note(reference: str | None) -> None:
    """Print what the outcome of a change credited, if anything."""
    note = credit_note_of_outcome(reference) if reference is not None else None
    if note is not None:
        credited = f"{note.credited} {note.currency}"
        click.echo(f"Credit note {note.number}: {credited} of invoice {note.invoice.number} is now account credit.")


def _reference_of(name: str) -> str | None:
    """The reference of the order that is named, or that a task is about; ``None`` for a task about no order."""
    is_task = name.isascii() and name.isdigit() and len(name) < 10
    return order_of_task(int(name)) if is_task else name


def _order_reference_of(name: str) -> str:
    reference = _reference_of(name)
    if reference is None:
        raise click.UsageError(f"Task {name} is not about a change of plan.")
    return reference


def _describe(task: Task) -> str:
    service, order = task.service, task.order
    opened, today = clock.local(task.opened_at).date(), clock.today()
    days = (today - opened).days
    waiting = "today" if days < 1 else f"for {days} day{'s' if days > 1 else ''}"
    late = "  LATE" if is_late(opened, today) else ""
    site = service.label or service.plan.title["en"]
    about = f"  {order.reference}  {order.from_plan.name['en']} → {order.to_plan.name['en']}" if order else ""
    paid = f"  {_paid(order.id)}" if order else ""
    account = f"  account {service.username}" if service.username else ""
    reason = f" ({task.reason})" if task.reason else ""
    return f"{task.id}  {waiting}{late}  {_WHAT[task.kind]}{reason}  {site}{about}{paid}{account}"


def _paid(order_id: int) -> str:
    invoice = invoice_of_order(order_id)
    if invoice is None:
        return "nothing to pay"
    amount = Money(invoice.paid_cents + invoice.credit_cents, invoice.currency)
    return f"paid {amount} {amount.currency}"
