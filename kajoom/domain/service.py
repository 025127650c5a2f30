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


ENDED = frozenset({ServiceStatus.TERMINATED, ServiceStatus.CANCELLED})
"""The statuses of a service that has ended."""
