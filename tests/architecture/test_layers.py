"""Who may import whom, and which deed is done in which room only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, modules, named

# For each room what it may import besides itself and the standard library; a name stands for all that is under it.
MAY_IMPORT: dict[str, set[str]] = {
    "clock": {"flask.current_app"},
    "config": set(),
    "domain": set(),
    "models": {
        "flask.current_app", "kajoom.domain", "sqlalchemy", "flask_sqlalchemy", "flask_security.RoleMixin",
        "flask_security.UserMixin",
    },
    # A deed names the faults of the database it expects: two clients at once are told apart by them.
    "operations": {
        "kajoom.domain", "kajoom.models", "kajoom.gateways.ports", "email_validator", "pydantic", "sqlalchemy.exc",
        "sqlalchemy.orm.exc",
    },
    "gateways": {"kajoom.domain", "cryptography", "httpx2"},
    "i18n": {"kajoom.domain", "kajoom.models", "babel", "flask", "flask_babel", "jinja2", "markupsafe"},
    "worker": {
        "kajoom.clock", "kajoom.domain", "kajoom.i18n", "kajoom.models", "kajoom.operations", "kajoom.gateways",
        "babel", "flask", "flask_babel",
    },
    "web": {
        "kajoom.clock", "kajoom.domain", "kajoom.i18n", "kajoom.models", "kajoom.operations",
        "babel", "flask", "flask_babel", "flask_limiter", "flask_login", "flask_principal", "flask_security",
        "flask_wtf", "jinja2", "limits", "markupsafe", "passlib.hash", "werkzeug", "wtforms",
    },
    "cli": {
        "kajoom.clock", "kajoom.config", "kajoom.domain", "kajoom.i18n", "kajoom.models", "kajoom.operations",
        "kajoom.worker",
        "babel", "click", "flask", "flask_migrate", "flask_security.hash_password",
    },
}  # fmt: skip
ROOMS = sorted(MAY_IMPORT)

OUTSIDE_WORLD = {
    "asyncio", "http", "io", "locale", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
NO_NOUN = {"utils", "util", "helpers", "helper", "common", "misc"}
SQL = {"select", "update", "insert", "delete", "text"}
TIME = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def imports_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the full name of everything imported: ``from kajoom import clock`` is ``kajoom.clock``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def forbidden_imports(tree: ast.AST, room: str) -> Iterator[str]:
    """What the room imports and may not."""
    allowed = MAY_IMPORT[room] | {f"kajoom.{room}"}
    for line, name in imports_in(tree):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names:
            if room == "domain" and top in OUTSIDE_WORLD:
                yield f"line {line}: domain/ knows nothing of the outside world, so not {top}"
        elif not any(name == each or name.startswith(f"{each}.") for each in allowed):
            yield f"line {line}: {room} may not import {name}"


def misplaced_imports(tree: ast.AST) -> Iterator[str]:
    """Imports that are relative, of everything, or hidden in a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}: a relative import; say the whole name"
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield f"line {node.lineno}: an import of everything; say the names"
        if isinstance(node, FUNCTIONS):
            inner = (each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom))
            yield from (f"line {each.lineno}: an import inside {node.name}(); put it on top" for each in inner)


