"""``flask demo``: load the demonstration, and choose how its provider and panel respond."""

from __future__ import annotations

import click

from kajoom.cli import LazyCommand
from kajoom.cli.demo_behaviour import panel, payment, usage


@click.group()
def demo() -> None:
    """The demonstration: its data, and how its payment provider and hosting panel respond."""


demo.add_command(
    LazyCommand(
        "load",
        "kajoom.cli.demo_load:load_command",
        "Upgrade the database, and load the demonstration into it if it is empty.",
    )
)
demo.add_command(payment)
demo.add_command(panel)
demo.add_command(usage)
