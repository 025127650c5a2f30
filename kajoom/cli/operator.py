"""Who runs a command, for the history of what it changes."""

from __future__ import annotations

import getpass


def current_operator() -> str:
    """The user of the operating system, as the history of an order, a payment or a difference records them."""
    return f"staff:{getpass.getuser()}"
