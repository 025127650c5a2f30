"""Reading the usage of hosting accounts at their panels: a batch of one server, or one account."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from kajoom import clock
from kajoom.gateways import Gateways
from kajoom.gateways.panel_port import AccountStatus, Panel, PanelAccount
from kajoom.operations.orders import readings, usage
from kajoom.worker.provisioning import PanelUnavailable

_BATCH_SECONDS = 60.0
"""After this time a batch begins no other read: with the longest one it ends before the lease of its message."""

_MOST_SILENT = 3
"""So many accounts in a row that cannot be read mean that the server does not answer."""


def measure(gateways: Gateways, ids: Mapping[str, Any], at: datetime) -> None:
    """Carry out a message about usage; ``PanelUnavailable`` when a server does not answer.

    What is left of a day is dropped on the next one, which begins anew.
    """
    if "service" in ids:
        _measure_one(gateways, ids["service"], at)
    elif date.fromisoformat(ids["on"]) >= clock.local(at).date():
        _measure_batch(gateways, ids["server"], date.fromisoformat(ids["on"]), ids["after"], at)


def _measure_one(gateways: Gateways, service_id: int, at: datetime) -> None:
    account = usage.account_to_measure(service_id)
    if account is None:
        return
    reading = gateways.panel_of(account.server).read(account)
    if reading.usage:
        _store({service_id: reading.usage}, at)


def _store(measures: Mapping[int, Mapping[str, int | None]], at: datetime) -> None:
    """Store measures, and have the panel asked for the changes that waited for them."""
    usage.store_measures(measures, at)
    for order_id in readings.changes_over_limits(measures.keys()):
        readings.resume_change(order_id, at)


def _measure_batch(gateways: Gateways, server: str, on: date, after: int, at: datetime) -> None:
    accounts = usage.accounts_to_measure(server, after)
    batch = Batch(gateways.panel_of(server), time.monotonic)
    batch.read(accounts)
    _store(batch.measures, at)
    if batch.is_silent:
        raise PanelUnavailable(f"the server {server!r} could not be read")
    if batch.last is not None and batch.is_supported:
        usage.enqueue_next_batch(server, on, batch.last, at)


class Batch:
    """The accounts of one server that were read: the ``measures`` and the ``last`` account, each by service id.

    ``is_silent`` is whether the server did not answer, and ``is_supported`` whether its accounts can be read at all.
    ``monotonic`` returns seconds.
    """

    def __init__(self, panel: Panel, monotonic: Callable[[], float]) -> None:
        self._panel = panel
        self._monotonic = monotonic
        self.measures: dict[int, Mapping[str, int | None]] = {}
        self.last: int | None = None
        self.is_silent = False
        self.is_supported = True

    def read(self, accounts: Mapping[int, PanelAccount]) -> None:
        """Read the accounts, by service id, until the time of a batch is over or the server does not answer."""
        end, silent, most = self._monotonic() + _BATCH_SECONDS, 0, min(_MOST_SILENT, len(accounts))
        for service_id, account in accounts.items():
            silent = 0 if self._read_one(service_id, account) else silent + 1
            self.is_silent = silent >= most
            if self.is_silent or not self.is_supported or self._monotonic() >= end:
                break

    def _read_one(self, service_id: int, account: PanelAccount) -> bool:
        """Read an account; returns whether there was an answer."""
        reading = self._panel.read(account)
        self.is_supported, self.last = reading.is_supported, service_id
        if reading.usage:
            self.measures[service_id] = reading.usage
        return not reading.is_supported or reading.status is not AccountStatus.UNKNOWN
