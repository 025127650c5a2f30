"""A plan of the host's file: what it is called, what it allows, what it costs, and which plans one may leave it for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.usage import Resource
from kajoom.operations.catalog.section import Section
from kajoom.operations.imports.cells import parse_cents

ANY = "any"
_MOST_UNITS = 1_000_000_000
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """A permitted change, and what is announced when a person must act (``None``: what the group announces)."""

    needs_person: bool
    delay: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    """A plan by its columns, its prices in cents, and the moves from it by the code of the plan moved to."""

    columns: dict[str, Any]
    prices: dict[tuple[BillingCycle, str], int]
    moves: dict[str, MoveEntry]


def plan_of(section: Section) -> PlanEntry:
    """The plan that a section describes, not yet with the moves from it."""
    columns = {
        "level": section.whole("level", 0, 1_000_000),
        "name": section.translated("name"),
        "title": section.translated("title"),
        "description": section.translated("description"),
        "features": section.translations("features"),
        "recommended": section.flag("recommended"),
        "withdrawn": section.flag("withdrawn"),
        "limits": _limits(section.section("limits")),
        "package": section.text("package"),
    }
    prices = _prices(section)
    if not prices and not columns["withdrawn"]:
        section.note("prices", "no price")
    section.close()
    return PlanEntry(columns, prices, {})


def _limits(section: Section) -> dict[str, int | None]:
    keys = [resource.value for resource in Resource if resource.value in section.table]
    limits: dict[str, int | None] = {key: section.limit(key, _MOST_UNITS) for key in keys}
    section.close()
    return limits


def _prices(plan: Section) -> dict[tuple[BillingCycle, str], int]:
    prices = {}
    for currency, section in plan.sections("prices", _CURRENCY):
        for cycle in BillingCycle:
            if cycle.value in section.table:
                prices[cycle, currency] = _cents(section, cycle)
        section.close()
    return prices


def _cents(section: Section, cycle: BillingCycle) -> int:
    key = cycle.value
    text = section.text(key)
    if not text:
        return 0
    try:
        price = parse_cents(text)
    except ValueError as error:
        section.note(key, str(error))
        return 0
    if cycle is BillingCycle.FREE and price:
        section.note(key, "what is free costs 0.00")
    return price


def permit(section: Section, plans: dict[str, PlanEntry]) -> None:
    """Permit every change that the entry names; a later entry of the file refines an earlier one."""
    needs_person = section.flag("needs_person")
    entry = MoveEntry(needs_person, section.translated("delay", required=False) or None)
    sources, targets = _named(section, "from", plans), _named(section, "to", plans)
    for source in sources:
        plans[source].moves.update(dict.fromkeys((target for target in targets if target != source), entry))
    section.close()


def _named(section: Section, key: str, plans: dict[str, PlanEntry]) -> list[str]:
    """Plans by "any", by one code or by a list of codes."""
    codes = section.texts(key) if isinstance(section.table.get(key), list) else [section.text(key)]
    if codes == [ANY]:
        return list(plans)
    for code in codes:
        if code and code not in plans:
            section.note(key, f"no plan {code!r} in this group")
    return [code for code in codes if code in plans]
