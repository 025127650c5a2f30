"""`flask quote` and `flask due` need neither a configuration nor a database."""

import json

import pytest
from click.testing import CliRunner

from kajoom.cli.quote import due_command, quote_command

CASE = (
    b'{"id": "a", "old_price": "10.00", "old_cycle_months": "1", "new_price": "20.00", '
    b'"new_cycle_months": "1", "next_due": "2026-07-01", "on": "2026-06-16"}'
)


def test_every_line_is_answered_and_invalid_ones_do_not_stop_the_command() -> None:
    result = CliRunner().invoke(quote_command, input=b"\n".join([CASE, b"{bad", b"", b"\xff", CASE]))
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [answer.get("due_today", "error") for answer in answers] == ["5.75", "error", "error", "error", "5.75"]


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
