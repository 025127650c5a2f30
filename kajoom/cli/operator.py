"""Who runs a command, for the audit and the history of what it changes."""

from __future__ import annotations

import getpass

from kajoom.domain.audit import STAFF_PREFIX


def current_operator() -> str:
    """The user of the operating system, as the history of an order, a payment or a difference records them."""
    return f"{STAFF_PREFIX}{getpass.getuser()}"
