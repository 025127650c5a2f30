"""The demonstration's hosting panel: it hosts nothing, and keeps which package each account is on."""

from __future__ import annotations

import time
from collections.abc import Callable

from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import PackageChange, PanelResult, PanelStatus

_UNKNOWN = PanelResult(PanelStatus.UNKNOWN)


class DemoPanel:
    """Every account that is named exists on it. ``slow_seconds`` is how long a change takes when it is slow."""

    def __init__(self, store: DemoStore, slow_seconds: float = 3, wait: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._slow_seconds = slow_seconds
        self._wait = wait

    def check(self, change: PackageChange) -> PanelResult:
        """Refuse what names no account or no package."""
        if change.username and change.package:
            return PanelResult(PanelStatus.DONE)
        return PanelResult(PanelStatus.REFUSED, "No such account or package.")

    def apply(self, change: PackageChange) -> PanelResult:
        """Put the account on the package; one that is made to wait is done the second time it is asked."""
        behaviour = self._store.next_behaviour(DemoSystem.PANEL)
        if behaviour is Behaviour.LOSE_BEFORE:
            return _UNKNOWN
        if behaviour is Behaviour.REFUSE:
            return PanelResult(PanelStatus.REFUSED, "The demonstration was told to refuse.")
        if behaviour is Behaviour.PENDING and self._is_new(change):
            return PanelResult(PanelStatus.PENDING)
        if behaviour is Behaviour.SLOW:
            self._wait(self._slow_seconds)
        with self._store.transaction() as file:
            file.execute("REPLACE INTO account VALUES (?, ?)", (change.username, change.package))
        return _UNKNOWN if behaviour is Behaviour.LOSE_AFTER else PanelResult(PanelStatus.DONE)

    def read(self, username: str) -> str | None:
        """The package the account is on; ``None`` for one never changed here."""
        with self._store.transaction() as file:
            row = file.execute("SELECT package FROM account WHERE username = ?", (username,)).fetchone()
        return row["package"] if row else None

    def _is_new(self, change: PackageChange) -> bool:
        with self._store.transaction() as file:
            added = file.execute("INSERT OR IGNORE INTO package_change VALUES (?)", (change.key,))
            return added.rowcount == 1
