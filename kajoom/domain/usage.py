"""What a service uses against what a plan allows: it fits, it is over by so much, or nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What is counted: disk space in megabytes, mailboxes and databases by the unit."""

    DISK = "disk_mb"
    MAILBOXES = "mailboxes"
    DATABASES = "databases"


Amounts = Mapping[str, int | None]
"""For each resource an amount. In a plan's limits ``None`` is unlimited; in a usage it is unknown."""


@dataclass(frozen=True, slots=True)
class Excess:
    """A resource used beyond what a plan allows."""

    resource: Resource
    used: int
    allowed: int

    @property
    def to_free(self) -> int:
        """How much the client must free before the plan fits."""
        return self.used - self.allowed


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer: ``over`` names each excess; ``known`` is false when a limited resource was not reported."""

    over: tuple[Excess, ...]
    known: bool


def fit(used: Amounts | None, limits: Amounts, service: Amounts | None = None) -> Fit:
    """Compare a usage (``None``: the panel reported nothing) with a plan's limits; exactly at the limit fits.

    ``service`` are the limits of the plan in force, when there is one: a limit that does not shrink needs no report.
    """
    over, known = [], True
    for resource in Resource:
        allowed = limits.get(resource)
        if allowed is None:
            continue
        amount = (used or {}).get(resource)
        if amount is None:
            known = known and _holds(service, resource, allowed)
        elif amount > allowed:
            over.append(Excess(resource, amount, allowed))
    return Fit(tuple(over), known)


def _holds(service: Amounts | None, resource: Resource, allowed: int) -> bool:
    before = (service or {}).get(resource)
    return before is not None and before <= allowed


@dataclass(frozen=True, slots=True)
class LimitChange:
    """A limit before and after a change of plan; ``None`` is unlimited for a limit and unknown for ``used``."""

    resource: Resource
    before: int | None
    after: int | None
    used: int | None

    @property
    def differs(self) -> bool:
        """Whether the change of plan moves this limit."""
        return self.before != self.after

    @property
    def is_gain(self) -> bool:
        """Whether more is allowed after the change."""
        return self.before is not None and (self.after is None or self.after > self.before)

    @property
    def by(self) -> int | None:
        """By how much the limit moves, below nothing for less; ``None`` to or from unlimited."""
        return None if self.before is None or self.after is None else self.after - self.before


def limit_changes(used: Amounts | None, before: Amounts, after: Amounts) -> tuple[LimitChange, ...]:
    """The limits of two plans side by side, each with the client's own use; what neither plan names is left out."""
    return tuple(
        LimitChange(resource, before.get(resource), after.get(resource), (used or {}).get(resource))
        for resource in Resource
        if resource in before or resource in after
    )
