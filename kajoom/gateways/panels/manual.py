"""The panel used when none is connected: staff carry out every change."""

from __future__ import annotations

from kajoom.gateways.panel_port import (
    NO_PANEL,
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelStatus,
)

NOT_READ = PanelReading(AccountStatus.UNKNOWN, is_supported=False)


class ManualPanel:
    """Refuses every request with ``reason``, ``NO_PANEL`` unless another one is given, so that it goes to staff."""

    can_read = False

    def __init__(self, reason: str = NO_PANEL) -> None:
        self._result = PanelResult(PanelStatus.REFUSED, reason)

    def change(self, change: PackageChange) -> PanelResult:
        """Refuse the change."""
        return self._result

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Refuse the suspension."""
        return self._result

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Refuse the end of the suspension."""
        return self._result

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Refuse the termination."""
        return self._result

    def read(self, account: PanelAccount) -> PanelReading:
        """Return that no account can be read."""
        return NOT_READ
