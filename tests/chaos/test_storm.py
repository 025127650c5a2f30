"""Clients, workers and web processes under random kills and faults, on each database."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.chaos.storm import Scale, Storm
from tests.database import DatabaseFactory


def test_nothing_is_lost_and_nothing_is_done_twice_under_random_kills(
    create_database: DatabaseFactory, processes: ForkServerContext, tmp_path: Path
) -> None:
    """About three minutes for each database; ``make storm`` runs larger ones."""
    # Ends by count; the time only stops a storm that makes no progress.
    scale = Scale(changes=500, kills=60, seconds=1500)

    result = Storm(create_database("storm").url, tmp_path, scale, processes).run()

    assert result.violations == []
    assert result.statuses[500] == 0
    assert result.changes >= scale.changes
    assert result.kills.total() >= scale.kills
