"""Changing an account's package at the panel: done only when reading it back shows the new package."""

from __future__ import annotations

from collections.abc import Callable

from kajoom.gateways.panel_port import AccountStatus, PackageChange, Panel, PanelReading, PanelResult, PanelStatus

_DONE = PanelResult(PanelStatus.DONE)


class PanelUnavailable(Exception):
    """A panel gave no usable answer: it is asked again, and counts as failing until it answers."""


def carry_out(panel: Panel, change: PackageChange, may_change: Callable[[PanelReading], bool]) -> PanelResult | None:
    """Make a change at the panel, unless an earlier attempt already made it or there is nothing to change.

    ``may_change`` decides from what the panel shows of the account, and hands to a person what may not be made: then
    nothing is asked, and the result is ``None``. The result is ``UNKNOWN`` when the account cannot be read now, or does
    not show the new package afterwards: the change is tried again later. A panel that can never be read is believed
    when it says that the change is done.
    """
    if change.is_same_plan:
        return _DONE
    shown = panel.read(change.account)
    if shown.package == change.package:
        return _DONE
    if shown.is_supported and shown.status is AccountStatus.UNKNOWN:
        return PanelResult(PanelStatus.UNKNOWN, "the account could not be read")
    return _change(panel, change) if may_change(shown) else None


def _change(panel: Panel, change: PackageChange) -> PanelResult:
    """Ask for the change, and read the account back."""
    result = panel.change(change)
    if result.status in {PanelStatus.REFUSED, PanelStatus.PENDING}:
        return result
    shown = panel.read(change.account)
    if not shown.is_supported:
        return result
    return _DONE if shown.package == change.package else PanelResult(PanelStatus.UNKNOWN, "not read back")
