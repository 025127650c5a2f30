"""The demonstration's payment provider: it takes no money, and behaves like one that does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo import Behaviour, Demonstration, Door
from kajoom.gateways.ports import Answer, Charge

BY_AMOUNT = {
    1313: Behaviour.REFUSE,
    1414: Behaviour.LOSE_AFTER,
    1515: Behaviour.SLOW,
}
"""Amounts, in cents, that choose by themselves what happens, whatever the switch says."""

_OUTCOMES = {
    Behaviour.REFUSE: (AttemptStatus.REFUSED, "declined"),
    Behaviour.PENDING: (AttemptStatus.PENDING, ""),
}


class DemonstrationProvider:
    """Pays in place, with no page of its own to visit. ``slow_seconds`` is how long it takes when it is slow."""

    code = "demonstration"

    def __init__(
        self, demonstration: Demonstration, slow_seconds: float = 3, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._demonstration = demonstration
        self._slow_seconds = slow_seconds
        self._wait = wait

    def charge(self, charge: Charge) -> Answer:
        """Take the amount once for each key; a key that comes back with another amount is refused as "mismatch"."""
        known = self._known(charge)
        if known is not None:
            return _answer(known, charge, AttemptStatus.REFUSED)
        behaviour = BY_AMOUNT.get(charge.amount.cents) or self._demonstration.next_behaviour(Door.PAYMENT)
        if behaviour is Behaviour.LOSE_BEFORE:
            return Answer(AttemptStatus.UNKNOWN)
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        status, reason = _OUTCOMES.get(behaviour, (AttemptStatus.CAPTURED, ""))
        row = self._record(charge, status, reason)
        if behaviour is Behaviour.LOSE_AFTER:
            return Answer(AttemptStatus.UNKNOWN)
        return _answer(row, charge, AttemptStatus.REFUSED)

    def look_up(self, charge: Charge) -> Answer:
        """What became of a charge; one that was pending is captured by then.

        An amount that is not ours stays ``UNKNOWN``: money may have moved, so nobody may try again without looking.
        """
        with self._demonstration.transaction() as file:
            file.execute(
                "UPDATE charge SET status = ? WHERE key = ? AND status = ?",
                (AttemptStatus.CAPTURED, charge.key, AttemptStatus.PENDING),
            )
        known = self._known(charge)
        if known is None:
            return Answer(AttemptStatus.REFUSED, reason="not_found")
        return _answer(known, charge, AttemptStatus.UNKNOWN)

    def _known(self, charge: Charge) -> sqlite3.Row | None:
        with self._demonstration.transaction() as file:
            return _row(file, charge.key)

    def _record(self, charge: Charge, status: AttemptStatus, reason: str) -> sqlite3.Row | None:
        """Write the charge unless another process has meanwhile; what stands in the file is what happened."""
        with self._demonstration.transaction() as file:
            file.execute(
                "INSERT OR IGNORE INTO charge VALUES (?, ?, ?, ?, ?, ?)",
                (charge.key, charge.amount.cents, charge.amount.currency, charge.invoice, status, reason),
            )
            return _row(file, charge.key)


def _row(file: sqlite3.Connection, key: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = file.execute("SELECT * FROM charge WHERE key = ?", (key,)).fetchone()
    return row


def _answer(row: sqlite3.Row | None, charge: Charge, on_mismatch: AttemptStatus) -> Answer:
    if row is None:
        return Answer(AttemptStatus.UNKNOWN)
    if (row["cents"], row["currency"]) != (charge.amount.cents, charge.amount.currency):
        return Answer(on_mismatch, reason="mismatch")
    status = AttemptStatus(row["status"])
    reference = f"demonstration-{charge.key}" if status is AttemptStatus.CAPTURED else ""
    return Answer(status, provider_ref=f"demo-{charge.key}", reference=reference, reason=row["reason"])
