"""Heartbeats of workers, from which the readiness check knows that one is running."""

from __future__ import annotations

from datetime import datetime, timedelta

from kajoom.domain.task import SILENT_AFTER, AlertKind
from kajoom.models.db import db
from kajoom.models.heartbeat import Heartbeat, delete_heartbeats, last_heartbeat
from kajoom.operations import outbox
from kajoom.operations.transaction import transactional

_FORGOTTEN_AFTER = timedelta(days=1)
"""A worker that has been silent for so long was stopped on purpose, or has a successor."""


@transactional
def record_heartbeat(worker: str, name: str, started_at: datetime, at: datetime) -> None:
    """Record that a worker finished a round at ``at``, and forget those that have been silent for a day.

    The first one after a silence of all workers writes to staff: nobody could while it lasted.
    """
    last = last_heartbeat()
    if last is not None and at - last > SILENT_AFTER:
        outbox.alert_staff(AlertKind.WORKER_SILENT, "workers", at, since=last.isoformat(), until=at.isoformat())
    db.session.merge(Heartbeat(worker=worker, name=name, started_at=started_at, seen_at=at))
    delete_heartbeats(at - _FORGOTTEN_AFTER)
