"""Load of a host's catalogue file into the database, in one commit; loading it again changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kajoom.domain.money import Money
from kajoom.models.catalog import (
    Banner,
    CatalogVersion,
    catalog_version,
)
from kajoom.models.catalog_rows import banner_rows, group_rows
from kajoom.models.db import db
from kajoom.models.service import largest_quantities, servers_in_use
from kajoom.operations.catalog.file_schema import CatalogFile
from kajoom.operations.catalog.group_moves import moves_between_groups
from kajoom.operations.catalog.load_groups import load_groups, update
from kajoom.operations.catalog.read import read_catalog
from kajoom.operations.catalog.schema import GroupEntry, Table
from kajoom.operations.catalog.server_schema import PANELS
from kajoom.operations.files.amounts import MAX_CENTS
from kajoom.operations.files.report import FileError, LoadReport
from kajoom.operations.transaction import end_of_load


def load_catalog(
    content: bytes,
    at: datetime,
    *,
    folder: Path | None = None,
    dry_run: bool = False,
    panels: Collection[str] = PANELS,
) -> LoadReport:
    """Store a catalogue file and report what changed; a ``dry_run`` reports the same and stores nothing.

    ``folder`` is where the file lies, ``panels`` what a server may have. A server stays in it while services are on it.

    A plan that is no longer in the file is withdrawn, never deleted: services and orders refer to it. The moves from
    a withdrawn plan stay, so that its clients can leave it. A banner that is no longer in the file is deleted.
    """
    catalog = read_catalog(content, panels, folder)
    if isinstance(catalog, list):
        return LoadReport(errors=catalog)
    errors = [*_amount_errors(catalog), *_server_errors(catalog)]
    if errors:
        return LoadReport(errors=errors)
    report = LoadReport()
    load_groups(catalog, report)
    _load_banners(catalog, report)
    _load_version(catalog, at, report)
    end_of_load(is_written=report.has_changes and not dry_run)
    return report


def _amount_errors(catalog: CatalogFile) -> Iterator[FileError]:
    """Prices that would be too large for an invoice at the largest quantity of a service that may have them."""
    codes = {row.id: row.code for row in group_rows()}
    moves = moves_between_groups(catalog.moves, catalog.groups)
    for (group_id, currency), quantity in largest_quantities().items():
        others = {target[0] for source, targets in moves.items() if source[0] == codes[group_id] for target in targets}
        for code in (codes[group_id], *sorted(others)):
            for plan, amount in _highest_prices(catalog.groups.get(code), currency):
                if amount * quantity > MAX_CENTS:
                    reason = (
                        f"{Money(amount)} at {quantity}, the largest quantity of a service, is over {Money(MAX_CENTS)}"
                    )
                    yield FileError(None, f"groups.{code}.plans.{plan}.prices.{currency}", reason)


def _server_errors(catalog: CatalogFile) -> Iterator[FileError]:
    """Servers that services are on and that the file does not have."""
    for name, count in servers_in_use().items():
        if name not in catalog.servers:
            yield FileError(None, f"servers.{name}", f"missing: it is the server of {count} services")


def _highest_prices(group: GroupEntry | None, currency: str) -> Iterator[tuple[str, int]]:
    """The highest price in cents of each plan that a group sells in a currency."""
    for code, plan in group.plans.items() if group is not None else ():
        prices = [cents for (_, sold_in), cents in plan.cents().items() if sold_in == currency]
        if prices:
            yield code, max(prices)


def _load_banners(catalog: CatalogFile, report: LoadReport) -> None:
    rows = {row.code: row for row in banner_rows()}
    for code, entry in catalog.banners.items():
        place = f"banners.{code}"
        if code in rows:
            report.note(place, is_changed=update(rows[code], entry.model_dump()))
        else:
            db.session.add(Banner(code=code, **entry.model_dump()))
            report.added.append(place)
    for code in rows.keys() - catalog.banners.keys():
        db.session.delete(rows[code])
        report.withdrawn.append(f"banners.{code}")


def _load_version(catalog: CatalogFile, at: datetime, report: LoadReport) -> None:
    """Store the seller, the staff and the offline methods, and give the catalogue a new number if anything changed."""
    columns = {"seller": catalog.seller.columns(), "staff": catalog.staff.model_dump(exclude_none=True)}
    row = catalog_version()
    if row is None:
        row = CatalogVersion(version=0, loaded_at=at, offline={}, servers={}, **columns)
        db.session.add(row)
        report.added += columns
    else:
        for name, value in columns.items():
            report.note(name, is_changed=update(row, {name: value}))
    offline = {code: {"label": {}, **entry.model_dump(exclude_none=True)} for code, entry in catalog.payments.items()}
    _load_entries(row, "offline", "payments", offline, report)
    servers = {name: entry.columns() for name, entry in catalog.servers.items()}
    _load_entries(row, "servers", "servers", servers, report)
    limits = {code: entry.model_dump() for code, entry in catalog.limits.items()}
    _load_entries(row, "limits", "limits", limits, report)
    _load_optional(row, "numbering", "invoices", catalog.invoices, report)
    _load_optional(row, "billing", "billing", catalog.billing, report)
    if report.has_changes:
        row.version += 1
        row.loaded_at = at
    report.version = row.version


def _load_entries(
    row: CatalogVersion, column: str, place: str, entries: dict[str, dict[str, Any]], report: LoadReport
) -> None:
    """Store the entries of a table of the file by their names; ``place`` is the table's name in the file."""
    before = getattr(row, column) or {}
    for name, columns in entries.items():
        if name in before:
            report.note(f"{place}.{name}", is_changed=before[name] != columns)
        else:
            report.added.append(f"{place}.{name}")
    report.withdrawn += [f"{place}.{name}" for name in before if name not in entries]
    setattr(row, column, entries)


def _load_optional(row: CatalogVersion, column: str, place: str, entry: Table | None, report: LoadReport) -> None:
    """Store a table that a file may go without, in a column of its own."""
    before, after = getattr(row, column) or {}, _json(entry.model_dump()) if entry else {}
    if not before and after:
        report.added.append(place)
    elif before and not after:
        report.withdrawn.append(place)
    elif after:
        report.note(place, is_changed=before != after)
    setattr(row, column, after)


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON has them: its dates are texts."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
