"""`flask quote` answers line by line, without a configuration or a database."""

import json

from click.testing import CliRunner

from kajoom.cli.quote import quote_command

CASE = (
    b'{"id": "a", "old_price": "10.00", "old_cycle_months": "1", "new_price": "20.00", '
    b'"new_cycle_months": "1", "next_due": "2026-07-01", "on": "2026-06-16"}'
)


def test_every_line_is_answered_and_invalid_ones_do_not_stop_the_command() -> None:
    result = CliRunner().invoke(quote_command, input=b"\n".join([CASE, b"{bad", b"", b"\xff", CASE]))
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [answer.get("due_today", "error") for answer in answers] == ["5.75", "error", "error", "error", "5.75"]
