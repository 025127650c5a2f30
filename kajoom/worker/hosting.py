"""Suspending, restoring and removing an account at the panel: done only when reading it back shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kajoom.domain.service import SuspensionStep
from kajoom.gateways.panel_port import AccountStatus, Panel, PanelAccount, PanelResult, PanelStatus
from kajoom.operations.billing.suspension_result import SuspensionRequest

_DONE = PanelResult(PanelStatus.DONE)
_NO_ACCOUNT = PanelResult(PanelStatus.REFUSED, "no account on a server")
_WANTED: Mapping[SuspensionStep, AccountStatus] = {
    SuspensionStep.SUSPENDING: AccountStatus.SUSPENDED,
    SuspensionStep.LIFTING: AccountStatus.ACTIVE,
}


def carry_out_suspension(panel: Panel, request: SuspensionRequest) -> PanelResult:
    """Suspend or restore an account, unless an earlier attempt already did."""
    ask = panel.suspend if request.step is SuspensionStep.SUSPENDING else panel.unsuspend
    return _carry_out(panel, request.account, _WANTED[request.step], lambda: ask(request.account, request.key))


def remove_account(panel: Panel, account: PanelAccount, key: str) -> PanelResult:
    """Remove an account, unless an earlier attempt already did."""
    return _carry_out(panel, account, AccountStatus.MISSING, lambda: panel.terminate(account, key))


def _carry_out(
    panel: Panel, account: PanelAccount, wanted: AccountStatus, ask: Callable[[], PanelResult]
) -> PanelResult:
    """Ask the panel, then read back: ``UNKNOWN`` until it shows what is wanted.

    A panel that cannot be read is believed when it says that it is done.
    """
    reading = panel.read(account)
    if reading.is_supported and not account.username:
        return _NO_ACCOUNT
    if reading.status is wanted:
        return _DONE
    if reading.is_supported and reading.status is AccountStatus.UNKNOWN:
        return PanelResult(PanelStatus.UNKNOWN, "the account could not be read")
    result = ask()
    if result.status in {PanelStatus.REFUSED, PanelStatus.PENDING}:
        return result
    reading = panel.read(account)
    if not reading.is_supported:
        return result
    return _DONE if reading.status is wanted else PanelResult(PanelStatus.UNKNOWN, "not read back")
