"""What a row of a host's file changes of a service that is known here, and what is kept as it is here.

``Service.imported`` remembers, for the status and for each of the terms, what the file last said when both sides
agreed or when it was taken over. What the file says is news only where it differs from that: an old file, or one in
which the host has not yet entered what happened here, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus, SuspensionStep

UPDATED = ("invoiced_until", "label", "username", "server", "registered_on", "payment_method", "usage")
"""The columns that are always the file's."""

TERMS = ("plan_id", "cycle", "currency", "recurring_cents", "quantity", "options_cents", "discount_cents")
"""The columns that are the file's until the service has an order, an invoice or terms by staff here."""

_DATES = ("next_due_date", "anchor_day")
_ALL = ("status", *UPDATED, *TERMS, *_DATES)
_PLACES = {
    "plan_id": "plan",
    "recurring_cents": "recurring",
    "options_cents": "options",
    "discount_cents": "discount",
}
_ASKED_FOR = {SuspensionStep.SUSPENDING: ServiceStatus.SUSPENDED, SuspensionStep.LIFTING: ServiceStatus.ACTIVE}
_HOW_TO_APPLY = " (--terms applies it from the next period)"


@dataclass(slots=True)
class ServiceChange:
    """``columns`` to write; ``kept`` values of ours that differ, each with its place and both values.

    ``ends`` is the status with which the service ends, and ``terms`` those to apply from the next period.
    """

    columns: dict[str, Any]
    kept: list[tuple[str, str]] = field(default_factory=list)
    ends: ServiceStatus | None = None
    terms: dict[str, Any] | None = None

    @property
    def is_change(self) -> bool:
        """Whether the service changes, not only what is remembered of the file."""
        return bool(self.ends or self.terms or self.columns.keys() - {"imported"})


@dataclass(frozen=True, slots=True)
class History:
    """What has happened here to a service: ``exists`` once it has an order, an invoice or terms by staff."""

    exists: bool
    has_open_order: bool = False


def remembered(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of a row that is taken over: its status and terms."""
    return {name: columns[name] for name in ("status", *TERMS)}


def change_of(
    columns: Mapping[str, Any], row: Mapping[str, Any], history: History, plans: Mapping[int, str], *, with_terms: bool
) -> ServiceChange:
    """Compare a row of the file (``columns``) with the service (``row``); ``plans`` are the plans' codes by id."""
    if all(columns[name] == row[name] for name in _ALL) and row["imported"] == remembered(columns):
        return ServiceChange({})  # most rows of a daily file
    imported = dict(row["imported"] or {})
    change = ServiceChange({name: columns[name] for name in UPDATED if columns[name] != row[name]})
    _compare_status(columns["status"], row["status"], row["suspension"], imported, change)
    if change.ends is None and not row["status"].has_ended:
        if history.exists:
            _compare_terms(columns, row, imported, change, plans)
            _choose_terms(columns, history, imported, change, with_terms=with_terms)
            _compare_due_date(columns, row, change)
        else:
            change.columns |= _plain_update(columns, row)
            imported |= {name: columns[name] for name in TERMS}
    if imported != row["imported"]:
        change.columns["imported"] = imported
    return change


def _compare_status(
    theirs: ServiceStatus,
    ours: ServiceStatus,
    step: SuspensionStep | None,
    imported: dict[str, Any],
    change: ServiceChange,
) -> None:
    """Take a new status over, unless it is the one that a panel or a person is just asked for.

    What they have done is then recorded by them: the client is written to, and a change that waited is started.
    """
    last = imported.get("status")
    if theirs is ours or (ours.has_ended and theirs.has_ended):
        imported["status"] = theirs
    elif ours.has_ended:
        change.kept.append(("status", f"kept {ours}: a service that has ended is not revived; the file says {theirs}"))
    elif theirs.has_ended:
        change.ends = theirs
    elif theirs == last:
        change.kept.append(("status", f"kept {ours}, which is newer; the file still says {theirs}"))
    else:
        imported["status"] = theirs
        if step is None or theirs is not _ASKED_FOR[step]:
            change.columns["status"] = theirs


def _compare_terms(
    columns: Mapping[str, Any],
    row: Mapping[str, Any],
    imported: dict[str, Any],
    change: ServiceChange,
    plans: Mapping[int, str],
) -> None:
    """Note the terms that differ: those of the periods to come where the file or staff have set them.

    A file that still says what it said before agrees as long as that is in force.
    """
    coming = row["next_terms"] or {}
    for name in TERMS:
        theirs, ours = columns[name], coming.get(name, row[name])
        if theirs == ours or theirs == row[name] == imported.get(name):
            imported[name] = theirs
        else:
            imported.setdefault(name, theirs)
            place, texts = _PLACES.get(name, name), [_text(name, value, row, plans) for value in (ours, theirs)]
            change.kept.append((place, "kept {}; the file says {}".format(*texts)))


def _text(name: str, value: Any, row: Mapping[str, Any], plans: Mapping[int, str]) -> str:
    if name == "plan_id":
        return plans[value]
    return str(Money(value, row["currency"]) if name.endswith("_cents") else value)


def _choose_terms(
    columns: Mapping[str, Any], history: History, imported: dict[str, Any], change: ServiceChange, *, with_terms: bool
) -> None:
    """Take the differing terms over from the next period, or say why not."""
    places = {_PLACES.get(name, name): name for name in TERMS}
    differing = {place: places[place] for place, _ in change.kept if place in places}
    if not differing:
        return
    is_news = {place: imported[name] != columns[name] for place, name in differing.items()}
    reason = _why_kept(differing, is_news, columns, history)
    if with_terms and not reason:
        change.kept = [(place, text) for place, text in change.kept if place not in differing]
        change.terms = {name: columns[name] for name in TERMS if name != "currency"}
        return
    end = f": {reason}" if reason else _HOW_TO_APPLY
    change.kept = [(place, text + end if place in differing else text) for place, text in change.kept]


def _why_kept(
    differing: Mapping[str, str], is_news: Mapping[str, bool], columns: Mapping[str, Any], history: History
) -> str:
    """Why terms of the file cannot be taken over; an empty text when they can."""
    if "currency" in differing:
        return "a service keeps its currency"
    if not all(is_news.values()):
        return "the file has not changed since, what is here has"
    if history.has_open_order:
        return "a change of plan is under way"
    return "" if columns["next_due_date"] else "it has no next period"


def _compare_due_date(columns: Mapping[str, Any], row: Mapping[str, Any], change: ServiceChange) -> None:
    """Keep our due date; a later one in the file is a difference, since the period was then paid for elsewhere."""
    theirs, ours = columns["next_due_date"], row["next_due_date"]
    if theirs is not None and ours is not None and theirs > ours and change.terms is None:
        change.kept.append(("next_due_date", f"kept {ours}; the file says {theirs}"))


def _plain_update(columns: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The terms and dates of the file that differ, for a service that has neither order nor invoice here.

    The due date of a service at 0.00 has moved on by itself and is not moved back: those periods cost nothing.
    """
    theirs, ours = columns["next_due_date"], row["next_due_date"]
    has_moved_on = not row["recurring_cents"] and theirs is not None and ours is not None and theirs < ours
    names = TERMS if has_moved_on else (*TERMS, *_DATES)
    return {name: columns[name] for name in names if columns[name] != row[name]}
