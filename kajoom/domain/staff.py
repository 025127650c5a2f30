"""The roles of the host's staff. An account without a role is a client's; an account with one has no services."""

from __future__ import annotations

from enum import StrEnum


class StaffRole(StrEnum):
    """An agent works on the queue and records payments; a manager also decides about money and accounts."""

    AGENT = "agent"
    MANAGER = "manager"
