"""Import of services from a host's file: new ones are added, known ones are updated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from pydantic import BaseModel

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import add_months
from kajoom.domain.order import IMPORT
from kajoom.domain.payment_method import ALIASES, WITHOUT_PROVIDER
from kajoom.domain.usage import Resource
from kajoom.models import bulk
from kajoom.models.catalog import catalog
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.report import FileError, ImportReport
from kajoom.operations.imports.batch import ALL_OR_NOTHING, HowToImport, ImportBatch, ImportRow, Written
from kajoom.operations.imports.follow_up import FollowUp, carry_out
from kajoom.operations.imports.service_changes import UPDATED, History, change_of, remembered
from kajoom.operations.imports.service_row import ServiceRow, amount_errors, terms_errors

_DEFAULTS = {
    "label": "",
    "username": "",
    "server": "",
    "currency": "CAD",
    "quantity": 1,
    "options_cents": 0,
    "discount_cents": 0,
    "next_due_date": None,
    "invoiced_until": None,
    "usage": None,
}
_RESOURCES = tuple(resource.value for resource in Resource)
_FROM_FILE = ("external_id", "status", "cycle", "currency", "quantity", "next_due_date", *UPDATED)


@dataclass(frozen=True, slots=True)
class ServiceImport:
    """How services are imported: on which day and at which instant, by whom, and whether ``with_terms`` of the file.

    With ``with_terms``, terms of the file that differ from ours apply from the next period of the service.
    """

    on: date
    at: datetime
    actor: str = IMPORT
    with_terms: bool = False
    batch: HowToImport = ALL_OR_NOTHING


@dataclass(frozen=True, slots=True)
class _Prices:
    """What of the catalogue the rows are checked against.

    ``plans`` are the ids of plans by group and code, ``highest`` the highest price in a currency that a service of a
    group may come to, and ``servers`` the names of the servers.
    """

    plans: Mapping[tuple[str, str], int]
    highest: Mapping[tuple[str, str], int]
    servers: Collection[str] = ()

    @property
    def codes(self) -> dict[int, str]:
        """Each plan as "group/plan", by its id."""
        return {plan_id: "/".join(codes) for codes, plan_id in self.plans.items()}


def import_services(rows: Iterable[Row | FileError], how: ServiceImport) -> ImportReport:
    """Add and update the services of a file: all of them or, with any error and without ``skip_errors``, none.

    What the file decides of a known service is in ``service_changes``; what it says otherwise is kept as it is here
    and is a difference of the report. A service that the file ends, or whose terms apply from the next period, is
    changed in a transaction of its own after its batch is written; an import that is interrupted does the rest when it
    is run again. A service never moves to another client. Payment methods are those of the catalogue.
    """
    in_force = catalog()
    return ImportBatch(_Services(how, _prices(in_force), _methods(in_force)), how.batch).run(rows)


def _methods(in_force: Catalog) -> dict[str, str]:
    """The methods that a service may have, by their codes, their labels, and the names that other systems use."""
    methods = {code: method for code, method in in_force.payment_methods.items() if method.is_assignable}
    codes = {code.replace("-", "_"): code for code in methods}
    aliases = {alias: code for alias, code in ALIASES.items() if code in methods}
    labels = {label.lower(): code for code, method in methods.items() for label in method.label.values()}
    return {**codes, **aliases, **labels, **codes}


def _prices(in_force: Catalog) -> _Prices:
    currencies = {currency for plan in in_force.plans.values() for _, currency in plan.prices}
    highest = {(group, each): in_force.highest_price(group, each) for group in in_force.groups for each in currencies}
    return _Prices({(plan.group, plan.code): plan.id for plan in in_force.plans.values()}, highest, in_force.servers)


@dataclass(frozen=True, slots=True)
class _Facts:
    """The clients of the rows by the names that rows use, their services, and the labels of the services of add-ons."""

    clients: Mapping[str, int]
    known: Mapping[str, Mapping[str, Any]]
    labels: Mapping[str, str]


@dataclass(slots=True)
class _Services:
    """The import of services (``Importer``)."""

    how: ServiceImport
    prices: _Prices
    context: Any
    model: type[BaseModel] = ServiceRow
    unique: tuple[str, ...] = ("external_id",)

    def read(self, records: Sequence[ImportRow]) -> _Facts:
        parents = {record.values.get("parent", "") for record in records}
        return _Facts(
            bulk.client_ids({record.values["client"] for record in records}),
            bulk.services_by_external_id([record.values["external_id"] for record in records]),
            bulk.service_labels(parents - {""}),
        )

    def errors(self, values: Mapping[str, Any], facts: _Facts) -> Iterator[tuple[str, str]]:
        row = facts.known.get(values["external_id"])
        return _errors(values, row, facts.clients, self.prices, self.how.on)

    def notes(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        if values["payment_method"] in WITHOUT_PROVIDER:
            yield "payment_method", f"{values['payment_method']} is not taken here: the client pays another way"

    def write(self, records: Sequence[ImportRow], facts: _Facts) -> Written:
        for record in records:
            if record.values.get("parent") and not record.values.get("label"):
                record.values["label"] = facts.labels.get(record.values["parent"], "")
        new = [record for record in records if record.values["external_id"] not in facts.known]
        bulk.add_services([_new(record.values, facts.clients, self.prices) for record in new])
        written = _update(records, facts.known, self.prices, self.how)
        written.added = len(new)
        return written


def _new(values: Mapping[str, Any], clients: Mapping[str, int], prices: _Prices) -> dict[str, Any]:
    columns = _columns(values, None, prices.plans)
    return {**columns, "client_id": clients[values["client"]], "imported": remembered(columns)}


def _update(
    records: Sequence[ImportRow], known: Mapping[str, Mapping[str, Any]], prices: _Prices, how: ServiceImport
) -> Written:
    """Write what the file changes of the known services."""
    ids = [row["id"] for row in known.values()]
    history = bulk.services_with_history(ids)
    changing = bulk.services_with_open_order(ids) if how.with_terms else set()
    codes, columns_by_id, written = prices.codes, {}, Written()
    for record in records:
        row = known.get(record.values["external_id"])
        if row is None:
            continue
        columns = _columns(record.values, row, prices.plans)
        past = History(row["id"] in history, row["id"] in changing)
        change = change_of(columns, row, past, codes, with_terms=how.with_terms)
        written.differences += [(record.line, place, text) for place, text in change.kept]
        if change.columns:
            columns_by_id[row["id"]] = {**change.columns, "version": row["version"]}
        if change.ends or change.terms:
            follow_up = FollowUp(record.line, row["id"], change.ends, change.terms)
            written.follow_ups.append(partial(carry_out, follow_up, how.actor, how.on, how.at))
        written.changed += change.is_change
    bulk.write_services(columns_by_id)
    return written


def _errors(
    values: Mapping[str, Any],
    row: Mapping[str, Any] | None,
    clients: Mapping[str, int],
    prices: _Prices,
    on: date,
) -> Iterator[tuple[str, str]]:
    """The place and reason of what is wrong with a service whose cells are each valid."""
    client_id = clients.get(values["client"])
    if client_id is None:
        yield "client", f"unknown client: {values['client']}"
    elif row is not None and row["client_id"] != client_id:
        yield "client", "the service is already another client's"
    if (values["group"], values["plan"]) not in prices.plans:
        yield "plan", f"unknown plan: {values['group']}/{values['plan']}"
    if values.get("server") and values["server"] not in prices.servers:
        yield "server", f"no server {values['server']!r} in the catalogue"
    if values["registered_on"] > on:
        yield "registered_on", f"{values['registered_on']} is in the future"
    yield from terms_errors(values)
    yield from amount_errors(values, prices.highest, on)


def _columns(
    values: Mapping[str, Any], row: Mapping[str, Any] | None, plans: Mapping[tuple[str, str], int]
) -> dict[str, Any]:
    """The columns of the service: those of the file, over those of its ``row`` or, for a new service, the defaults.

    Columns that the file does not have keep the terms of the periods to come where the file has set them before.
    """
    from_file = {name: values[name] for name in _FROM_FILE if name in values}
    stored = row or _DEFAULTS
    if row and row["next_terms"]:
        stored = {**row, **row["next_terms"]}
    columns = {**{name: stored[name] for name in _DEFAULTS}, **from_file}
    if paid := values.get("paid_until"):
        columns |= _paid(paid, columns)
    if not values["cycle"].months:
        columns["next_due_date"] = None  # an export may have a date although nothing recurs
    if usage := {name: values[name] for name in _RESOURCES if name in values}:
        columns["usage"] = usage if any(amount is not None for amount in usage.values()) else None
    columns["plan_id"] = plans[values["group"], values["plan"]]
    columns |= {f"{name}_cents": values[name] for name in ("recurring", "options", "discount") if name in values}
    columns["anchor_day"] = _anchor(values, columns, row)
    return columns


def _paid(paid_until: date, columns: Mapping[str, Any]) -> dict[str, date | None]:
    """The first day not paid for, and until when the other system has invoiced where its due date is later."""
    due, invoiced = columns["next_due_date"], columns["invoiced_until"]
    until = max((day for day in (due, invoiced) if day), default=None)
    return {"next_due_date": paid_until, "invoiced_until": until if until and until > paid_until else invoiced}


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
