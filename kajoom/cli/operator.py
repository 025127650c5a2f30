"""Who runs a command, for the history of what it changes and for the log."""

from __future__ import annotations

import getpass
import logging

log = logging.getLogger(__name__)


def current_operator() -> str:
    """The user of the operating system, as the history of an order, a payment or a difference records them."""
    return f"staff:{getpass.getuser()}"


def log_act(act: str, **ids: str | int) -> None:
    """Log what the operator did, with the ids of what it was done to."""
    log.info("staff act", extra={"act": act, "actor": current_operator(), **ids})
