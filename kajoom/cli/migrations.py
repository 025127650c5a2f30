"""Flask-Migrate on the application's database, loaded when a migration runs."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules, resolve_name
from typing import Any

from flask import Flask

from kajoom import models
from kajoom.models.db import db


class _MigrateOnDemand:
    """Flask-Migrate's entry in ``app.extensions``; the first use of it imports Flask-Migrate, and Alembic with it.

    They take 11 MB and a third of each start, and a process that serves pages runs no migration.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        for module in iter_modules(models.__path__, f"{models.__name__}."):
            import_module(module.name)  # Alembic compares all tables with the database
        migrate = resolve_name("flask_migrate:Migrate")
        migrate(self._app, db, render_as_batch=True)  # puts its own entry in the place of this one
        return getattr(self._app.extensions["migrate"], name)


def init_migrations(app: Flask) -> None:
    """Let the functions and commands of Flask-Migrate find the application's tables and migrations."""
    app.extensions["migrate"] = _MigrateOnDemand(app)
