"""The demonstration: loads the files a host would load, then brings its services into every state by operations."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import add_months
from kajoom.domain.payment import PaymentChoice
from kajoom.domain.quote import When
from kajoom.domain.staff import StaffRole
from kajoom.gateways.ports import PaymentProvider
from kajoom.models.client import client_by_email, is_any_client
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order
from kajoom.models.service import Service, service_by_external_id
from kajoom.models.service_snapshot import service_snapshot_of
from kajoom.operations.accounts.staff import StaffDetails, create_staff
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.files.cells import CYCLES
from kajoom.operations.files.csv_file import Row, read_rows
from kajoom.operations.files.report import FileError
from kajoom.operations.imports.clients import DemoClientRow, import_clients
from kajoom.operations.imports.service_row import ServiceRow
from kajoom.operations.imports.services import ServiceImport, import_services
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from kajoom.operations.orders.quotes import Choice, quote_change
from kajoom.operations.payments.pay import pay

REFERENCE_DAY = date(2022, 10, 17)
"""The day the demonstration's files describe; due dates are shifted from it to the day they are loaded."""

STAFF = "staff@example.com"
_DAYS_TO_PAY = 7


class InvalidDemoData(Exception):
    """An error in the demonstration's own files; the message names each with its place."""


class HasClients(Exception):
    """The demonstration is not loaded beside the clients of a host: its passwords are public."""


@dataclass(frozen=True)
class DemoContext:
    """The day, the instant and the payment providers with which the demonstration is loaded."""

    on: date
    at: datetime
    providers: Mapping[str, PaymentProvider]


def load_demonstration(folder: Path, context: DemoContext, hash_password: Callable[[str], str]) -> bool:
    """Load the demonstration of ``folder`` into an empty database; ``False`` when it was loaded before.

    Raises ``HasClients`` when the database holds the clients of a host.
    """
    if client_by_email(STAFF) is not None:
        return False
    if is_any_client():
        raise HasClients("This database holds clients already: the demonstration is loaded into an empty one only.")
    _raise_on_errors(load_catalog((folder / "catalog.toml").read_bytes(), context.at, folder=folder).errors)
    with (folder / "clients.csv").open("rb") as lines:
        _raise_on_errors(
            import_clients(read_rows(lines, DemoClientRow), context.at, hash_password=hash_password).errors
        )
    member = tomllib.loads((folder / "staff.toml").read_text("utf-8"))
    details = StaffDetails(member["email"], StaffRole(member["role"]), member["name"])
    create_staff(details, context.at, hash_password(member["password"]))
    with (folder / "services.csv").open("rb") as lines:
        rows = _shift_due_dates(read_rows(lines, ServiceRow), context.on)
        _raise_on_errors(import_services(rows, ServiceImport(context.on, context.at)).errors)
    for state, apply_scenario in _SCENARIOS.items():
        for language in ("fr", "en"):
            service = service_by_external_id(f"demo-{language}-{state}")
            if service is not None:
                apply_scenario(service, context)
    return True


def shift_due_date(on: date, due: date, months: int, anchor: int) -> date:
    """A due date shifted by whole cycles, so that it is before or after ``on`` as it was for the reference day."""
    elapsed = (on.year - due.year) * 12 + on.month - due.month
    carried = add_months(due, elapsed // months * months, anchor)
    if due < REFERENCE_DAY:
        return carried if carried < on else add_months(carried, -months, anchor)
    return carried if carried > on else add_months(carried, months, anchor)


def _raise_on_errors(errors: Iterable[FileError]) -> None:
    messages = [str(error) for error in errors]
    if messages:
        raise InvalidDemoData("; ".join(messages))


def _shift_due_dates(rows: Iterable[Row | FileError], on: date) -> Iterator[Row | FileError]:
    for row in rows:
        if isinstance(row, Row) and row.cells.get("next_due_date"):
            due = date.fromisoformat(row.cells["next_due_date"])
            anchor = int(row.cells["anchor_day"] or due.day)
            day = shift_due_date(on, due, CYCLES[row.cells["cycle"]].months, anchor)
            yield replace(row, cells={**row.cells, "next_due_date": day.isoformat()})
        else:
            yield row


def _place_order(service: Service, context: DemoContext, plan: str, when: When | None = None) -> Order:
    """Confirm a change for the service's client, with the box ticked."""
    snapshot = service_snapshot_of(service.client_id, service.id, context.on)
    if snapshot is None:
        raise LookupError(service.external_id)
    choice = Choice(plan, snapshot.terms.cycle, when)
    confirmation = Confirmation(quote_change(snapshot, choice).digest, uuid4().hex, acknowledged=True)
    locale = "en" if "-en-" in service.external_id else "fr"
    return place_order(
        snapshot.client_id,
        snapshot.id,
        choice,
        confirmation,
        locale=locale,
        on=context.on,
        at=context.at,
        days_to_pay=_DAYS_TO_PAY,
    ).order


def _pay(order: Order, context: DemoContext) -> Order:
    invoice = invoice_of_order(order.id)
    if invoice is not None:
        pay(invoice.id, context.providers, PaymentChoice(next(iter(context.providers))), context.at)
    return order


def _await_payment(service: Service, context: DemoContext) -> None:
    _place_order(service, context, "b")


def _await_person(service: Service, context: DemoContext) -> None:
    _pay(_place_order(service, context, "c"), context)


def _schedule(service: Service, context: DemoContext) -> None:
    _place_order(service, context, "base", When.RENEWAL)


def _refuse(service: Service, context: DemoContext) -> None:
    """Refuse a change to which nothing was paid, so that the client has no account credit."""
    order = _place_order(service, context, "b", When.NOW)
    reason = "The server of this plan is full." if order.locale == "en" else "Le serveur de ce forfait est complet."
    mark_refused(order.reference, reason, STAFF, context.on, context.at)


def _change(service: Service, context: DemoContext) -> None:
    mark_operational(_pay(_place_order(service, context, "b"), context).reference, STAFF, context.on, context.at)


def _renew(service: Service, context: DemoContext) -> None:
    """Issue the renewal, on its due date if that has passed."""
    issue_renewal(service.id, min(context.on, service.next_due_date or context.on), context.at)


def _cancel(service: Service, context: DemoContext) -> None:
    request_cancellation(
        service.client_id,
        service.id,
        CancellationWhen.PERIOD_END,
        reason="",
        key=uuid4().hex,
        locale="en" if "-en-" in service.external_id else "fr",
        on=context.on,
        at=context.at,
    )


_SCENARIOS: Mapping[str, Callable[[Service, DemoContext], None]] = {
    "waiting-payment": _await_payment,
    "waiting-person": _await_person,
    "scheduled": _schedule,
    "refused": _refuse,
    "changed": _change,
    "unpaid-renewal": _renew,
    "overdue": _renew,
    "cancelling": _cancel,
}
"""For the last part of a service's ``external_id``, the function that brings it into that state."""
