"""Compare the resources a service uses with the limits of a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any


class Resource(StrEnum):
    """The limited resources: disk space in megabytes, number of mailboxes, number of databases."""

    DISK = "disk_mb"
    MAILBOXES = "mailboxes"
    DATABASES = "databases"


class OwnLimit(str):
    """A limit that the host names in its catalogue ("vcpus"), with its name in both languages and its unit.

    Its use is not reported, so a plan that lowers a ``checked`` one needs a person.
    """

    name: Mapping[str, str]
    unit: Unit
    checked: bool

    def __new__(cls, code: str, name: Mapping[str, str], unit: str = "count", checked: bool = True) -> OwnLimit:
        """A limit by its code."""
        limit = super().__new__(cls, code)
        limit.name, limit.unit, limit.checked = name, Unit(unit), checked
        return limit


class Unit(StrEnum):
    """What an amount of a limit counts."""

    COUNT = "count"
    MEGABYTES = "megabytes"
    GIGABYTES = "gigabytes"


def own_limits(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, OwnLimit]:
    """The limits of the host's own by their codes, as the catalogue stores them."""
    return {code: OwnLimit(code, each["name"], each["unit"], each["check"]) for code, each in stored.items()}


Amounts = Mapping[str, int | None]
"""An amount for each resource. ``None`` means unlimited in a plan's limits and unknown in a usage."""


MEASURED_FOR = timedelta(days=7)
"""How long what a panel measured is believed: a server that cannot be read for longer leaves the usage unknown."""


def is_believed(measured_on: date | None, on: date) -> bool:
    """Whether a measure of the day ``measured_on``, if there is one, still counts on the day ``on``."""
    return measured_on is not None and on - measured_on <= MEASURED_FOR


def combined_usage(reported: Amounts | None, measured: Amounts | None) -> dict[str, int | None] | None:
    """The usage of a service: what its panel measured of each resource, else what the host's file reported of it."""
    known = {resource: amount for resource, amount in (measured or {}).items() if amount is not None}
    return {**(reported or {}), **known} or None


@dataclass(frozen=True, slots=True)
class Excess:
    """A resource whose usage is over the plan's limit."""

    resource: Resource
    used: int
    allowed: int

    @property
    def to_free(self) -> int:
        """How much the client must free before moving to the plan."""
        return self.used - self.allowed


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a usage fits a plan: the resources ``over`` the limit; ``known`` is false when a usage is missing."""

    over: tuple[Excess, ...]
    known: bool


def fit(used: Amounts | None, limits: Amounts, current_limits: Amounts | None = None) -> Fit:
    """Compare a usage (``None``: not reported by the panel) with a plan's limits; a usage equal to the limit fits.

    ``current_limits`` are those of the current plan: the usage of a resource whose limit does not decrease need not
    be known.
    """
    over, known = [], True
    for resource in Resource:
        allowed = limits.get(resource)
        if allowed is None:
            continue
        amount = (used or {}).get(resource)
        if amount is None:
            known = known and _is_not_lowered(current_limits, resource, allowed)
        elif amount > allowed:
            over.append(Excess(resource, amount, allowed))
    return Fit(tuple(over), known and not _lowers_own_limit(limits, current_limits or {}))


def _lowers_own_limit(limits: Amounts, before: Amounts) -> bool:
    """Whether a limit of the host's own, of which the use matters and is unknown, is lower than before."""
    checked = (limit for limit in limits if isinstance(limit, OwnLimit) and limit.checked)
    return any(
        (allowed := limits[limit]) is not None and not _is_not_lowered(before, limit, allowed) for limit in checked
    )


def _is_not_lowered(current_limits: Amounts | None, resource: str, allowed: int) -> bool:
    before = (current_limits or {}).get(resource)
    return before is not None and before <= allowed


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit before and after a change of plan; ``None`` is unlimited for a limit and unknown for ``used``.

    One that ``is_new`` is of another group, whose plans have it and the current plan's group does not.
    """

    resource: Resource | OwnLimit
    before: int | None
    after: int | None
    used: int | None
    is_new: bool = False

    @property
    def differs(self) -> bool:
        """Whether the change of plan modifies this limit."""
        return self.is_new or self.before != self.after

    @property
    def is_gain(self) -> bool:
        """Whether more is allowed after the change."""
        return self.is_new or (self.before is not None and (self.after is None or self.after > self.before))

    @property
    def by(self) -> int | None:
        """The difference of the limit, negative for less; ``None`` to or from unlimited."""
        return None if self.before is None or self.after is None else self.after - self.before


def limit_changes(used: Amounts | None, before: Amounts, after: Amounts) -> tuple[LimitChange, ...]:
    """Compare the limits of two plans, with the client's usage; resources absent from both plans are left out."""
    return tuple(
        LimitChange(resource, before.get(resource), after.get(resource), (used or {}).get(resource))
        for resource in (*Resource, *_own_limits(before, after))
        if resource in before or resource in after
    )


def between_groups(
    changes: Iterable[LimitChange], before: Collection[str], after: Collection[str]
) -> tuple[LimitChange, ...]:
    """The limits of a change between two groups, whose plans have the limits ``before`` and ``after``.

    A limit that no plan of the new group has says nothing of its plans, and is left out: it is not unlimited.
    """
    return tuple(
        replace(change, is_new=change.resource not in before) for change in changes if change.resource in after
    )


def _own_limits(*plans: Amounts) -> list[OwnLimit]:
    """The limits of the host's own that any of the plans has, in their order."""
    return list(dict.fromkeys(limit for limits in plans for limit in limits if isinstance(limit, OwnLimit)))
