"""The demonstration's hosting panel: it only records the package, the state and the usage of each account."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelStatus,
)

_DONE, _PENDING, _UNKNOWN = (
    PanelResult(status) for status in (PanelStatus.DONE, PanelStatus.PENDING, PanelStatus.UNKNOWN)
)
_REFUSED = PanelResult(PanelStatus.REFUSED, "The demonstration is set to refuse.")
_NO_ACCOUNT = PanelResult(PanelStatus.REFUSED, "No such account or package.")

Effect = Callable[[sqlite3.Connection], object]


class DemoPanel:
    """A panel on which every account exists until it is terminated; its package is not known until it is changed.

    ``slow_seconds`` is the delay of a request with ``Behaviour.SLOW``.
    """

    can_read = True

    def __init__(self, store: DemoStore, slow_seconds: float = 3, wait: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._wait = wait

    def change(self, change: PackageChange) -> PanelResult:
        """Set the package; with ``Behaviour.PENDING`` the first request is pending and the second one does it."""
        username = change.account.username
        if not (username and change.package) or self.read(change.account).status is AccountStatus.MISSING:
            return _NO_ACCOUNT
        return self._do(
            change.key, lambda file: file.execute("REPLACE INTO account VALUES (?, ?)", (username, change.package))
        )

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Record the account as suspended."""
        return self._set_status(account, key, AccountStatus.SUSPENDED)

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Record the account as active."""
        return self._set_status(account, key, AccountStatus.ACTIVE)

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Record the account as missing."""
        if self.read(account).status is AccountStatus.MISSING:
            return _DONE
        return self._set_status(account, key, AccountStatus.MISSING)

    def read(self, account: PanelAccount) -> PanelReading:
        """Return the state and the package of the account, and the usage that it was given, if any."""
        with self._store.transaction() as file:
            name = (account.username,)
            package = file.execute("SELECT package FROM account WHERE username = ?", name).fetchone()
            status = file.execute("SELECT status FROM account_status WHERE username = ?", name).fetchone()
        if not account.username or (status and status["status"] == AccountStatus.MISSING):
            return PanelReading(AccountStatus.MISSING)
        return PanelReading(
            AccountStatus(status["status"]) if status else AccountStatus.ACTIVE,
            package["package"] if package else "",
            self._store.usage_of(account.username),
        )

    def _set_status(self, account: PanelAccount, key: str, status: AccountStatus) -> PanelResult:
        if self.read(account).status is AccountStatus.MISSING:
            return _NO_ACCOUNT
        return self._do(
            key, lambda file: file.execute("REPLACE INTO account_status VALUES (?, ?)", (account.username, status))
        )

    def _do(self, key: str, effect: Effect) -> PanelResult:
        """Do what was asked, as the chosen behaviour has it."""
        behaviour = self._store.next_behaviour(DemoSystem.PANEL)
        if behaviour is Behaviour.LOSE_BEFORE:
            return _UNKNOWN
        if behaviour is Behaviour.REFUSE:
            return _REFUSED
        if behaviour is Behaviour.PENDING and self._is_new(key):
            return _PENDING
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        with self._store.transaction() as file:
            effect(file)
        return _UNKNOWN if behaviour is Behaviour.LOSE_AFTER else _DONE

    def _is_new(self, key: str) -> bool:
        with self._store.transaction() as file:
            added = file.execute("INSERT OR IGNORE INTO package_change VALUES (?)", (key,))
            return added.rowcount == 1
