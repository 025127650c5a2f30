"""Compare a payment provider's report of a day with the payments we recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from kajoom.domain.money import Money


class DifferenceKind(StrEnum):
    """The money is missing from our ledger, missing at the provider, or the two amounts differ."""

    NOT_IN_LEDGER = "not_in_ledger"
    NOT_AT_PROVIDER = "not_at_provider"
    OTHER_AMOUNT = "other_amount"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A payment on either side: ``reference`` is the provider's id, ``invoice`` the invoice number or empty."""

    reference: str
    invoice: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between what the provider took and what we recorded; ``None`` where a side has no entry."""

    kind: DifferenceKind
    reference: str
    invoice: str
    taken: Money | None
    recorded: Money | None


def differences(
    taken: Iterable[LedgerEntry],
    recorded: Mapping[str, LedgerEntry],
    ours: Iterable[LedgerEntry],
    reported: Collection[str],
) -> list[Discrepancy]:
    """Return the differences between ``taken`` (the provider's day) and ``ours`` (the day we recorded).

    ``recorded`` maps the references of ``taken`` to our entries on any day, and ``reported`` holds the references the
    provider reported on this day and the days beside it, so that a payment recorded after midnight is no difference.
    """
    discrepancies = []
    for entry in taken:
        match = recorded.get(entry.reference)
        if match is None:
            kind = DifferenceKind.NOT_IN_LEDGER
            discrepancies.append(Discrepancy(kind, entry.reference, entry.invoice, entry.amount, None))
        elif match.amount != entry.amount:
            kind = DifferenceKind.OTHER_AMOUNT
            discrepancies.append(Discrepancy(kind, entry.reference, match.invoice, entry.amount, match.amount))
    discrepancies += [
        Discrepancy(DifferenceKind.NOT_AT_PROVIDER, entry.reference, entry.invoice, None, entry.amount)
        for entry in ours
        if entry.reference not in reported
    ]
    return discrepancies
