"""``flask demo load``: the tables, clients, services and history of the demonstration."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from flask_security import hash_password

from kajoom import clock
from kajoom.cli import add_pages
from kajoom.config import Misconfigured
from kajoom.models.usage import reported_usage
from kajoom.operations.demo import DemoContext, HasClients, load_demonstration
from kajoom.worker.demonstration import set_usage


@click.command("load")
@with_appcontext
def load_command() -> None:
    """Upgrade the database, and load the demonstration into it if it is empty."""
    if not current_app.config["DEMONSTRATION"]:
        raise Misconfigured("KAJOOM_DEMO is missing: only the demonstration is loaded, and its passwords are public")
    add_pages()  # which set up how passwords are hashed
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
