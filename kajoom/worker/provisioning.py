"""Changing an account's package at the panel: done only when reading it back shows the new package."""

from __future__ import annotations

from kajoom.gateways.ports import PackageChange, Panel, PanelResult, PanelStatus

_DONE = PanelResult(PanelStatus.DONE)


class PanelUnavailable(Exception):
    """A panel gave no usable answer: it is asked again, and counts as failing until it answers."""


def carry_out(panel: Panel, change: PackageChange) -> PanelResult:
    """Make a change at the panel, unless an earlier attempt already made it or there is nothing to change.

    The result is ``UNKNOWN`` when the panel does not show the new package yet: the change is tried again later.
    """
    if change.is_same_plan or panel.read(change.username) == change.package:
        return _DONE
    checked = panel.check(change)
    if checked.status is not PanelStatus.DONE:
        return checked
    result = panel.apply(change)
    if result.status in {PanelStatus.REFUSED, PanelStatus.PENDING}:
        return result
    is_changed = panel.read(change.username) == change.package
    return _DONE if is_changed else PanelResult(PanelStatus.UNKNOWN, "not read back")
