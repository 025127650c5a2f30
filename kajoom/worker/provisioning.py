"""A change is done only once the panel has been read back, whatever it answered before."""

from __future__ import annotations

from kajoom.gateways.ports import PackageChange, Panel, PanelResult, PanelStatus

_DONE = PanelResult(PanelStatus.DONE)


def carry_out(panel: Panel, change: PackageChange) -> PanelResult:
    """Have the panel make a change, or find that an earlier try already did.

    ``UNKNOWN`` when it cannot be read back: asked again later, the answer decides.
    """
    if panel.read(change.username) == change.package:
        return _DONE
    checked = panel.check(change)
    if checked.status is not PanelStatus.DONE:
        return checked
    result = panel.apply(change)
    if result.status in {PanelStatus.REFUSED, PanelStatus.PENDING}:
        return result
    is_there = panel.read(change.username) == change.package
    return _DONE if is_there else PanelResult(PanelStatus.UNKNOWN, "not read back")
