"""The revisions lay the very tables of the models, on each engine, and can be walked down and up again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import Connection, inspect

from kajoom import models
from kajoom.models.db import Base, db
from tests.architecture.files import ROOT
from tests.database import Databases

for room in iter_modules(models.__path__):
    import_module(f"{models.__name__}.{room.name}")  # a table is only known once its module is read

REVISIONS = str(ROOT / "migrations")
_NOTED = "alembic_version"

Laid = dict[str, dict[str, Any]]


@contextmanager
def house(databases: Databases, name: str) -> Iterator[None]:
    """A house whose database is empty."""
    plain = Flask("tests")
    plain.config["SQLALCHEMY_DATABASE_URI"] = databases(name).url
    db.init_app(plain)
    Migrate(plain, db, directory=REVISIONS, render_as_batch=True)
    with plain.app_context():
        yield
        db.engine.dispose()


@pytest.fixture
def empty(databases: Databases) -> Iterator[None]:
    """Nothing is laid yet."""
    with house(databases, "revisions"):
        yield


def asked(question: Callable[[Connection], Any]) -> Any:
    """What a connection to the database answers."""
    with db.engine.connect() as connection:
        return question(connection)


def tables_of(connection: Connection) -> Laid:
    """Every table with its columns, keys, indexes and checks, each under its name, as the engine describes them."""
    there = inspect(connection)
    return {table: _described(there, table) for table in there.get_table_names() if table != _NOTED}


def _described(there: Any, table: str) -> dict[str, Any]:
    columns = {each["name"]: (str(each["type"]), each["nullable"]) for each in there.get_columns(table)}
    checks = {each["name"]: _bare(each["sqltext"]) for each in there.get_check_constraints(table)}
    uniques = {each["name"]: each["column_names"] for each in there.get_unique_constraints(table)}
    indexes = {
        each["name"]: (each["column_names"], each["unique"], _condition(each)) for each in there.get_indexes(table)
    }
    foreign = {
        each["name"]: (each["constrained_columns"], each["referred_table"]) for each in there.get_foreign_keys(table)
    }
    keys = there.get_pk_constraint(table)["constrained_columns"]
    return {"columns": columns, "checks": checks, "uniques": uniques, "indexes": indexes, "of": foreign, "keys": keys}


def _condition(index: Any) -> str:
    """Where a partial index applies; each engine says it in its own words."""
    options = index.get("dialect_options", {})
    return _bare(str(next((value for name, value in options.items() if name.endswith("_where")), "")))


def _bare(sql: str) -> str:
    """SQLite keeps a condition as it was typed: quotes and blanks are not part of what it means."""
    return " ".join(sql.replace('"', "").split())


def changes_left(connection: Connection) -> list[Any]:
    """What Alembic would write into another revision."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata))


def test_the_revisions_lay_the_tables_of_the_models(databases: Databases, empty: None) -> None:
    with house(databases, "models"):
        db.create_all()
        modelled = asked(tables_of)

    upgrade(REVISIONS)

    assert asked(tables_of) == modelled


@pytest.mark.usefixtures("empty")
def test_alembic_finds_nothing_left_to_change() -> None:
    upgrade(REVISIONS)

    assert asked(changes_left) == []


@pytest.mark.usefixtures("empty")
def test_the_revisions_can_be_walked_down_to_nothing_and_up_again() -> None:
    upgrade(REVISIONS)
    laid = asked(tables_of)

    downgrade(REVISIONS, "base")
    assert asked(tables_of) == {}
    upgrade(REVISIONS)

    assert asked(tables_of) == laid


def test_there_is_one_last_revision() -> None:
    assert len(ScriptDirectory(REVISIONS).get_heads()) == 1
