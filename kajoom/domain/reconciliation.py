"""A provider's account of a day against ours, both ways: whatever stands on one side only, or for another amount."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kajoom.domain.money import Money


class DifferenceKind(StrEnum):
    """Money the provider took that we never recorded, money we recorded that it does not know, or two amounts."""

    NOT_IN_LEDGER = "not_in_ledger"
    NOT_AT_PROVIDER = "not_at_provider"
    OTHER_AMOUNT = "other_amount"


@dataclass(frozen=True, slots=True)
class Entry:
    """Money as one side tells of it: ``reference`` is the provider's name for it, ``invoice`` a number or empty."""

    reference: str
    invoice: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference: what the provider took and what we recorded, ``None`` where one of them did neither."""

    kind: DifferenceKind
    reference: str
    invoice: str
    taken: Money | None
    recorded: Money | None


def differences(
    taken: Iterable[Entry], recorded: Mapping[str, Entry], ours: Iterable[Entry], seen: Collection[str]
) -> list[Discrepancy]:
    """What does not agree: ``taken`` is the provider's day and ``ours`` our own.

    ``recorded`` holds our entries for the references of ``taken``, whatever their day, and ``seen`` the references
    the provider told of on this day and those beside it: an answer heard past midnight is no difference.
    """
    found = []
    for entry in taken:
        mine = recorded.get(entry.reference)
        if mine is None:
            kind = DifferenceKind.NOT_IN_LEDGER
            found.append(Discrepancy(kind, entry.reference, entry.invoice, entry.amount, None))
        elif mine.amount != entry.amount:
            kind = DifferenceKind.OTHER_AMOUNT
            found.append(Discrepancy(kind, entry.reference, mine.invoice, entry.amount, mine.amount))
    found += [
        Discrepancy(DifferenceKind.NOT_AT_PROVIDER, entry.reference, entry.invoice, None, entry.amount)
        for entry in ours
        if entry.reference not in seen
    ]
    return found
