"""What import-linter and ruff cannot check: where SQL, commits and the time belong, and how long modules may be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, layer_of, modules, relative

MAX_FILE_LINES = 260
MAX_FUNCTION_LINES = 40
MAX_OPERATIONS_FILES = 8
MAX_OPERATIONS_ENTRIES = 14
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
SQL = {"select", "update", "insert", "delete", "text"}
SESSION = {"execute", "scalar", "scalars", "query"}
TIME = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.localtime",
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def hidden_imports(tree: ast.AST) -> Iterator[str]:
    """Relative imports, star imports, and imports inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield f"line {node.lineno}: relative import"
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield f"line {node.lineno}: star import"
        if isinstance(node, FUNCTIONS):
            inner = (each for each in ast.walk(node) if isinstance(each, ast.Import | ast.ImportFrom))
            yield from (f"line {each.lineno}: import inside {node.name}()" for each in inner)


def commits(tree: ast.AST) -> Iterator[str]:
    """Commits of a transaction."""
    yield from (f"line {line}: {name}" for line, name in _attributes(tree) if name.split(".")[-1] == "commit")


def sql(tree: ast.AST) -> Iterator[str]:
    """SQL statements built or executed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy"):
            yield from (f"line {node.lineno}: {alias.name}" for alias in node.names if alias.name in SQL)
    names = {f"session.{verb}" for verb in SESSION} | {f"db.{verb}" for verb in SQL}
    yield from (f"line {line}: {name}" for line, name in _attributes(tree) if _last_two(name) in names)


def time_readings(tree: ast.AST) -> Iterator[str]:
    """Readings of the current time or day."""
    yield from (f"line {line}: {name}" for line, name in _attributes(tree) if _last_two(name) in TIME)


def _attributes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    yield from ((node.lineno, ast.unparse(node)) for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def _last_two(name: str) -> str:
    return ".".join(name.split(".")[-2:])


def too_long(text: str) -> Iterator[str]:
    """A file or a function that is longer than the limits."""
    if (lines := len(text.splitlines())) > MAX_FILE_LINES:
        yield f"{lines} lines in the file"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTIONS) and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES:
            yield f"line {node.lineno}: {lines} lines in {node.name}()"


@pytest.mark.parametrize(
    "text", ["from . import order", "from os import *", "def f():\n    import os", "def f():\n    from os import path"]
)
def test_a_hidden_import_is_found(text: str) -> None:
    assert list(hidden_imports(ast.parse(text)))


@pytest.mark.parametrize("text", ["db.session.commit()", "connection.commit()"])
def test_a_commit_is_found(text: str) -> None:
    assert list(commits(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import or_, select",
        "from sqlalchemy.dialects.postgresql import insert",
        "db.session.execute(query)",
        "db.select(Order)",
    ],
)
def test_sql_is_found(text: str) -> None:
    assert list(sql(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "default_factory = date.today", "time.time()"],
)
def test_a_reading_of_the_time_is_found(text: str) -> None:
    assert list(time_readings(ast.parse(text)))


def test_a_long_file_and_a_long_function_are_found() -> None:
    assert list(too_long("x = 1\n" * 261))
    assert list(too_long("def f():\n" + "    x = 1\n" * 40))
    assert not list(too_long("def f():\n" + "    x = 1\n" * 39 + "y = 1\n" * 220))


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_module_keeps_the_rules_of_its_layer(path: Path) -> None:
    text, layer = path.read_text(), layer_of(path)
    tree = ast.parse(text)
    assert not list(hidden_imports(tree))
    assert not list(too_long(text))
    assert layer == "operations" or not list(commits(tree))
    assert layer == "models" or not list(sql(tree))
    assert layer == "clock" or not list(time_readings(tree))


def test_no_module_has_a_vague_name() -> None:
    assert not [path for path in modules() if VAGUE_NAMES & {*path.relative_to(ROOT).parts, path.stem}]


def test_operations_is_not_crowded() -> None:
    folder = ROOT / "kajoom" / "operations"
    entries = [path for path in folder.iterdir() if path.stem not in {"__init__", "__pycache__"}]
    assert len([path for path in entries if path.is_file()]) <= MAX_OPERATIONS_FILES
    assert len(entries) <= MAX_OPERATIONS_ENTRIES
