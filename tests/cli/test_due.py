"""`flask due` lists due dates, without a configuration or a database."""

import pytest
from click.testing import CliRunner

from kajoom.cli.due import due_command


def test_due_dates_keep_the_anchor_day_after_a_short_month() -> None:
    result = CliRunner().invoke(due_command, ["--anchor", "2026-01-31", "--cycle-months", "1", "--count", "3"])
    assert result.output.split() == ["2026-02-28", "2026-03-31", "2026-04-30"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--anchor", "2026-02-30", "--cycle-months", "1"], "no such day"),
        (["--anchor", "2026-01-31", "--cycle-months", "5"], "'5' is not one of"),
        (["--anchor", "2026-01-31", "--cycle-months", "1", "--count", "0"], "--count"),
        (["--anchor", "9990-01-31", "--cycle-months", "36", "--count", "12"], "outside the calendar"),
        (["--cycle-months", "1"], "Missing option '--anchor'"),
    ],
)
def test_invalid_options_are_a_usage_error(arguments: list[str], named: str) -> None:
    result = CliRunner().invoke(due_command, arguments)
    assert result.exit_code != 0
    assert named in result.output
