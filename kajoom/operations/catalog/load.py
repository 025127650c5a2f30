"""Loading a host's file makes the catalogue say what the file says, in one commit; loading it again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.models.catalog import (
    Banner,
    CatalogVersion,
    Move,
    Plan,
    Price,
    ProductGroup,
    banner_rows,
    catalog_version,
    group_rows,
)
from kajoom.models.db import db
from kajoom.operations.catalog.plans import MoveEntry
from kajoom.operations.catalog.schema import CatalogFile, GroupEntry, read_catalog
from kajoom.operations.imports.report import LoadReport


def load_catalog(content: bytes, at: datetime, *, dry_run: bool = False) -> LoadReport:
    """Store what the file says and report what that changed; a ``dry_run`` reports the same and stores nothing.

    What is no longer in the file is withdrawn, never deleted: services are held on it and orders tell of it. The moves
    from a withdrawn plan stay, so that its holders can leave it. Banners that are gone are deleted.
    """
    read = read_catalog(content)
    if isinstance(read, list):
        return LoadReport(errors=read)
    report = LoadReport()
    _load_groups(read, report)
    _load_banners(read, report)
    _number(read, at, report)
    if dry_run or not report.has_changes:
        db.session.rollback()
    else:
        db.session.commit()
    return report


def _load_groups(read: CatalogFile, report: LoadReport) -> None:
    rows = {row.code: row for row in group_rows()}
    for code, entry in read.groups.items():
        place = f"groups.{code}"
        row = rows.get(code)
        if row is None:
            row = ProductGroup(code=code, **entry.columns)
            db.session.add(row)
            report.added.append(place)
        else:
            _note(place, _write(row, entry.columns), report)
        _load_plans(row, entry, place, report)
    for code in rows.keys() - read.groups.keys():
        _withdraw(rows[code], set(), f"groups.{code}", report)


def _load_plans(group: ProductGroup, entry: GroupEntry, place: str, report: LoadReport) -> None:
    rows = {row.code: row for row in group.plans}
    added = [code for code in entry.plans if code not in rows]
    for code in added:
        rows[code] = Plan(code=code, **entry.plans[code].columns)
        group.plans.append(rows[code])
    for code, plan in entry.plans.items():
        # Every part is written, whether or not an earlier one already differed.
        parts = (
            _write(rows[code], plan.columns),
            _write_prices(rows[code], plan.prices),
            _write_moves(rows[code], plan.moves, rows),
        )
        if code in added:
            report.added.append(f"{place}.plans.{code}")
        else:
            _note(f"{place}.plans.{code}", any(parts), report)
    _withdraw(group, set(entry.plans), place, report)


def _withdraw(group: ProductGroup, kept: set[str], place: str, report: LoadReport) -> None:
    for plan in group.plans:
        if plan.code not in kept:
            if plan.withdrawn:
                report.unchanged += 1
            else:
                plan.withdrawn = True
                report.withdrawn.append(f"{place}.plans.{plan.code}")


def _write(row: Any, columns: Mapping[str, Any]) -> bool:
    """Set the columns that differ; whether any did."""
    differing = {name: value for name, value in columns.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _write_prices(plan: Plan, prices: Mapping[tuple[BillingCycle, str], int]) -> bool:
    rows = {(row.cycle, row.currency): row for row in plan.prices}
    changed = [_write(rows[key], {"cents": cents}) for key, cents in prices.items() if key in rows]
    added = [Price(cycle=key[0], currency=key[1], cents=prices[key]) for key in prices if key not in rows]
    gone = [rows[key] for key in rows.keys() - prices.keys()]
    plan.prices = [row for row in plan.prices if row not in gone] + added
    return any(changed) or bool(added or gone)


def _write_moves(plan: Plan, moves: Mapping[str, MoveEntry], plans: Mapping[str, Plan]) -> bool:
    rows = {row.to_plan.code: row for row in plan.moves}
    changed = [_write(rows[code], _columns(moves[code])) for code in moves.keys() & rows.keys()]
    added = [Move(to_plan=plans[code], **_columns(moves[code])) for code in moves if code not in rows]
    gone = [rows[code] for code in rows.keys() - moves.keys()]
    plan.moves = [row for row in plan.moves if row not in gone] + added
    return any(changed) or bool(added or gone)


def _columns(move: MoveEntry) -> dict[str, Any]:
    return {"needs_person": move.needs_person, "delay": move.delay}


def _load_banners(read: CatalogFile, report: LoadReport) -> None:
    rows = {row.code: row for row in banner_rows()}
    for code, columns in read.banners.items():
        place = f"banners.{code}"
        if code in rows:
            _note(place, _write(rows[code], columns), report)
        else:
            db.session.add(Banner(code=code, **columns))
            report.added.append(place)
    for code in rows.keys() - read.banners.keys():
        db.session.delete(rows[code])
        report.withdrawn.append(f"banners.{code}")


def _number(read: CatalogFile, at: datetime, report: LoadReport) -> None:
    """Compare the seller and the offline methods, and give the catalogue a new number when anything at all changed."""
    row = catalog_version()
    if row is None:
        row = CatalogVersion(version=0, loaded_at=at, seller=read.seller, offline={})
        db.session.add(row)
        report.added.append("seller")
    else:
        _note("seller", _write(row, {"seller": read.seller}), report)
    _load_offline(row, read, report)
    if report.has_changes:
        row.version += 1
        row.loaded_at = at
    report.version = row.version


def _load_offline(row: CatalogVersion, read: CatalogFile, report: LoadReport) -> None:
    for code, texts in read.offline.items():
        place = f"payments.{code}"
        if code in row.offline:
            _note(place, row.offline[code] != texts, report)
        else:
            report.added.append(place)
    report.withdrawn += [f"payments.{code}" for code in row.offline if code not in read.offline]
    row.offline = read.offline


def _note(place: str, changed: bool, report: LoadReport) -> None:
    if changed:
        report.changed.append(place)
    else:
        report.unchanged += 1
