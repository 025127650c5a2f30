"""``flask db``: Flask-Migrate's commands. Nothing else loads it: Alembic takes 11 MB and a third of each start."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate import Migrate
from flask_migrate.cli import db as group

from kajoom.models.db import db as database


def init_migrations(app: Flask) -> None:
    """Let Flask-Migrate's functions find the application's tables and migrations."""
    Migrate(app, database, render_as_batch=True)


class _Migrations(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        """Run a command of Flask-Migrate."""
        init_migrations(ctx.ensure_object(ScriptInfo).load_app())
        return super().invoke(ctx)


db = _Migrations(group.name, commands=group.commands, params=group.params, callback=group.callback, help=group.help)
