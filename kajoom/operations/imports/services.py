"""Services are taken in from a host's file: those unknown are added, those known are brought up to date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import add_months
from kajoom.domain.money import Money
from kajoom.domain.usage import Resource
from kajoom.models import bulk
from kajoom.models.catalog import catalog
from kajoom.operations.imports.batch import ImportBatch, ImportRow
from kajoom.operations.imports.columns import (
    CYCLES,
    STATUSES,
    Column,
    cents,
    currency,
    day,
    one_of,
    text,
    whole,
)
from kajoom.operations.imports.csv_file import Row
from kajoom.operations.imports.report import FileError, ImportReport

SERVICE_COLUMNS: Mapping[str, Column] = {
    "external_id": Column(text(80), required=True),
    "client": Column(text(254), required=True),
    "group": Column(text(40), required=True),
    "plan": Column(text(40), required=True),
    "label": Column(text()),
    "username": Column(text(80)),
    "status": Column(one_of(STATUSES), required=True),
    "cycle": Column(one_of(CYCLES), required=True),
    "currency": Column(currency, default="CAD"),
    "recurring": Column(cents, required=True),
    "quantity": Column(whole(1, 1_000_000), default=1),
    "registered_on": Column(day, required=True),
    "next_due_date": Column(day, default=None),
    "anchor_day": Column(whole(1, 31), default=None),
    "payment_method": Column(text(40), required=True),
    **{resource.value: Column(whole(0), default=None) for resource in Resource},
}
"""The columns of a host's services; the payment methods are those of the catalogue in force."""

_FILE_WINS = ("label", "username", "status", "registered_on", "payment_method", "usage")
_TERMS = ("plan_id", "cycle", "currency", "recurring_cents", "quantity", "next_due_date", "anchor_day")
_ABSENT = {"label": "", "username": "", "currency": "CAD", "quantity": 1, "next_due_date": None, "usage": None}


def import_services(rows: Iterable[Row | FileError], *, dry_run: bool = False) -> ImportReport:
    """Add and bring up to date the services of a file, all of it or, with any fault or on a ``dry_run``, nothing.

    The file wins for what a service is called, its status, its registration, its payment method and its usage. Its
    terms (plan, cycle, recurring amount, quantity, due date and anchor) are taken from the file only while the house
    has had no hand in them: once there is an order or an invoice of ours on the service, ours are the true ones. A
    service never changes hands. A recurring amount is for the whole quantity, before tax.
    """
    load = catalog()
    batch = ImportBatch(_columns_for(load), ("external_id",))
    plans = {(plan.group, plan.code): plan.id for plan in load.plans.values()}
    for records in batch.batches(rows):
        _take(records, batch, plans)
    return batch.finish(dry_run=dry_run)


def _columns_for(load: Catalog) -> Mapping[str, Column]:
    """The columns, with the payment methods that a service may have under this catalogue, in any case or spacing."""
    methods = {code.replace("-", "_"): code for code, method in load.payment_methods.items() if method.is_assignable}
    return {**SERVICE_COLUMNS, "payment_method": Column(one_of(methods), required=True)}


def _take(records: list[ImportRow], batch: ImportBatch, plans: Mapping[tuple[str, str], int]) -> None:
    clients = bulk.client_ids({_holder(record.values) for record in records})
    known = bulk.services_by_external_id([record.values["external_id"] for record in records])
    for record in records:
        row = known.get(record.values["external_id"])
        for place, reason in _errors(record.values, row, clients, plans):
            batch.error(record.line, place, reason)
    if batch.has_errors:
        return
    history = bulk.services_with_history([row["id"] for row in known.values()])
    added, changes = [], {}
    for record in records:
        row = known.get(record.values["external_id"])
        columns = _columns(record.values, row, plans)
        if row is None:
            added.append({**columns, "client_id": clients[_holder(record.values)]})
        elif changed := _changed(columns, row, history):
            changes[row["id"]] = changed
    bulk.add_services(added)
    bulk.write_services(changes)
    batch.count(len(records), len(added), len(changes))


def _holder(values: Mapping[str, Any]) -> str:
    """The client as the file names them; an address is compared in small letters."""
    name: str = values["client"]
    return name.lower() if "@" in name else name


def _errors(
    values: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    clients: Mapping[str, int],
    plans: Mapping[tuple[str, str], int],
) -> Iterator[tuple[str, str]]:
    """What is wrong with a service whose cells are each as they must be."""
    client_id = clients.get(_holder(values))
    if client_id is None:
        yield "client", f"unknown client: {values['client']}"
    elif row is not None and row["client_id"] != client_id:
        yield "client", "the service is already another client's"
    if (values["group"], values["plan"]) not in plans:
        yield "plan", f"unknown plan: {values['group']}/{values['plan']}"
    if values["registered_on"] is None:
        yield "registered_on", "empty"
    yield from _terms_errors(values)


def _terms_errors(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    cycle, due, anchor = values["cycle"], values.get("next_due_date"), values.get("anchor_day")
    if not cycle.months:
        if cycle is CYCLES["free"] and values["recurring"]:
            yield "recurring", f"what is free costs 0.00, not {Money(values['recurring'])}"
    elif due is None:
        if values["recurring"]:
            yield "next_due_date", "empty, and the service is paid each cycle"
    elif anchor and add_months(due, 0, anchor) != due:
        yield "anchor_day", f"{due} is not the day {anchor} of its month, nor its last"


def _columns(
    values: Mapping[str, Any], row: Mapping[str, Any] | None, plans: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """The row of the service that the file describes; what it says nothing of is as it was, or as it begins."""
    named = {name: values[name] for name in (*_FILE_WINS, *_TERMS, "external_id") if name in values}
    begun = {name: row[name] if row else value for name, value in _ABSENT.items()}
    columns = {**begun, **named}
    if not values["cycle"].months:
        columns["next_due_date"] = None  # nothing recurs, whatever day the export gives
    if used := {resource.value: values[resource.value] for resource in Resource if resource.value in values}:
        columns["usage"] = used if any(amount is not None for amount in used.values()) else None
    columns["plan_id"] = plans[values["group"], values["plan"]]
    columns["recurring_cents"] = values["recurring"]
    columns["anchor_day"] = _anchor(values, columns, row)
    return columns


def _anchor(values: Mapping[str, Any], columns: Mapping[str, Any], row: Mapping[str, Any] | None) -> int:
    """The day due dates fall on: the file's, ours, that of registration where it explains the due date, or its own.

    A service of the 31st, due on 28 February, is next due on 31 March.
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
    ours = row["id"] in history
    names = _FILE_WINS if ours else (*_FILE_WINS, *_TERMS)
    return {name: columns[name] for name in names if columns[name] != row[name]}
