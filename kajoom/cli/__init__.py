"""The operator's commands. Each calls one operation, prints its result and sets the exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

import click
from flask import Flask
from flask.cli import AppGroup

from kajoom.models.db import db

COMMANDS = {
    "accounts": "kajoom.cli.accounts:accounts",
    "audit": "kajoom.cli.audit:audit",
    "bill": "kajoom.cli.bill:bill",
    "catalog": "kajoom.cli.catalog:catalog_command",
    "db": "flask_migrate.cli:db",
    "demo": "kajoom.cli.demo:demo",
    "due": "kajoom.cli.due:due_command",
    "export": "kajoom.cli.export:export",
    "import": "kajoom.cli.imports:import_command",
    "jobs": "kajoom.cli.jobs:jobs",
    "mail": "kajoom.cli.mail:mail",
    "quote": "kajoom.cli.quote:quote_command",
    "staff": "kajoom.cli.staff:staff",
    "words": "kajoom.cli.words:words_command",
    "work": "kajoom.cli.work:work",
}
"""Where each command is."""


class CommandGroup(AppGroup):
    """The commands of an application: the module of a command is imported when the command is used.

    A web process thus does not load what only commands need, such as pydantic and Alembic.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or ``None``; ``UsageError`` when an argument is not UTF-8, which no database stores."""
        if not _is_utf8(sys.argv):
            raise click.UsageError("An argument is not valid UTF-8.")
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = resolve_name(COMMANDS[cmd_name])
        return command


def end_command(app: Flask) -> None:
    """Close the connections to the database, and leave what is in memory to the system.

    Python would first look through all of it for what can be deleted, which takes a quarter of a short command's time.
    """
    with app.app_context():
        db.engine.dispose()
    gc.freeze()


def _is_utf8(arguments: Sequence[str]) -> bool:
    """Whether Python could decode the arguments; it puts lone surrogates in the place of other bytes."""
    return not any("\ud800" <= character <= "\udfff" for argument in arguments for character in argument)
