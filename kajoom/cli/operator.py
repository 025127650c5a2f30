"""Whoever is at the keyboard of the host's machine: the books say so of what they do."""

from __future__ import annotations

import getpass


def who() -> str:
    """The operator, as the history of an order, a payment or a difference names them."""
    return f"staff:{getpass.getuser()}"
