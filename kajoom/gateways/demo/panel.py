"""The demonstration's hosting panel: it only records the package of each account."""

from __future__ import annotations

import time
from collections.abc import Callable

from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import PackageChange, PanelResult, PanelStatus

_UNKNOWN = PanelResult(PanelStatus.UNKNOWN)


class DemoPanel:
    """A panel on which every account exists. ``slow_seconds`` is the delay of a change with ``Behaviour.SLOW``."""

    def __init__(self, store: DemoStore, slow_seconds: float = 3, wait: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._wait = wait

    def check(self, change: PackageChange) -> PanelResult:
        """Refuse a change without an account or a package."""
        if change.username and change.package:
            return PanelResult(PanelStatus.DONE)
        return PanelResult(PanelStatus.REFUSED, "No such account or package.")

    def apply(self, change: PackageChange) -> PanelResult:
        """Set the package; with ``Behaviour.PENDING`` the first request is pending and the second one does it."""
        behaviour = self._store.next_behaviour(DemoSystem.PANEL)
        if behaviour is Behaviour.LOSE_BEFORE:
            return _UNKNOWN
        if behaviour is Behaviour.REFUSE:
            return PanelResult(PanelStatus.REFUSED, "The demonstration is set to refuse.")
        if behaviour is Behaviour.PENDING and self._is_new(change):
            return PanelResult(PanelStatus.PENDING)
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        with self._store.transaction() as file:
            file.execute("REPLACE INTO account VALUES (?, ?)", (change.username, change.package))
        return _UNKNOWN if behaviour is Behaviour.LOSE_AFTER else PanelResult(PanelStatus.DONE)

    def read(self, username: str) -> str | None:
        """Return the package of the account, ``None`` when it was never changed."""
        with self._store.transaction() as file:
            row = file.execute("SELECT package FROM account WHERE username = ?", (username,)).fetchone()
        return row["package"] if row else None

    def _is_new(self, change: PackageChange) -> bool:
        with self._store.transaction() as file:
            added = file.execute("INSERT OR IGNORE INTO package_change VALUES (?)", (change.key,))
            return added.rowcount == 1
