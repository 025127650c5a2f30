"""Running the worker in tests."""

from __future__ import annotations

from datetime import datetime

from kajoom.gateways import Gateways
from kajoom.worker.consumer import run_once


def drain(gateways: Gateways, at: datetime) -> int:
    """Handle every message that is due at ``at``, and return their number."""
    count = 0
    while run_once(gateways, at):
        count += 1
    return count
