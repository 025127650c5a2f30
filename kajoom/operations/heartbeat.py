"""Heartbeats of workers, from which the readiness check knows that one is running."""

from __future__ import annotations

from datetime import datetime, timedelta

from kajoom.models.db import db
from kajoom.models.heartbeat import Heartbeat, delete_heartbeats
from kajoom.operations.transaction import transactional

_FORGOTTEN_AFTER = timedelta(days=1)
"""A worker that has been silent for so long was stopped on purpose, or has a successor."""


@transactional
def record_heartbeat(worker: str, name: str, started_at: datetime, at: datetime) -> None:
    """Record that a worker finished a round at ``at``, and forget those that have been silent for a day."""
    db.session.merge(Heartbeat(worker=worker, name=name, started_at=started_at, seen_at=at))
    delete_heartbeats(at - _FORGOTTEN_AFTER)
