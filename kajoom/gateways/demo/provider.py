"""The demonstration's payment provider: it takes no money, and behaves like one that does."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import Capture, ChargeRequest, ProviderResult, Refund

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
_PREFIX = "demonstration-"
# The provider's clock is its own, as a real one's is; it counts in UTC.
_NOTE_CAPTURE = (
    "INSERT OR IGNORE INTO capture SELECT key, strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"
    " FROM charge WHERE key = ? AND status = 'captured'"
)
_NOT_TAKEN = ProviderResult(AttemptStatus.REFUSED, reason="not_found")


class DemoProvider:
    """Pays in place, with no page of its own to visit. ``slow_seconds`` is how long it takes when it is slow."""

    code = "demonstration"
    can_save = False

    def __init__(self, store: DemoStore, slow_seconds: float = 3, wait: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._wait = wait

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount once for each key; a key that comes back with another amount is refused as "mismatch"."""
        known = self._known(charge)
        if known is not None:
            return _charge_result(known, charge, AttemptStatus.REFUSED)
        behaviour = self._behaviour(charge.amount)
        if behaviour is Behaviour.LOSE_BEFORE:
            return ProviderResult(AttemptStatus.UNKNOWN)
        row = self._record(charge, *_OUTCOMES.get(behaviour, (AttemptStatus.CAPTURED, "")))
        if behaviour is Behaviour.LOSE_AFTER:
            return ProviderResult(AttemptStatus.UNKNOWN)
        return _charge_result(row, charge, AttemptStatus.REFUSED)

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """What became of a charge; one that was pending is captured by then.

        An amount that is not ours stays ``UNKNOWN``: money may have moved, so nobody may try again without looking.
        """
        with self._store.transaction() as file:
            file.execute(
                "UPDATE charge SET status = ? WHERE key = ? AND status = ?",
                (AttemptStatus.CAPTURED, charge.key, AttemptStatus.PENDING),
            )
            file.execute(_NOTE_CAPTURE, (charge.key,))
        known = self._known(charge)
        return _NOT_TAKEN if known is None else _charge_result(known, charge, AttemptStatus.UNKNOWN)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """What became of a charge: nothing is approved elsewhere, so there is nothing more to be taken."""
        return self.look_up(charge)

    def refund(self, refund: Refund) -> ProviderResult:
        """Give back what was taken, once for each key and never more than was taken; the switch speaks here too."""
        with self._store.transaction() as file:
            known = file.execute("SELECT * FROM refund WHERE key = ?", (refund.key,)).fetchone()
        if known is not None:
            return _refund_result(known)
        behaviour = self._behaviour(refund.amount)
        if behaviour is Behaviour.LOSE_BEFORE:
            return ProviderResult(AttemptStatus.UNKNOWN)
        row = self._record_refund(refund, is_willing=behaviour is not Behaviour.REFUSE)
        return ProviderResult(AttemptStatus.UNKNOWN) if behaviour is Behaviour.LOSE_AFTER else _refund_result(row)

    def captures(self, day: date) -> Iterable[Capture]:
        """Everything taken on a day, by the clock of the demonstration's own file."""
        with self._store.transaction() as file:
            rows = file.execute(
                "SELECT * FROM charge JOIN capture USING (key) WHERE at LIKE ? ORDER BY at, key", (f"{day}T%",)
            ).fetchall()
        for row in rows:
            amount, at = Money(row["cents"], row["currency"]), datetime.fromisoformat(row["at"])
            yield Capture(_PREFIX + row["key"], row["key"], row["invoice"], amount, at)

    def has_saved_account(self, _token: str) -> bool:
        """It keeps no account: there is none to pay with."""
        return False

    def delete_saved_account(self, _token: str) -> None:
        """There is nothing to forget."""

    def _behaviour(self, amount: Money) -> Behaviour:
        """What is done this time; one that is slow has been waited for."""
        behaviour = BY_AMOUNT.get(amount.cents) or self._store.next_behaviour(DemoSystem.PAYMENT)
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        return behaviour

    def _known(self, charge: ChargeRequest) -> sqlite3.Row | None:
        with self._store.transaction() as file:
            return _row(file, charge.key)

    def _record(self, charge: ChargeRequest, status: AttemptStatus, reason: str) -> sqlite3.Row | None:
        """Write the charge unless another process has meanwhile; what stands in the file is what happened."""
        with self._store.transaction() as file:
            file.execute(
                "INSERT OR IGNORE INTO charge VALUES (?, ?, ?, ?, ?, ?)",
                (charge.key, charge.amount.cents, charge.amount.currency, charge.invoice, status, reason),
            )
            file.execute(_NOTE_CAPTURE, (charge.key,))
            return _row(file, charge.key)

    def _record_refund(self, refund: Refund, is_willing: bool) -> sqlite3.Row:
        taken_for = refund.reference.removeprefix(_PREFIX)
        with self._store.transaction() as file:
            charge = _row(file, taken_for)
            given = file.execute(
                "SELECT coalesce(sum(cents), 0) FROM refund WHERE charge = ? AND status = ?",
                (taken_for, AttemptStatus.CAPTURED),
            ).fetchone()[0]
            reason = "" if is_willing else "declined"
            if charge is None or charge["status"] != AttemptStatus.CAPTURED:
                reason = "not_found"
            elif given + refund.amount.cents > charge["cents"]:
                reason = "too_much"
            status = AttemptStatus.REFUSED if reason else AttemptStatus.CAPTURED
            file.execute(
                "INSERT OR IGNORE INTO refund VALUES (?, ?, ?, ?, ?)",
                (refund.key, taken_for, refund.amount.cents, status, reason),
            )
            row: sqlite3.Row = file.execute("SELECT * FROM refund WHERE key = ?", (refund.key,)).fetchone()
            return row


def _row(file: sqlite3.Connection, key: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = file.execute("SELECT * FROM charge WHERE key = ?", (key,)).fetchone()
    return row


def _charge_result(row: sqlite3.Row | None, charge: ChargeRequest, on_mismatch: AttemptStatus) -> ProviderResult:
    if row is None:
        return ProviderResult(AttemptStatus.UNKNOWN)
    if (row["cents"], row["currency"]) != (charge.amount.cents, charge.amount.currency):
        return ProviderResult(on_mismatch, reason="mismatch")
    status = AttemptStatus(row["status"])
    reference = f"{_PREFIX}{charge.key}" if status is AttemptStatus.CAPTURED else ""
    return ProviderResult(status, provider_ref=f"demo-{charge.key}", reference=reference, reason=row["reason"])


def _refund_result(row: sqlite3.Row) -> ProviderResult:
    status = AttemptStatus(row["status"])
    reference = f"{_PREFIX}refund-{row['key']}" if status is AttemptStatus.CAPTURED else ""
    return ProviderResult(status, reference, reference, row["reason"])
