"""Load of the groups of a catalogue file: their plans and prices, then the moves between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.models.catalog import Move, Plan, Price, ProductGroup
from kajoom.models.catalog_rows import group_rows
from kajoom.models.db import db
from kajoom.operations.catalog.file_schema import CatalogFile
from kajoom.operations.catalog.group_moves import GroupMoveEntry, PlanKey, moves_between_groups
from kajoom.operations.catalog.schema import GroupEntry, MoveEntry
from kajoom.operations.files.report import LoadReport

AnyMove = MoveEntry | GroupMoveEntry


@dataclass(frozen=True, slots=True)
class _LoadedPlan:
    """A plan of the file that is stored but for its moves; ``changed`` is ``None`` for one that was added."""

    key: PlanKey
    row: Plan
    changed: bool | None


def load_groups(catalog: CatalogFile, report: LoadReport) -> None:
    """Store the groups of a file; what left it is withdrawn, with the moves from it.

    Moves are last, because those between two groups lead to plans that are added after the plans they start from.
    """
    rows = {row.code: row for row in group_rows()}
    plans = [
        plan for code, entry in catalog.groups.items() for plan in _load_group(rows.get(code), code, entry, report)
    ]
    _load_moves(plans, catalog, report)
    for code in rows.keys() - catalog.groups.keys():
        _withdraw(rows[code], set(), f"groups.{code}", report)


def update(row: Any, columns: Mapping[str, Any]) -> bool:
    """Set the columns that differ; whether any did."""
    differing = {name: value for name, value in columns.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def _load_group(row: ProductGroup | None, code: str, entry: GroupEntry, report: LoadReport) -> Iterator[_LoadedPlan]:
    place = f"groups.{code}"
    columns = entry.model_dump(include={"name", "charge", "delay", "on_end", "icon"})
    if row is None:
        row = ProductGroup(code=code, **columns)
        db.session.add(row)
        report.added.append(place)
    else:
        report.note(place, is_changed=update(row, columns))
    yield from _load_plans(row, entry)
    _withdraw(row, set(entry.plans), place, report)


def _load_plans(group: ProductGroup, entry: GroupEntry) -> Iterator[_LoadedPlan]:
    rows = {row.code: row for row in group.plans}
    for code, plan in entry.plans.items():
        columns = {**plan.model_dump(exclude={"prices"}), "features": entry.features_of(plan)}
        row = rows.get(code)
        if row is None:
            row, changed = Plan(code=code, **columns), None
            group.plans.append(row)
            _update_prices(row, plan.cents())
        else:
            # Both, so that the prices are written even when the columns have changed.
            changed = bool(update(row, columns) | _update_prices(row, plan.cents()))
        yield _LoadedPlan((group.code, code), row, changed)


def _load_moves(plans: list[_LoadedPlan], catalog: CatalogFile, report: LoadReport) -> None:
    rows = {plan.key: plan.row for plan in plans}
    own = {code: entry.moves_by_plan() for code, entry in catalog.groups.items()}
    others = moves_between_groups(catalog.moves, catalog.groups)
    for plan in plans:
        group, code = plan.key
        moves: dict[PlanKey, AnyMove] = {(group, target): move for target, move in own[group][code].items()}
        moves |= others.get(plan.key, {})
        is_changed = _update_moves(plan.row, {rows[key]: move for key, move in moves.items()})
        place = f"groups.{group}.plans.{code}"
        if plan.changed is None:
            report.added.append(place)
        else:
            report.note(place, is_changed=is_changed or plan.changed)


def _withdraw(group: ProductGroup, listed: set[str], place: str, report: LoadReport) -> None:
    for plan in group.plans:
        if plan.code not in listed:
            if plan.withdrawn:
                report.unchanged += 1
            else:
                plan.withdrawn = True
                report.withdrawn.append(f"{place}.plans.{plan.code}")


def _update_prices(plan: Plan, prices: Mapping[tuple[BillingCycle, str], int]) -> bool:
    rows = {(row.cycle, row.currency): row for row in plan.prices}
    changed = [update(rows[key], {"cents": cents}) for key, cents in prices.items() if key in rows]
    added = [Price(cycle=key[0], currency=key[1], cents=prices[key]) for key in prices if key not in rows]
    removed = [rows[key] for key in rows.keys() - prices.keys()]
    plan.prices = [row for row in plan.prices if row not in removed] + added
    return any(changed) or bool(added or removed)


def _update_moves(plan: Plan, moves: Mapping[Plan, AnyMove]) -> bool:
    rows = {row.to_plan: row for row in plan.moves}
    columns = {target: move.model_dump(include={"needs_person", "delay"}) for target, move in moves.items()}
    changed = [update(rows[target], columns[target]) for target in columns.keys() & rows.keys()]
    added = [Move(to_plan=target, **columns[target]) for target in columns if target not in rows]
    removed = [rows[target] for target in rows.keys() - columns.keys()]
    plan.moves = [row for row in plan.moves if row not in removed] + added
    return any(changed) or bool(added or removed)
