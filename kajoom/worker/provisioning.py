"""Changing an account's package at the panel: done only when reading it back shows the new package."""

from __future__ import annotations

from kajoom.gateways.panel_port import PackageChange, Panel, PanelResult, PanelStatus

_DONE = PanelResult(PanelStatus.DONE)


class PanelUnavailable(Exception):
    """A panel gave no usable answer: it is asked again, and counts as failing until it answers."""


def carry_out(panel: Panel, change: PackageChange) -> PanelResult:
    """Make a change at the panel, unless an earlier attempt already made it or there is nothing to change.

    The result is ``UNKNOWN`` when the panel does not show the new package yet: the change is tried again later. A
    panel that cannot be read is believed when it says that the change is done.
    """
    if change.is_same_plan or panel.read(change.account).package == change.package:
        return _DONE
    result = panel.change(change)
    if result.status in {PanelStatus.REFUSED, PanelStatus.PENDING}:
        return result
    reading = panel.read(change.account)
    if not reading.is_supported:
        return result
    is_changed = reading.package == change.package
    return _DONE if is_changed else PanelResult(PanelStatus.UNKNOWN, "not read back")
