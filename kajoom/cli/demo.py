"""``flask demo``: load the demonstration, and choose how its provider and panel respond."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from flask_security import hash_password

from kajoom import clock
from kajoom.cli.demo_behaviour import panel, payment, usage
from kajoom.config import Misconfigured
from kajoom.models.usage import reported_usage
from kajoom.operations.demo import DemoContext, HasClients, load_demonstration
from kajoom.worker.demonstration import set_usage


@click.group()
def demo() -> None:
    """The demonstration: its data, and how its payment provider and hosting panel respond."""


demo.add_command(payment)
demo.add_command(panel)
demo.add_command(usage)


@demo.command("load")
@with_appcontext
def load_command() -> None:
    """Upgrade the database, and load the demonstration into it if it is empty."""
    if not current_app.config["DEMONSTRATION"]:
        raise Misconfigured("KAJOOM_DEMO is missing: only the demonstration is loaded, and its passwords are public")
    upgrade()
    context = DemoContext(clock.today(), clock.now(), current_app.extensions["kajoom"].payments)
    try:
        if load_demonstration(Path(current_app.root_path) / "demo", context, hash_password):
            _report_usage()
            click.echo("The demonstration is loaded.")
    except HasClients as error:
        raise click.ClickException(str(error)) from None


def _report_usage() -> None:
    """Have the panel report the usage that the file of services has, so that the worker measures it."""
    for username, amounts in reported_usage().items():
        set_usage(current_app.extensions["kajoom"], username, amounts)
