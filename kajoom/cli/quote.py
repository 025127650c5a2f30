"""``flask quote``: price changes of plan, without a database or a configuration."""

from __future__ import annotations

import sys

import click

from kajoom.cli.quote_case import answer_line


@click.command("quote")
def quote_command() -> None:
    """Answer each case read from the standard input, one line of JSON for one line of JSON."""
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        out.write(answer_line(line) + b"\n")
        out.flush()
