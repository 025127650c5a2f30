"""The mutants of a module: its syntax tree with one small change, and the text of that change."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.mutants.operators import mutations

SKIPPED_FIELDS = {"annotation", "bases", "cause", "ctx", "decorator_list", "returns"}
"""Parts of the syntax that are never run, or only by the class machinery."""

MODULE = "(module)"
"""The scope of what stands in no function or class."""

CONTEXT = 30
"""How many characters are shown on each side of a change."""


@dataclass(frozen=True)
class Mutant:
    """One change in a function (or class, or ``MODULE``) and the text of it; no line number names it, so that an
    explanation of it outlives an edit elsewhere in the file."""

    module: str
    scope: str
    change: str
    line: int

    @property
    def function(self) -> str:
        """Where it is, written "usage.LimitChange.by"."""
        return f"{self.module}.{self.scope}"


@dataclass(frozen=True)
class _Place:
    """Where a node stands in its parent; ``index`` is ``None`` where the field holds one node and not a list."""

    node: ast.AST
    parent: ast.AST
    field: str
    index: int | None
    statement: ast.AST
    scope: str

    @property
    def line(self) -> int:
        line: int = getattr(self.node, "lineno", getattr(self.statement, "lineno", 0))
        return line

    @contextmanager
    def holding(self, node: ast.AST) -> Iterator[None]:
        """Put another node in this place, inside a ``with``."""
        self._put(node)
        try:
            yield
        finally:
            self._put(self.node)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants(module: str, source: str) -> Iterator[tuple[Mutant, ast.Module]]:
    """Every mutant of a module; the tree that comes with one is changed back when the next is asked for."""
    tree = ast.parse(source)
    for place in list(_places(tree, tree, MODULE)):
        statement = place.node if isinstance(place.node, ast.stmt) else place.statement
        before = _text(statement)
        for node in mutations(place.node):
            with place.holding(node):
                after = _text(node if statement is place.node else statement)
                mutant = Mutant(module, place.scope, difference(before, after), place.line)
                yield mutant, ast.fix_missing_locations(tree)


def difference(before: str, after: str) -> str:
    """The text of a change with a little of what is around it, cut between words: "… b > c -> … b >= c"."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    first = before.rfind(" ", 0, max(0, start - CONTEXT)) + 1
    last = before.find(" ", len(before) - end + CONTEXT)
    kept = len(before) - last if last >= 0 else 0
    left, right = "… " if first else "", " …" if kept else ""
    return " -> ".join(f"{left}{text[first : len(text) - kept]}{right}" for text in (before, after))


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


def _places(parent: ast.AST, statement: ast.AST, scope: str) -> Iterator[_Place]:
    """Every node that may be mutated, with the statement and the function or class it is in."""
    for field, value in ast.iter_fields(parent):
        if field in SKIPPED_FIELDS:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_skipped(parent, node):
                yield _Place(node, parent, field, index, statement, scope)
                yield from _places(node, node if isinstance(node, ast.stmt) else statement, _scope_of(node, scope))


def _scope_of(node: ast.AST, scope: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return node.name if scope == MODULE else f"{scope}.{node.name}"
    return scope


def _is_skipped(parent: ast.AST, node: ast.AST) -> bool:
    """Whether a node is left alone: it is not run, or it only names something."""
    match parent, node:
        case ast.ClassDef(), ast.Assign():  # the codes of an enum
            return any("Enum" in ast.unparse(base) for base in parent.bases)
        case (
            (_, ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()))  # among them docstrings
            | (_, ast.Assign(targets=[ast.Name(id="__all__")]))
            | (ast.Module(), ast.Assign(value=ast.Constant(value=str())))  # a code
            | (ast.Subscript(), ast.Tuple())  # a type, or several keys
            | (ast.Subscript(value=ast.Name(id="Mapping")), _)
            | (ast.Raise(exc=ast.Call(args=[ast.JoinedStr() | ast.Constant()])), ast.Call())  # the wording of an error
        ):
            return True
    return False


def _text(node: ast.AST) -> str:
    return re.sub(r"\s+", " ", ast.unparse(node))
