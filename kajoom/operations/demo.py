"""The demonstration: the files a host would load, and the deeds that bring its services to every state there is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import add_months
from kajoom.domain.payment import Means
from kajoom.domain.quote import When
from kajoom.gateways.ports import PaymentProvider
from kajoom.models.client import client_by_email
from kajoom.models.service_snapshot import held_by
from kajoom.models.invoice import invoice_of_order
from kajoom.models.order import Order
from kajoom.models.service import Service, service_by_external_id
from kajoom.operations.orders.cancellation import request_cancellation
from kajoom.operations.catalog.load import load_catalog
from kajoom.operations.imports.clients import DEMONSTRATION_COLUMNS, import_clients
from kajoom.operations.imports.columns import CYCLES
from kajoom.operations.imports.csv_file import Row, read_rows
from kajoom.operations.orders.place import Seen, place_order
from kajoom.operations.payments.pay import pay
from kajoom.operations.orders.provisioning import declare_done, declare_impossible
from kajoom.operations.orders.quotes import Choice, quote_change
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.imports.report import Fault
from kajoom.operations.imports.services import SERVICE_COLUMNS, import_services

REFERENCE_DAY = date(2022, 10, 17)
"""The day the demonstration's files are true of; due dates are carried from it to the day they are loaded."""

STAFF = "staff@example.com"
_DAYS_TO_PAY = 7


class BrokenDemonstration(Exception):
    """A fault in the demonstration's own files, each named with its place."""


@dataclass(frozen=True)
class Stage:
    """Where and when the demonstration is set."""

    on: date
    at: datetime
    providers: Mapping[str, PaymentProvider]


def load_demonstration(folder: Path, stage: Stage, hash_password: Callable[[str], str]) -> bool:
    """Load the demonstration of ``folder`` into an empty house; ``False`` when it is already there."""
    if client_by_email(STAFF) is not None:
        return False
    _sound(load_catalog((folder / "catalog.toml").read_bytes(), stage.at).faults)
    with (folder / "clients.csv").open("rb") as lines:
        _sound(import_clients(read_rows(lines, DEMONSTRATION_COLUMNS), stage.at, hash_password=hash_password).faults)
    with (folder / "services.csv").open("rb") as lines:
        _sound(import_services(_carried(read_rows(lines, SERVICE_COLUMNS), stage.on)).faults)
    for state, bring_about in _DEEDS.items():
        for language in ("fr", "en"):
            service = service_by_external_id(f"demo-{language}-{state}")
            if service is not None:
                bring_about(service, stage)
    return True


def carried_to(on: date, due: date, months: int, anchor: int) -> date:
    """A due date moved by whole cycles so that it stands to ``on`` as it stood to the reference day."""
    elapsed = (on.year - due.year) * 12 + on.month - due.month
    carried = add_months(due, elapsed // months * months, anchor)
    if due < REFERENCE_DAY:
        return carried if carried < on else add_months(carried, -months, anchor)
    return carried if carried > on else add_months(carried, months, anchor)


def _sound(faults: Iterable[Fault]) -> None:
    told = [str(fault) for fault in faults]
    if told:
        raise BrokenDemonstration("; ".join(told))


def _carried(rows: Iterable[Row | Fault], on: date) -> Iterator[Row | Fault]:
    for row in rows:
        if isinstance(row, Row) and row.cells.get("next_due_date"):
            due = date.fromisoformat(row.cells["next_due_date"])
            anchor = int(row.cells["anchor_day"] or due.day)
            day = carried_to(on, due, CYCLES[row.cells["cycle"]].months, anchor)
            yield replace(row, cells={**row.cells, "next_due_date": day.isoformat()})
        else:
            yield row


def _ordered(service: Service, stage: Stage, plan: str, when: When | None = None) -> Order:
    """A change confirmed by the service's client, who acknowledges what must be."""
    held = held_by(service.client_id, service.id)
    if held is None:
        raise LookupError(service.external_id)
    choice = Choice(plan, held.terms.cycle, when)
    seen = Seen(quote_change(held, choice, stage.on).digest, uuid4().hex, acknowledged=True)
    locale = "en" if "-en-" in service.external_id else "fr"
    return place_order(
        held.client_id, held.id, choice, seen, locale=locale, on=stage.on, at=stage.at, days_to_pay=_DAYS_TO_PAY
    )


def _paid(order: Order, stage: Stage) -> Order:
    invoice = invoice_of_order(order.id)
    if invoice is not None:
        pay(invoice.id, stage.providers, Means(next(iter(stage.providers))), stage.at)
    return order


def _wait_for_payment(service: Service, stage: Stage) -> None:
    _ordered(service, stage, "b")


def _wait_for_a_person(service: Service, stage: Stage) -> None:
    _paid(_ordered(service, stage, "c"), stage)


def _schedule(service: Service, stage: Stage) -> None:
    _ordered(service, stage, "base", When.RENEWAL)


def _refuse(service: Service, stage: Stage) -> None:
    """A lower plan at once: nothing was paid, so nothing comes back and the client has no account credit."""
    order = _ordered(service, stage, "b", When.NOW)
    reason = "The server of this plan is full." if order.locale == "en" else "Le serveur de ce forfait est complet."
    declare_impossible(order.reference, reason, STAFF, stage.on, stage.at)


def _change(service: Service, stage: Stage) -> None:
    declare_done(_paid(_ordered(service, stage, "b"), stage).reference, STAFF, stage.on, stage.at)


def _renew(service: Service, stage: Stage) -> None:
    """What is past its date was invoiced on it."""
    issue_renewal(service.id, min(stage.on, service.next_due_date or stage.on), stage.at)


def _cancel(service: Service, stage: Stage) -> None:
    request_cancellation(
        service.client_id,
        service.id,
        CancellationWhen.PERIOD_END,
        reason="",
        key=uuid4().hex,
        locale="en" if "-en-" in service.external_id else "fr",
        on=stage.on,
        at=stage.at,
    )


_DEEDS: Mapping[str, Callable[[Service, Stage], None]] = {
    "waiting-payment": _wait_for_payment,
    "waiting-person": _wait_for_a_person,
    "scheduled": _schedule,
    "refused": _refuse,
    "changed": _change,
    "unpaid-renewal": _renew,
    "overdue": _renew,
    "cancelling": _cancel,
}
"""For the end of a service's ``external_id``, the deed that brings it to its state."""
