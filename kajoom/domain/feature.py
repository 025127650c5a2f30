"""Compare the features of two plans: what a plan includes besides its limits, each by its key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of a plan, with its ``name`` and its ``value`` in both languages: "Backup", "daily".

    Without a ``value`` the plan has the feature, and there is nothing more to say of it.
    """

    key: str
    name: Mapping[str, str]
    value: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """A feature before and after a change of plan; ``None`` where the plan does not have it."""

    name: Mapping[str, str]
    before: Feature | None
    after: Feature | None

    @property
    def differs(self) -> bool:
        """Whether the change of plan modifies this feature."""
        return self.before is None or self.after is None or self.before.value != self.after.value


def feature_changes(before: Iterable[Feature], after: Iterable[Feature]) -> tuple[FeatureChange, ...]:
    """Compare the features of two plans by key: those of the new plan in its order, then those it does not have."""
    old = {feature.key: feature for feature in before}
    changes = [FeatureChange(feature.name, old.pop(feature.key, None), feature) for feature in after]
    return (*changes, *(FeatureChange(feature.name, feature, None) for feature in old.values()))
