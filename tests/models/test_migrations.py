"""The migrations create the tables of the models on each engine, and can be downgraded and upgraded again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from shutil import copytree, ignore_patterns
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import Connection, MetaData, Table, inspect, text

from kajoom import models
from kajoom.models.db import Base, db
from kajoom.models.revision import latest_revision
from tests.architecture.files import ROOT
from tests.database import DatabaseFactory
from tests.factories import AT, ON

pytestmark = pytest.mark.slow

for module in iter_modules(models.__path__):
    import_module(f"{models.__name__}.{module.name}")  # importing a module adds its tables to the metadata

REVISIONS = str(ROOT / "migrations")
_VERSION_TABLE = "alembic_version"
_ENGINES = ("sqlite", "postgresql")

Schema = dict[str, dict[str, Any]]


@contextmanager
def empty_app(create_database: DatabaseFactory, name: str) -> Iterator[None]:
    """Push the context of an application whose database is empty."""
    app = Flask("tests")
    app.config["SQLALCHEMY_DATABASE_URI"] = create_database(name).url
    db.init_app(app)
    Migrate(app, db, directory=REVISIONS, render_as_batch=True)
    with app.app_context():
        yield
        db.session.remove()  # or its connection would outlive the engine
        db.engine.dispose()


@pytest.fixture
def empty(create_database: DatabaseFactory) -> Iterator[None]:
    """Push the context of an application on an empty database."""
    with empty_app(create_database, "revisions"):
        yield


def inspected(query: Callable[[Connection], Any]) -> Any:
    """Call ``query`` with a connection to the database."""
    with db.engine.connect() as connection:
        return query(connection)


def tables_of(connection: Connection) -> Schema:
    """Return the columns, keys, indexes and checks of every table, as the engine reports them."""
    inspector = inspect(connection)
    return {table: _schema_of(inspector, table) for table in inspector.get_table_names() if table != _VERSION_TABLE}


def _schema_of(inspector: Any, table: str) -> dict[str, Any]:
    columns = {each["name"]: (str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)}
    checks = {each["name"]: _normalised(each["sqltext"]) for each in inspector.get_check_constraints(table)}
    uniques = {each["name"]: each["column_names"] for each in inspector.get_unique_constraints(table)}
    indexes = {
        each["name"]: (each["column_names"], each["unique"], _condition(each)) for each in inspector.get_indexes(table)
    }
    foreign = {
        each["name"]: (each["constrained_columns"], each["referred_table"])
        for each in inspector.get_foreign_keys(table)
    }
    keys = inspector.get_pk_constraint(table)["constrained_columns"]
    return {"columns": columns, "checks": checks, "uniques": uniques, "indexes": indexes, "of": foreign, "keys": keys}


def _condition(index: Any) -> str:
    """Return the condition of a partial index, normalised; each engine formats it differently."""
    options = index.get("dialect_options", {})
    return _normalised(str(next((value for name, value in options.items() if name.endswith("_where")), "")))


def _normalised(sql: str) -> str:
    """Remove quotes and repeated spaces, which SQLite keeps as written."""
    return " ".join(sql.replace('"', "").split())


def pending_changes(connection: Connection) -> list[Any]:
    """Return the changes that Alembic would autogenerate."""
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata))


def test_migrations_create_the_tables_of_the_models(create_database: DatabaseFactory, empty: None) -> None:
    with empty_app(create_database, "models"):
        db.create_all()
        expected = inspected(tables_of)

    upgrade(REVISIONS)

    assert inspected(tables_of) == expected


@pytest.mark.usefixtures("empty")
def test_autogenerate_finds_no_change() -> None:
    upgrade(REVISIONS)

    assert inspected(pending_changes) == []


@pytest.mark.usefixtures("empty")
@pytest.mark.slow
def test_migrations_can_be_downgraded_to_base_and_upgraded_again() -> None:
    upgrade(REVISIONS)
    schema = inspected(tables_of)

    downgrade(REVISIONS, "base")
    assert inspected(tables_of) == {}
    upgrade(REVISIONS)

    assert inspected(tables_of) == schema


def insert(connection: Connection, name: str, **values: Any) -> None:
    """Insert a row in a table as it is in the database, with zero values for the other required columns."""
    zeros: dict[type, Any] = {int: 0, str: "", bool: False, date: ON, datetime: AT, object: {}}
    table = Table(name, MetaData(), autoload_with=connection)
    required = [column for column in table.columns if not column.nullable and column.server_default is None]
    row = {column.name: zeros[column.type.python_type] for column in required}
    connection.execute(table.insert().values({**row, **values}))


def insert_order(connection: Connection) -> None:
    """Insert an order with one step, and the rows it references."""
    insert(connection, "client", id=1)
    insert(connection, "product_group", id=1, charge="prorated")
    insert(connection, "plan", id=1, group_id=1)
    service = {"client_id": 1, "plan_id": 1, "status": "active", "cycle": "monthly", "quantity": 1, "anchor_day": 1}
    insert(connection, "service", id=1, **service)
    change = {"decision": "now", "direction": "upgrade", "from_cycle": "monthly", "to_cycle": "monthly"}
    links = {"client_id": 1, "service_id": 1, "from_plan_id": 1, "to_plan_id": 1}
    insert(connection, "order", id=1, status="completed", **change, **links)
    insert(connection, "order_step", order_id=1, event="needs_review", status="awaiting_provisioning")


_RECREATE = """
from alembic import op

revision, down_revision = "9999", "{newest}"


def upgrade():
    with op.batch_alter_table("order") as table:
        table.alter_column("reference", nullable=True)
"""


@pytest.mark.usefixtures("empty")
def test_upgrade_keeps_rows_that_reference_a_recreated_table(tmp_path: Path) -> None:
    """SQLite alters a column by recreating its table, which here the steps of an order reference."""
    upgrade(REVISIONS)
    with db.engine.begin() as connection:
        insert_order(connection)
    folder = tmp_path / "migrations"
    copytree(REVISIONS, folder, ignore=ignore_patterns("__pycache__"))
    revision = _RECREATE.format(newest=latest_revision(folder))
    (folder / "versions" / "9999_recreate.py").write_text(revision, "utf-8")

    upgrade(str(folder))

    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT order_id, event FROM order_step")).all() == [(1, "needs_review")]


def test_each_partial_index_of_a_revision_is_partial_on_both_engines() -> None:
    for path in (ROOT / "migrations" / "versions").glob("*.py"):
        source = path.read_text("utf-8")
        conditions = [re.findall(rf"{engine}_where=(.+?),?$", source, re.MULTILINE) for engine in _ENGINES]
        assert conditions[0] == conditions[1], path.name


def test_there_is_one_head_revision() -> None:
    assert ScriptDirectory(REVISIONS).get_heads() == [latest_revision(ROOT / "migrations")]
