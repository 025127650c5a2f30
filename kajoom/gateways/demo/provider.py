"""The demonstration's payment provider: it behaves like a real one without taking money."""

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
"""Amounts in cents that have a fixed behaviour, whatever the behaviour set in the store."""

_OUTCOMES = {
    Behaviour.REFUSE: (AttemptStatus.REFUSED, "declined"),
    Behaviour.PENDING: (AttemptStatus.PENDING, ""),
}
_PREFIX = "demonstration-"
# The time comes from SQLite, in UTC: like a real provider, it does not use the application's clock.
_RECORD_CAPTURE = (
    "INSERT OR IGNORE INTO capture SELECT key, strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"
    " FROM charge WHERE key = ? AND status = 'captured'"
)
_NOT_FOUND = ProviderResult(AttemptStatus.REFUSED, reason="not_found")


class DemoProvider:
    """Charges immediately, without an approval page. ``slow_seconds`` is the delay with ``Behaviour.SLOW``."""

    code = "demonstration"
    can_save = False
    needs_approval = False

    def __init__(self, store: DemoStore, slow_seconds: float = 2, wait: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._wait = wait

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount once for each key; the same key with another amount is refused with the reason "mismatch"."""
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
        """Return the state of a charge; a pending one becomes captured.

        A charge with another amount is ``UNKNOWN``: money may have moved, so nothing is retried automatically.
        """
        with self._store.transaction() as file:
            file.execute(
                "UPDATE charge SET status = ? WHERE key = ? AND status = ?",
                (AttemptStatus.CAPTURED, charge.key, AttemptStatus.PENDING),
            )
            file.execute(_RECORD_CAPTURE, (charge.key,))
        known = self._known(charge)
        return _NOT_FOUND if known is None else _charge_result(known, charge, AttemptStatus.UNKNOWN)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Return the state of the charge: it was captured by ``charge``, without an approval."""
        return self.look_up(charge)

    def refund(self, refund: Refund) -> ProviderResult:
        """Refund once for each key and never more than was captured, with the behaviour set in the store."""
        with self._store.transaction() as file:
            known = file.execute("SELECT * FROM refund WHERE key = ?", (refund.key,)).fetchone()
        if known is not None:
            return _refund_result(known)
        behaviour = self._behaviour(refund.amount)
        if behaviour is Behaviour.LOSE_BEFORE:
            return ProviderResult(AttemptStatus.UNKNOWN)
        row = self._record_refund(refund, is_accepted=behaviour is not Behaviour.REFUSE)
        return ProviderResult(AttemptStatus.UNKNOWN) if behaviour is Behaviour.LOSE_AFTER else _refund_result(row)

    def captures(self, day: date) -> Iterable[Capture]:
        """Yield the payments captured on a day in UTC."""
        with self._store.transaction() as file:
            rows = file.execute(
                "SELECT * FROM charge JOIN capture USING (key) WHERE at LIKE ? ORDER BY at, key", (f"{day}T%",)
            ).fetchall()
        for row in rows:
            amount, at = Money(row["cents"], row["currency"]), datetime.fromisoformat(row["at"])
            yield Capture(_PREFIX + row["key"], row["key"], row["invoice"], amount, at)

    def has_saved_account(self, _token: str) -> bool:
        """Return ``False``: no account is ever saved."""
        return False

    def delete_saved_account(self, _token: str) -> None:
        """Do nothing: no account is ever saved."""

    def _behaviour(self, amount: Money) -> Behaviour:
        """Return the behaviour for this amount, after the delay of a slow one."""
        behaviour = BY_AMOUNT.get(amount.cents) or self._store.next_behaviour(DemoSystem.PAYMENT)
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        return behaviour

    def _known(self, charge: ChargeRequest) -> sqlite3.Row | None:
        with self._store.transaction() as file:
            return _row(file, charge.key)

    def _record(self, charge: ChargeRequest, status: AttemptStatus, reason: str) -> sqlite3.Row | None:
        """Insert the charge unless another process has; return the row that is in the file."""
        with self._store.transaction() as file:
            file.execute(
                "INSERT OR IGNORE INTO charge VALUES (?, ?, ?, ?, ?, ?)",
                (charge.key, charge.amount.cents, charge.amount.currency, charge.invoice, status, reason),
            )
            file.execute(_RECORD_CAPTURE, (charge.key,))
            return _row(file, charge.key)

    def _record_refund(self, refund: Refund, is_accepted: bool) -> sqlite3.Row:
        taken_for = refund.reference.removeprefix(_PREFIX)
        with self._store.transaction() as file:
            charge = _row(file, taken_for)
            given = file.execute(
                "SELECT coalesce(sum(cents), 0) FROM refund WHERE charge = ? AND status = ?",
                (taken_for, AttemptStatus.CAPTURED),
            ).fetchone()[0]
            reason = "" if is_accepted else "declined"
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
