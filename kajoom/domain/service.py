"""The status of a service, as the host's billing knows it."""

from __future__ import annotations

from enum import StrEnum


class ServiceStatus(StrEnum):
    """Only an active service can change plan."""

    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
