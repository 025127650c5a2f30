"""Limits that a host names itself, in its catalogue file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import StrictBool

from kajoom.domain.usage import Resource, Unit
from kajoom.operations.catalog.schema import Table, Translated

_BUILT_IN = tuple(resource.value for resource in Resource)


class LimitEntry(Table):
    """The name of a limit and what it counts; with ``check`` a plan that lowers it needs a person."""

    name: Translated
    unit: Unit = Unit.COUNT
    check: StrictBool = True


def limit_errors(groups: Mapping[str, Mapping[str, Any]], own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Limits of plans that the file does not name, names of built-in ones, and plans that leave a limit out.

    A built-in limit that a plan leaves out is unlimited. One of the host's own is not: a page would promise it.
    """
    yield from ((f"limits.{code}", "the name of a built-in limit") for code in own if code in _BUILT_IN)
    for code, group in groups.items():
        plans = {plan: _limits_of(entry) for plan, entry in _table(group.get("plans")).items()}
        used = [name for name in own if any(name in limits for limits in plans.values())]
        for plan, limits in plans.items():
            place = f"groups.{code}.plans.{plan}.limits"
            for name in limits:
                if name not in _BUILT_IN and name not in own:
                    yield f"{place}.{name}", f"unknown limit; one of {', '.join((*_BUILT_IN, *own))}, or of [limits]"
            yield from (
                (place, f"{name} is missing: other plans of the group have it") for name in used if name not in limits
            )


def _limits_of(plan: Any) -> dict[str, Any]:
    return _table(_table(plan).get("limits"))


def _table(value: Any) -> dict[str, Any]:
    """A table; what is none counts as an empty one (the schema reports it)."""
    return value if isinstance(value, dict) else {}
