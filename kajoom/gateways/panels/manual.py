"""The panel used when none is connected: staff carry out every change."""

from __future__ import annotations

from kajoom.gateways.ports import NO_PANEL, PackageChange, PanelResult, PanelStatus

_NO_PANEL_RESULT = PanelResult(PanelStatus.REFUSED, NO_PANEL)


class ManualPanel:
    """Refuses every change with the reason ``NO_PANEL``, so that it goes to staff."""

    def check(self, change: PackageChange) -> PanelResult:
        """Refuse the change."""
        return _NO_PANEL_RESULT

    def apply(self, change: PackageChange) -> PanelResult:
        """Refuse the change."""
        return _NO_PANEL_RESULT

    def read(self, username: str) -> str | None:
        """Return ``None``: no account is known."""
        return None
