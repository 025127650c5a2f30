"""Where no panel is connected, a person carries changes out."""

from __future__ import annotations

from kajoom.gateways.ports import NO_PANEL, PackageChange, PanelResult, PanelStatus

_BY_HAND = PanelResult(PanelStatus.REFUSED, NO_PANEL)


class ManualPanel:
    """Hands every change to staff: it is refused with the reason "manual" before anything is tried."""

    def check(self, change: PackageChange) -> PanelResult:
        """Never possible without a person."""
        return _BY_HAND

    def apply(self, change: PackageChange) -> PanelResult:
        """Never possible without a person."""
        return _BY_HAND

    def read(self, username: str) -> str | None:
        """Nothing is known of any account."""
        return None
