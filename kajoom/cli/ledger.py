"""``flask staff``: payments received, account credit, refunds, and reconciliation with the providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from kajoom import clock
from kajoom.cli.operator import current_operator
from kajoom.domain.money import Money
from kajoom.domain.refund import RefundStatus
from kajoom.domain.refusal import BusinessError, Refusal, StaffRefusal
from kajoom.models.reconciliation import Difference, open_differences
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from kajoom.operations.payments.reconciliation import explain, reconcile, record_missing_payment
from kajoom.operations.payments.refunds import refund_invoice

REFUSALS: Mapping[StrEnum, str] = {
    StaffRefusal.NO_INVOICE: "There is no invoice {number}.",
    StaffRefusal.NO_CLIENT: "There is no client {email}.",
    StaffRefusal.NO_STAFF: "There is no staff account {email}: see `flask staff list`.",
    StaffRefusal.NO_FACTOR: "{email} has no second factor.",
    StaffRefusal.NO_ADDRESS: "{email!r} is not a complete e-mail address.",
    StaffRefusal.IS_CLIENT: "{email} is a client's address: a member of the staff signs in with another one.",
    StaffRefusal.ALREADY_ACTIVATED: "{email} has a password already, and can receive a new one from the sign-in page.",
    StaffRefusal.DEACTIVATED: "The account of {email} is deactivated.",
    StaffRefusal.NOT_DEACTIVATED: "The account of {email} is not deactivated.",
    StaffRefusal.JUST_SENT: "This e-mail to {email} was queued less than a minute ago.",
    StaffRefusal.NO_METHOD: "Give the payment method with --method: one of {known}.",
    StaffRefusal.NO_REFERENCE: "{reference!r} is not a reference: give the bank's, in at most 100 characters.",
    StaffRefusal.NOT_AN_AMOUNT: "{amount!r} is not an amount like 41.72.",
    StaffRefusal.NOT_YET: "{on} is in the future.",
    StaffRefusal.REFERENCE_USED: "{reference} is already recorded: {amount} for invoice {number}. If this is other"
    " money, give a reference that tells it apart, like the sender's name and the number.",
    StaffRefusal.BALANCE_TOO_LOW: "The client has {balance} of account credit: it cannot fall below zero.",
    StaffRefusal.NOTHING_TO_REFUND: "Nothing is left to refund for invoice {number}: it gave no credit, or that credit"
    " has been spent or refunded since.",
    StaffRefusal.PAID_OFFLINE: "Invoice {number} was paid by {provider}, which no provider carries: send the money back"
    " yourself, then take the credit back with `flask staff credit`.",
    StaffRefusal.PROVIDER_CLOSED: "Invoice {number} was paid by {provider}, which is not set up here any more.",
    StaffRefusal.REFUND_UNDER_WAY: "A refund of invoice {number} is already being processed.",
    StaffRefusal.NO_SERVICE: "There is no service {name}: give its id of the host's billing, or its domain.",
    StaffRefusal.SEVERAL_SERVICES: "{name} names several services: give one of their ids, {known}.",
    StaffRefusal.SERVICE_ENDED: "The service {name} has already ended.",
    StaffRefusal.ALREADY_SUSPENDED: "The service {name} is already suspended or about to be.",
    StaffRefusal.NOT_SUSPENDED: "The service {name} is not suspended, or its suspension is already being lifted.",
    Refusal.NOT_ACTIVE: "The service {name} is not set up yet.",
    StaffRefusal.NOT_PAID: "Invoice {number} is not paid in full: an unpaid invoice is voided, not credited.",
    StaffRefusal.MORE_THAN_IS_LEFT: "Only {left} before tax is left to credit of invoice {number}.",
    StaffRefusal.NO_REASON: "Give the reason in one line of at most 500 characters.",
    StaffRefusal.BEFORE_ORDER: "{on} is before the change {reference} was ordered.",
    StaffRefusal.BEFORE_PAYMENT: "{on} is before the payment of invoice {number} was received.",
    StaffRefusal.STILL_OPEN: "{email} can’t be erased while this is open: {open}.",
    StaffRefusal.NO_DIFFERENCE: "No open difference bears the reference {reference}.",
    Refusal.CANCELLATION_REQUESTED: "Its client has asked for the end of this service: the request is withdrawn first.",
    Refusal.CHANGE_UNDER_WAY: "A change of plan is under way, {reference}: it is done, refused or cancelled first.",
    Refusal.SAME_TERMS: "The service has these terms already.",
    Refusal.PAYMENT_PENDING: "A payment of invoice {number} is being processed: try again once its outcome is known.",
    Refusal.UNKNOWN_PLAN: "There is no plan {plan} in the group of this service.",
    StaffRefusal.PARTLY_PAID: "Invoice {number} is paid in part: record the rest, or begin after its period.",
    StaffRefusal.DAYS_PAID: "{day} is before {until}, until when the service is paid.",
    StaffRefusal.PAST_DAY: "{day} is in the past: give today, a later day, or the due date.",
    StaffRefusal.TOO_FAR: "{day} is more than ten years away.",
    StaffRefusal.NO_PERIODS: "This service is not billed by periods: it has no due date, no later day and no other"
    " price.",
    StaffRefusal.NO_PRICE: "The plan {plan} has no price for this cycle and currency: give one with --price.",
    StaffRefusal.NOT_A_QUANTITY: "{quantity!r} is not a quantity from 1 to 9999.",
    StaffRefusal.NOT_A_DAY: "{day!r} is not a day like 2026-12-01.",
    StaffRefusal.TOO_LARGE: "This would come to more than an invoice can hold.",
    StaffRefusal.CHANGED_SINCE: "The service has changed meanwhile. Nothing was done: look at it again.",
    StaffRefusal.NOT_MISSING_HERE: "The payment {reference} is recorded already: explain its difference instead.",
    StaffRefusal.OTHER_CURRENCY: "Invoice {number} is in {currency}.",
    StaffRefusal.NO_NOTICE: "There is no notice {id}: see `flask staff notices`.",
    StaffRefusal.NOTICE_CLOSED: "Notice {id} was closed by {closed_by}: {note}",
}
_REFUND_RESULTS = {
    RefundStatus.DONE: "sent back by {provider}.",
    RefundStatus.REFUSED: "refused by {provider} ({reason}); it is account credit again.",
    RefundStatus.PENDING: "on its way by {provider}.",
    RefundStatus.UNKNOWN: "asked of {provider}, whose answer is not known yet; the worker asks again.",
}
DAY = click.DateTime(["%Y-%m-%d"])


@contextmanager
def exit_on_refusal(**values: str) -> Iterator[None]:
    """Print the sentence of a ``BusinessError`` and end the command with exit code 1.

    ``values`` are what the sentences name beside the details of the error.
    """
    try:
        yield
    except BusinessError as error:
        named = {**values, **error.details}
        details = {key: ", ".join(each) if isinstance(each, list) else each for key, each in named.items()}
        raise click.ClickException(REFUSALS[error.code].format(**details)) from None


@click.command()
@click.argument("invoice")
@click.option("--amount", required=True, help="What was received, like 41.72.")
@click.option("--on", type=DAY, required=True, help="The day it was received, like 2026-11-20.")
@click.option("--reference", required=True, help="The sender's reference; the same one twice adds nothing.")
@click.option("--method", default="", help="interac, cheque, paypal …; by default the offline method of the service.")
@with_appcontext
def received(invoice: str, amount: str, on: datetime, reference: str, method: str) -> None:
    """Record money received for INVOICE in any way; what exceeds the balance becomes account credit."""
    day = on.date()
    # Noon, so that the day stays the same in any time zone nearby.
    offline_payment = OfflinePayment(amount, day, clock.at_local_time(day, 12), reference, method)
    with exit_on_refusal():
        receipt = record_offline_payment(invoice, offline_payment, clock.today(), current_operator(), clock.now())
    if not receipt.is_new:
        click.echo(f"{reference} was already recorded for invoice {invoice}: nothing was added.")
    if receipt.applied:
        click.echo(f"{receipt.applied} {receipt.applied.currency} paid on invoice {invoice}.")
    if receipt.credited:
        click.echo(f"{receipt.credited} {receipt.credited.currency} added to the client's account credit.")
    if receipt.balance:
        click.echo(f"{receipt.balance} {receipt.balance.currency} still to be paid.")


@click.command()
@click.argument("email")
@click.option("--amount", required=True, help="Like 20.00; a negative amount takes credit back.")
@click.option("--currency", default="CAD", show_default=True)
@click.option("--reason", required=True, help="Shown to the client beside the amount.")
@with_appcontext
def credit(email: str, amount: str, currency: str, reason: str) -> None:
    """Grant account credit to the client of EMAIL; it is used first, on the next invoice."""
    with exit_on_refusal():
        balance = grant_credit(email, amount, reason, clock.now(), currency, current_operator())
    click.echo(f"{email} now has {balance} {balance.currency} of account credit.")


@click.command("credit-note")
@click.argument("invoice")
@click.option("--amount", required=True, help="What is credited, before tax, like 10.00.")
@click.option("--reason", required=True, help="What the client reads.")
@with_appcontext
def credit_note_command(invoice: str, amount: str, reason: str) -> None:
    """Correct the paid INVOICE by a credit note of its own number; its total becomes account credit.

    The taxes are credited at the rates of the invoice. The same amount and reason again add nothing.
    """
    with exit_on_refusal():
        note, is_new = credit_invoice(invoice, amount, reason, current_operator(), clock.today(), clock.now())
    if not is_new:
        click.echo(f"Credit note {note.number} was already issued for this: nothing was added.")
        return
    subtotal = Money(-note.subtotal_cents, note.currency)
    click.echo(f"Credit note {note.number}: {subtotal} before tax of invoice {invoice},")
    click.echo(f"{note.credited} {note.currency} with taxes, added to the client's account credit.")


@click.command()
@click.argument("invoice")
@with_appcontext
def refund(invoice: str) -> None:
    """Refund the payment of INVOICE, or of a credit note's invoice, that became account credit.

    Only a provider's payment that came late or paid for nothing can be refunded, up to what is left of that credit.
    """
    with exit_on_refusal():
        sent = refund_invoice(invoice, current_app.extensions["kajoom"].payments, current_operator(), clock.now())
    for each in sent:
        result = _REFUND_RESULTS[each.status].format(provider=each.provider, reason=each.reason)
        click.echo(f"{each.amount} {each.amount.currency} {result}")
    if any(each.status is RefundStatus.REFUSED for each in sent):
        raise click.exceptions.Exit(1)


@click.command("reconcile")
@click.option("--on", type=DAY, help="The day to compare, in UTC; yesterday by default.")
@with_appcontext
def reconcile_command(on: datetime | None) -> None:
    """Compare what the providers took with the ledger; exit code 1 if there are unexplained differences."""
    day = on.date() if on else clock.now().date() - timedelta(days=1)
    with exit_on_refusal():
        unreachable = reconcile(current_app.extensions["kajoom"].payments, day, clock.now())
    differences = open_differences()
    for difference in differences:
        click.echo(_describe(difference))
    for provider in unreachable:
        click.echo(f"{provider} could not be asked: run this again later.", err=True)
    if differences or unreachable:
        raise click.exceptions.Exit(1)
    click.echo(f"{day.isoformat()}: the providers and the ledger agree.")


@click.command("explain")
@click.argument("reference")
@click.option("--note", required=True, help="What explains it.")
@with_appcontext
def explain_command(reference: str, note: str) -> None:
    """Close the differences with REFERENCE and record what they were."""
    with exit_on_refusal():
        count = explain(reference, note, current_operator(), clock.now())
    click.echo(f"{count} difference{'s' if count > 1 else ''} explained.")


@click.command("record")
@click.argument("reference")
@click.option("--invoice", required=True, help="The number of the invoice that the money paid.")
@with_appcontext
def record_command(reference: str, invoice: str) -> None:
    """Record the payment of REFERENCE, which a provider took and the ledger lacks, and close its differences.

    What exceeds the balance of the invoice becomes account credit.
    """
    with exit_on_refusal():
        taken = record_missing_payment(reference, invoice, current_operator(), clock.now())
    click.echo(f"{taken} {taken.currency} recorded for invoice {invoice}.")


def _describe(difference: Difference) -> str:
    taken: Any = difference.taken or "nothing"
    recorded: Any = difference.recorded or "nothing"
    about = f", invoice {difference.invoice}" if difference.invoice else ""
    return (
        f"{difference.day.isoformat()} {difference.provider} {difference.reference}{about}:"
        f" the provider took {taken}, the ledger has {recorded} ({difference.currency})"
    )


LEDGER_COMMANDS = (received, credit, credit_note_command, refund, reconcile_command, explain_command, record_command)
