"""Statuses of a service."""

from __future__ import annotations

from enum import StrEnum


class ServiceStatus(StrEnum):
    """The status of a service in the host's billing; only an active service can change plan."""

    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether the service has ended: nothing of it is billed, changed or revived."""
        return self in ENDED


class SuspensionStep(StrEnum):
    """What the panel or a person is asked about the suspension of a service, until one of them has done it."""

    SUSPENDING = "suspending"
    LIFTING = "lifting"


class AccountChange(StrEnum):
    """What was last done to the account of a service at its server."""

    SUSPENDED = "suspended"
    RESTORED = "restored"
    REMOVED = "removed"


ENDED = frozenset({ServiceStatus.TERMINATED, ServiceStatus.CANCELLED})
"""The statuses of a service that has ended."""
