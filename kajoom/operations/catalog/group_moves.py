"""Moves between plans of two groups, in a host's catalogue file, and what is wrong between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool

from kajoom.operations.catalog.schema import ANY, GroupEntry, Table, Translated
from kajoom.operations.catalog.values import Text, one_or_many

PlanKey = tuple[str, str]
"""The codes of a group and of one of its plans."""

_Groups = Mapping[str, Mapping[str, Any]]

PlansOfGroups = Annotated[list[Text], Field(min_length=1), BeforeValidator(one_or_many)]
"""One plan, "group/plan", or a list of plans; "group/any" is every plan of the group."""


class GroupMoveEntry(Table):
    """Permitted changes to plans of another group, and the ``delay`` announced for them.

    The account moves to another product, so that a person makes them unless ``needs_person`` is false.
    """

    sources: PlansOfGroups = Field(alias="from")
    targets: PlansOfGroups = Field(alias="to")
    needs_person: StrictBool = True
    delay: Translated | None = None


def moves_between_groups(
    moves: Iterable[GroupMoveEntry], groups: Mapping[str, GroupEntry]
) -> dict[PlanKey, dict[PlanKey, GroupMoveEntry]]:
    """The permitted moves of each plan to plans of other groups; a later entry of the file overrides an earlier one."""
    plans = {code: list(group.plans) for code, group in groups.items()}
    permitted: dict[PlanKey, dict[PlanKey, GroupMoveEntry]] = {}
    for move in moves:
        for source in _expand(move.sources, plans):
            permitted.setdefault(source, {}).update(dict.fromkeys(_expand(move.targets, plans), move))
    return permitted


def group_move_errors(moves: Any, groups: _Groups) -> Iterator[tuple[str, str]]:
    """The place and reason of what is wrong with ``[[moves]]``, on the file as parsed: plans that do not exist, plans
    of one group, and plans that share no currency."""
    plans = {code: _keys(group.get("plans")) for code, group in groups.items()}
    for index, move in enumerate(moves if isinstance(moves, list) else ()):
        if not isinstance(move, dict):
            continue
        texts = {key: [text.strip() for text in one_or_many(move.get(key)) if isinstance(text, str)] for key in _ENDS}
        wrong = [(key, reason) for key in _ENDS for text in texts[key] if (reason := _reason(text, plans))]
        yield from ((f"moves[{index}].{key}", reason) for key, reason in wrong)
        if not wrong:
            sources, targets = (_expand(texts[key], plans) for key in _ENDS)
            yield from _pair_errors(f"moves[{index}].to", sources, targets, groups)


_ENDS = ("from", "to")


def _reason(text: str, plans: Mapping[str, list[str]]) -> str:
    group, slash, plan = text.partition("/")
    if not slash:
        return f'not a plan like "hosting/base", or "hosting/any": {text!r}'
    if group not in plans:
        return f"no group {group!r}"
    return "" if plan == ANY or plan in plans[group] else f"no plan {plan!r} in the group {group!r}"


def _pair_errors(
    place: str, sources: list[PlanKey], targets: list[PlanKey], groups: _Groups
) -> Iterator[tuple[str, str]]:
    shared = {source[0] for source in sources} & {target[0] for target in targets}
    yield from ((place, f"of the group {code!r} too: its own moves are in [[groups.{code}.moves]]") for code in shared)
    before, after = ({each for plan in plans for each in _currencies(plan, groups)} for plans in (sources, targets))
    if before and after and not before & after:
        yield place, "not sold in any currency of the plans that move there"


def _currencies(plan: PlanKey, groups: _Groups) -> set[str]:
    entry = groups[plan[0]]["plans"][plan[1]]
    return set(_keys(entry.get("prices") if isinstance(entry, dict) else None))


def _keys(table: Any) -> list[str]:
    """The keys of a table; what is none counts as an empty one (the schema reports it)."""
    return list(table) if isinstance(table, dict) else []


def _expand(texts: Iterable[str], plans: Mapping[str, list[str]]) -> list[PlanKey]:
    keys = (text.split("/", 1) for text in texts)
    return [(group, code) for group, plan in keys for code in (plans[group] if plan == ANY else [plan])]
