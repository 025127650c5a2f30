"""Days of a host that has moved, each figure of each day compared with an oracle: ten here, sixty by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.acts import simulate

pytestmark = pytest.mark.slow


def test_every_figure_of_ten_days_is_that_of_the_oracle(tmp_path: Path) -> None:
    compared = simulate(tmp_path, f"sqlite:///{tmp_path / 'kajoom.sqlite'}", days=10, seed=1)
    assert compared["days"] == 10
    assert min(compared[each] for each in ("services", "changes", "invoices", "credits", "e-mails")) > 1, compared
