"""The names of the plans of a change."""

from __future__ import annotations

from collections.abc import Mapping

from kajoom.domain.catalog import with_group
from kajoom.models.catalog import Plan


def names_of_plans(before: Plan, after: Plan) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The names of two plans, each with its group where they are of two groups."""
    if before.group_id == after.group_id:
        return before.name, after.name
    return with_group(before.name, before.group.name), with_group(after.name, after.group.name)
