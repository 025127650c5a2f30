"""A storm passes over the house, on each database, and nothing is lost and nothing is done twice."""

from __future__ import annotations

from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.chaos.storm import Scale, Storm
from tests.database import DatabaseFactory


def test_nothing_is_lost_and_nothing_is_done_twice_in_a_storm(
    create_database: DatabaseFactory, processes: ForkServerContext, tmp_path: Path
) -> None:
    """One over each database, of about three minutes; the larger ones are ``make storm``'s."""
    scale = Scale(changes=500, kills=60, seconds=600)

    tally = Storm(create_database("storm").url, tmp_path, scale, processes).run()

    assert tally.broken == []
    assert tally.results[500] == 0
    assert tally.changes >= scale.changes
    assert tally.killed.total() >= scale.kills
