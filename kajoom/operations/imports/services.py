"""Import of services from a host's file: new ones are added, known ones are updated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, PlainValidator, ValidationInfo

from kajoom.domain.cycle import BillingCycle, add_months
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus
from kajoom.domain.usage import Resource
from kajoom.models import bulk
from kajoom.models.catalog import catalog
from kajoom.operations.email_address import parse_email
from kajoom.operations.files.cells import (
    CYCLES,
    STATUSES,
    Cents,
    Code,
    Currency,
    Day,
    Name,
    Text,
    Usage,
    one_of,
    whole_number,
)
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.report import FileError, ImportReport
from kajoom.operations.imports.batch import ImportBatch, ImportRow


def _client_key(cell: str) -> str:
    """The client's external id, or the e-mail address as it is stored."""
    if "@" not in cell:
        return cell
    try:
        return cell.lower() if cell.isascii() else parse_email(cell)
    except ValueError:
        return cell.lower()


def _parse_payment_method(cell: str, info: ValidationInfo[Mapping[str, str]]) -> Any:
    return one_of(info.context)(cell)


class ServiceRow(BaseModel):
    """A row of a host's services: each field is a column, and ``client`` an external id or an e-mail address.

    ``recurring`` is for the whole quantity, before tax. The validation context holds the payment methods that a
    service may have, by the names that cells may use.
    """

    external_id: Name
    client: Annotated[str, Field(max_length=254), AfterValidator(_client_key)]
    group: Code
    plan: Code
    label: Text = ""
    username: Name = ""
    status: Annotated[ServiceStatus, PlainValidator(one_of(STATUSES))]
    cycle: Annotated[BillingCycle, PlainValidator(one_of(CYCLES))]
    currency: Currency = "CAD"
    recurring: Cents
    quantity: Annotated[int, whole_number(1, 1_000_000)] = 1
    registered_on: Day
    next_due_date: Day | None = None
    anchor_day: Annotated[int | None, whole_number(1, 31)] = None
    payment_method: Annotated[str, PlainValidator(_parse_payment_method)]
    disk_mb: Usage = None
    mailboxes: Usage = None
    databases: Usage = None


_UPDATED = ("label", "username", "status", "registered_on", "payment_method", "usage")
_TERMS = ("plan_id", "cycle", "currency", "recurring_cents", "quantity", "next_due_date", "anchor_day")
_DEFAULTS = {"label": "", "username": "", "currency": "CAD", "quantity": 1, "next_due_date": None, "usage": None}


def import_services(rows: Iterable[Row | FileError], *, dry_run: bool = False) -> ImportReport:
    """Add and update the services of a file: all of them or, with any error or on a ``dry_run``, none.

    The file wins for a service's label, user name, status, registration date, payment method and usage. Its terms
    (plan, cycle, recurring amount, quantity, due date and anchor) are taken from the file only until the service has
    an order or an invoice here; after that, those of the database are the right ones. A service never moves to
    another client. Payment methods are those of the catalogue in force.
    """
    in_force = catalog()
    methods = {
        code.replace("-", "_"): code for code, method in in_force.payment_methods.items() if method.is_assignable
    }
    batch = ImportBatch(ServiceRow, ("external_id",), methods)
    plans = {(plan.group, plan.code): plan.id for plan in in_force.plans.values()}
    for records in batch.batches(rows):
        _import_batch(records, batch, plans)
    return batch.finish(dry_run=dry_run)


def _import_batch(records: list[ImportRow], batch: ImportBatch, plans: Mapping[tuple[str, str], int]) -> None:
    clients = bulk.client_ids({record.values["client"] for record in records})
    known = bulk.services_by_external_id([record.values["external_id"] for record in records])
    for record in records:
        row = known.get(record.values["external_id"])
        for place, reason in _errors(record.values, row, clients, plans):
            batch.add_error(record.line, place, reason)
    if batch.has_errors:
        return
    history = bulk.services_with_history([row["id"] for row in known.values()])
    added, changes = [], {}
    for record in records:
        row = known.get(record.values["external_id"])
        columns = _columns(record.values, row, plans)
        if row is None:
            added.append({**columns, "client_id": clients[record.values["client"]]})
        elif changed := _changed(columns, row, history):
            changes[row["id"]] = changed
    bulk.add_services(added)
    bulk.write_services(changes)
    batch.count(len(records), len(added), len(changes))


def _errors(
    values: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    clients: Mapping[str, int],
    plans: Mapping[tuple[str, str], int],
) -> Iterator[tuple[str, str]]:
    """The place and reason of what is wrong with a service whose cells are each valid."""
    client_id = clients.get(values["client"])
    if client_id is None:
        yield "client", f"unknown client: {values['client']}"
    elif row is not None and row["client_id"] != client_id:
        yield "client", "the service is already another client's"
    if (values["group"], values["plan"]) not in plans:
        yield "plan", f"unknown plan: {values['group']}/{values['plan']}"
    yield from _terms_errors(values)


def _terms_errors(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cycle, due, anchor = values["cycle"], values.get("next_due_date"), values.get("anchor_day")
    if not cycle.months:
        if cycle is BillingCycle.FREE and values["recurring"]:
            yield "recurring", f"what is free costs 0.00, not {Money(values['recurring'])}"
    elif due is None:
        if values["recurring"]:
            yield "next_due_date", "empty, and the service is paid each cycle"
    elif anchor and add_months(due, 0, anchor) != due:
        yield "anchor_day", f"{due} is not the day {anchor} of its month, nor its last"


def _columns(
    values: Mapping[str, Any], row: Mapping[str, Any] | None, plans: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """The columns of the service: those of the file, over those of its ``row`` or, for a new service, the defaults."""
    from_file = {name: values[name] for name in (*_UPDATED, *_TERMS, "external_id") if name in values}
    columns = {**{name: row[name] if row else default for name, default in _DEFAULTS.items()}, **from_file}
    if not values["cycle"].months:
        columns["next_due_date"] = None  # an export may have a date although nothing recurs
    if usage := {resource.value: values[resource.value] for resource in Resource if resource.value in values}:
        columns["usage"] = usage if any(amount is not None for amount in usage.values()) else None
    columns["plan_id"] = plans[values["group"], values["plan"]]
    columns["recurring_cents"] = values["recurring"]
    columns["anchor_day"] = _anchor(values, columns, row)
    return columns


def _anchor(values: Mapping[str, Any], columns: Mapping[str, Any], row: Mapping[str, Any] | None) -> int:
    """The day of the month (1-31) on which due dates fall.

    It is the file's; else the one stored, or the day of registration, if the due date can fall on it; else the due
    date's own day. The anchor of a service due on 28 February may be 31: it is then next due on 31 March.
    """
    due, registered = columns["next_due_date"], values["registered_on"]
    if anchor := values.get("anchor_day"):
        return int(anchor)
    if due is None:
        return int(registered.day)
    for anchor in (row["anchor_day"] if row else 0, registered.day):
        if anchor and add_months(due, 0, anchor) == due:
            return int(anchor)
    return int(due.day)


def _changed(columns: Mapping[str, Any], row: Mapping[str, Any], history: Collection[int]) -> dict[str, Any]:
    names = _UPDATED if row["id"] in history else (*_UPDATED, *_TERMS)
    return {name: columns[name] for name in names if columns[name] != row[name]}
