"""Running the worker in tests."""

from __future__ import annotations

from datetime import datetime

from kajoom.domain.priority import Turns
from kajoom.gateways import Gateways
from kajoom.operations.outbox import lease_next
from kajoom.worker.consumer import handle


def run_once(gateways: Gateways, at: datetime) -> bool:
    """Handle the next message that is due at ``at`` and lease no other; ``False`` when there is none."""
    turns = Turns()
    message = lease_next(at, turns)
    if message is not None:
        handle(gateways, message, at, turns, lambda: None)
    return message is not None


def drain(gateways: Gateways, at: datetime) -> int:
    """Handle every message that is due at ``at``, as a worker does, and return their number."""
    turns, count = Turns(), 0
    message = lease_next(at, turns)
    while message is not None:
        message = handle(gateways, message, at, turns, lambda: at) or lease_next(at, turns)
        count += 1
    return count