def misplaced_deeds(tree: ast.AST, room: str) -> Iterator[str]:
    """A commit outside ``operations``, SQL outside ``models``, a clock read outside ``clock``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and room != "models" and (node.module or "").startswith("sqlalchemy"):
            yield from (f"line {node.lineno}: SQL outside models: {a.name}" for a in node.names if a.name in SQL)
        if not isinstance(node, ast.Attribute):
            continue
        said = ast.unparse(node)
        last_two = ".".join(said.split(".")[-2:])
        if node.attr == "commit" and room != "operations":
            yield f"line {node.lineno}: only operations commit: {said}"
        if last_two in TIME and room != "clock":
            yield f"line {node.lineno}: only the clock reads the time: {said}"
        on_session = last_two in {f"session.{verb}" for verb in ("execute", "scalar", "scalars", "query")}
        if room != "models" and (on_session or last_two in {f"db.{verb}" for verb in SQL}):
            yield f"line {node.lineno}: SQL outside models: {said}"


def too_long(text: str) -> Iterator[str]:
    """A file over 260 lines, or a function over 40: two nouns in one room."""
    if (lines := len(text.splitlines())) > 260:
        yield f"{lines} lines, and a file has 260 at most"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTIONS) and (lines := (node.end_lineno or 0) - node.lineno + 1) > 40:
            yield f"line {node.lineno}: {node.name}() has {lines} lines, and a function has 40 at most"


def room_of(path: Path) -> str:
    """The room a module of ``kajoom/`` is in: its folder, or its own name where it stands alone."""
    return path.relative_to(ROOT / "kajoom").parts[0].removesuffix(".py")


def nameless(path: Path, tree: ast.Module) -> Iterator[str]:
    """A module that does not say what is true of it, or is named for no noun."""
    if not (ast.get_docstring(tree) or "").strip():
        yield "opens with no docstring that says what is true of it"
    if NO_NOUN & {part.removesuffix(".py") for part in path.parts}:
        yield "is named for no noun; find what it is about"


BAD_IMPORTS = [
    ("domain", "import os"),
    ("domain", "from datetime import date\nimport sqlalchemy"),
    ("domain", "from kajoom.models.db import db"),
    ("domain", "from kajoom import clock"),
    ("models", "from flask import request"),
    ("models", "from flask_security import current_user"),
    ("operations", "from kajoom import clock"),
    ("operations", "from kajoom.gateways import mail"),
    ("operations", "from sqlalchemy.orm import Session"),
    ("operations", "from flask_babel import gettext"),
    ("gateways", "from kajoom.models.order import Order"),
    ("web", "from kajoom.gateways.mail import mailer"),
    ("web", "if TYPE_CHECKING:\n    from kajoom.gateways.ports import Panel"),
    ("worker", "from kajoom.web.words import Words"),
    ("cli", "import kajoom.web.plan"),
    ("config", "from kajoom.clock import zone"),
    ("models", "import app"),
]


@pytest.mark.parametrize(("room", "text"), BAD_IMPORTS)
def test_the_import_table_catches(room: str, text: str) -> None:
    assert list(forbidden_imports(ast.parse(text), room))


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("operations", "from kajoom.gateways.ports import Panel\nfrom sqlalchemy.exc import IntegrityError"),
        ("operations", "from kajoom.operations import outbox"),
        ("models", "from flask_security import RoleMixin, UserMixin"),
        ("web", "from kajoom import clock\nfrom flask import request"),
    ],
)
def test_the_import_table_allows(room: str, text: str) -> None:
    assert not list(forbidden_imports(ast.parse(text), room))


@pytest.mark.parametrize(
    "text", ["from . import order", "from os import *", "def f():\n    import os", "def f():\n    from os import path"]
)
def test_the_rule_of_imports_catches(text: str) -> None:
    assert list(misplaced_imports(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "db.session.commit()",
        "connection.commit()",
        "from sqlalchemy import or_, select",
        "from sqlalchemy.dialects.postgresql import insert",
        "db.session.execute(query)",
        "db.select(Order)",
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "date.today()",
        "default_factory = date.today",
        "time.time()",
    ],
)
def test_the_rule_of_deeds_catches(text: str) -> None:
    assert list(misplaced_deeds(ast.parse(text), "web"))


def test_the_rule_of_sizes_catches() -> None:
    assert list(too_long("x = 1\n" * 261))
    assert list(too_long("def f():\n" + "    x = 1\n" * 40))
    assert not list(too_long("def f():\n" + "    x = 1\n" * 39 + "y = 1\n" * 220))


def test_the_rule_of_names_catches() -> None:
    told = ast.parse('"""Told."""')
    assert list(nameless(Path("kajoom/web/order.py"), ast.parse("x = 1")))
    assert list(nameless(Path("kajoom/web/utils.py"), told))
    assert list(nameless(Path("kajoom/common/order.py"), told))
    assert not list(nameless(Path("kajoom/web/order.py"), told))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_of_the_house_is_there(room: str) -> None:
    found = [path for path in modules() if room_of(path) == room]
    assert found, f"kajoom/{room} is missing, or holds no module"


def test_there_is_no_room_besides() -> None:
    rooms = {room_of(path) for path in modules()} - {"__init__"}
    assert rooms <= set(ROOMS), f"not in the import table: {sorted(rooms - set(ROOMS))}"


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_module_keeps_the_rules_of_its_room(path: Path) -> None:
    text, room = path.read_text(), room_of(path)
    tree = ast.parse(text)
    faults = [*misplaced_imports(tree), *nameless(path.relative_to(ROOT), tree), *too_long(text)]
    if room != "__init__":
        faults += [*forbidden_imports(tree, room), *misplaced_deeds(tree, room)]
    assert not faults, f"{named(path)}: " + "; ".join(faults)


def test_the_application_is_put_together_in_one_file() -> None:
    assert (ROOT / "app.py").is_file(), "app.py is missing: it puts the house together"
