"""The heartbeat of one worker."""

from __future__ import annotations

import os
import platform
from datetime import datetime, timedelta
from uuid import uuid4

from kajoom.operations.upkeep.heartbeat import record_heartbeat

INTERVAL = timedelta(seconds=20)


class Heartbeat:
    """Records when a worker last finished a round, at most once in ``INTERVAL``; each worker has its own."""

    def __init__(self) -> None:
        self._worker = uuid4().hex
        self._started_at: datetime | None = None
        self._last: datetime | None = None

    def beat(self, at: datetime) -> bool:
        """Record a round that was finished at ``at``, unless one was recorded just before; whether it was recorded."""
        if self._last is not None and timedelta(0) <= at - self._last < INTERVAL:
            return False
        self._started_at = self._started_at or at
        record_heartbeat(self._worker, f"{platform.node()}:{os.getpid()}", self._started_at, at)
        self._last = at
        return True
