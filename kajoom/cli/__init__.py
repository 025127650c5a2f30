"""The operator's commands. Each calls one operation, prints its result and sets the exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from pkgutil import resolve_name
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from kajoom.models.db import db

COMMANDS = {
    "accounts": (
        "kajoom.cli.accounts:accounts",
        "The accounts of clients: invitations, lost second factors, copies of what is held about a client, and "
        "erasure.",
    ),
    "audit": (
        "kajoom.cli.audit:audit",
        "The audit: the acts of staff, documents, payments and account changes, each sealed by a worker.",
    ),
    "bill": (
        "kajoom.cli.bill:bill",
        "Issue renewals, start scheduled changes, expire unpaid orders, end cancelled services, and send reminders.",
    ),
    "catalog": ("kajoom.cli.catalog:catalog_command", "The host's catalogue: what is sold, and at what price."),
    "db": ("flask_migrate.cli:db", "Perform database migrations."),
    "demo": (
        "kajoom.cli.demo:demo",
        "The demonstration: its data, and how its payment provider and hosting panel respond.",
    ),
    "due": (
        "kajoom.cli.due:due_command",
        "Print the due dates that follow a cycle begun on the anchor, one per line.",
    ),
    "export": (
        "kajoom.cli.export:export",
        "Write the documents, payments or account credit of a period as CSV.",
    ),
    "import": (
        "kajoom.cli.imports:import_command",
        "Import clients and services from the files of the host's billing system.",
    ),
    "jobs": (
        "kajoom.cli.jobs:jobs",
        "What the workers have to do: e-mails, changes at the panel, payments to look up, parts of a day's work.",
    ),
    "mail": ("kajoom.cli.mail:mail", "The e-mails that clients receive."),
    "quote": (
        "kajoom.cli.quote:quote_command",
        "Answer each case read from the standard input, one line of JSON for one line of JSON.",
    ),
    "roles": ("flask_security.cli:roles", "Role commands."),
    "staff": (
        "kajoom.cli.staff:staff",
        "The host's staff: their accounts, changes to make, services to suspend or end, payments, credit, refunds.",
    ),
    "users": ("flask_security.cli:users", "User commands."),
    "words": ("kajoom.cli.words:words_command", "The messages of the pages and e-mails, in French and in English."),
    "work": (
        "kajoom.cli.work:work",
        "Carry out changes, settle payments and send e-mails, until stopped (SIGTERM or Ctrl+C).",
    ),
}
"""Where each command is, and the first sentence of its help, which ``flask --help`` lists without importing it."""

WITH_PAGES = frozenset({"roles", "users"})
"""The commands that use Flask-Security, which is set up with the pages. The others do without: e-mails need no page."""


class LazyCommand(click.Command):
    """A command whose module is imported when the command is used, after the pages if it needs them."""

    def __init__(self, name: str, path: str, summary: str, add_pages: Callable[[], None] | None = None) -> None:
        super().__init__(name, help=summary)
        self._path = path
        self._add_pages = add_pages

    def load(self) -> click.Command:
        """The command itself."""
        if self._add_pages is not None:
            self._add_pages()
        gc.disable()  # as in app.py: what is imported stays
        try:
            command: click.Command = resolve_name(self._path)
        finally:
            gc.freeze()
            gc.enable()
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """A context of the command itself, which click then invokes."""
        return self.load().make_context(info_name, args, parent, **extra)


class CommandGroup(AppGroup):
    """The commands of an application: the module of a command is imported when the command is used.

    A web process thus does not load what only commands need, such as pydantic and Alembic, and a command does not load
    the pages: ``add_pages``, when given, adds them to the application for a command that needs them.
    """

    def __init__(self, name: str, add_pages: Callable[[], None] | None = None) -> None:
        super().__init__(name)
        self._add_pages = add_pages

    def add_pages(self) -> None:
        """Add the pages that the application has not got yet."""
        add, self._add_pages = self._add_pages, None
        if add is not None:
            add()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, or ``None``; ``UsageError`` when an argument is not UTF-8, which no database stores."""
        if not _is_utf8(sys.argv):
            raise click.UsageError("An argument is not valid UTF-8.")
        if cmd_name in COMMANDS:
            return LazyCommand(cmd_name, *COMMANDS[cmd_name], self.add_pages if cmd_name in WITH_PAGES else None)
        self.add_pages()  # with which an extension may add its commands
        return super().get_command(ctx, cmd_name)


def add_pages() -> None:
    """Add the pages to the current application, for a command that needs them in one case only."""
    if isinstance(current_app.cli, CommandGroup):
        current_app.cli.add_pages()


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
