"""The mutations: for a piece of code, the small changes of meaning that a good test suite must notice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""For each comparison its neighbour at the boundary and its opposite."""

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}

FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}

UNWRAPPED = {"abs", "bool", "sorted"}
"""Functions whose call is replaced by its only argument."""

NONE = ast.Constant(None)


def mutations(node: ast.AST) -> Iterator[ast.AST]:
    """What this node is replaced by, one at a time; the mutations of its children are asked of the children."""
    for kind, operator in OPERATORS.items():
        if isinstance(node, kind):
            yield from operator(node)


def _changed(node: ast.AST, **fields: Any) -> ast.AST:
    """A shallow copy with some fields replaced."""
    other = copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _without(nodes: list[Any], index: int) -> list[Any]:
    return nodes[:index] + nodes[index + 1 :]


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for i, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield _changed(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def _arithmetic(node: ast.BinOp | ast.AugAssign) -> Iterator[ast.AST]:
    if other := ARITHMETIC.get(type(node.op)):
        yield _changed(node, op=other())


def _unary(node: ast.UnaryOp) -> Iterator[ast.AST]:
    yield node.operand


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    """``and`` for ``or``, and each operand left out."""
    yield _changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    for i in range(len(node.values)):
        rest = _without(node.values, i)
        yield _changed(node, values=rest) if len(rest) > 1 else rest[0]


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int():
            yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
        case str():
            yield ast.Constant(node.value + "!")


def _returned(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is not None and not _is_none(node.value):
        yield _changed(node, value=NONE)


def _statement(node: ast.stmt) -> Iterator[ast.AST]:
    """A statement that stands for its effect alone is left out."""
    if not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call):
        yield ast.Pass()


def _branch(node: ast.If | ast.IfExp | ast.While) -> Iterator[ast.AST]:
    """The condition never holds, or always (which no loop would survive)."""
    yield _changed(node, test=ast.Constant(False))
    if not isinstance(node, ast.While):
        yield _changed(node, test=ast.Constant(True))


def _call(node: ast.Call) -> Iterator[ast.AST]:
    yield from _arguments(node)
    yield from _function(node)


def _arguments(node: ast.Call) -> Iterator[ast.AST]:
    """Each argument by position becomes ``None``, each by keyword is left out."""
    for i, argument in enumerate(node.args):
        if not _is_none(argument) and not isinstance(argument, ast.Starred):
            yield _changed(node, args=[*node.args[:i], NONE, *node.args[i + 1 :]])
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield _changed(node, keywords=_without(node.keywords, i))


def _function(node: ast.Call) -> Iterator[ast.AST]:
    """A function is replaced by its opposite, or a call by what it was given."""
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in FUNCTIONS:
        yield _changed(node, func=ast.Name(FUNCTIONS[name], ast.Load()))
    if name in UNWRAPPED and len(node.args) == 1:
        yield node.args[0]
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        yield node.func.value


def _filter(node: ast.comprehension) -> Iterator[ast.AST]:
    """A condition of a comprehension is left out."""
    yield from (_changed(node, ifs=_without(node.ifs, i)) for i in range(len(node.ifs)))


def _elements(node: ast.Tuple | ast.List | ast.Set) -> Iterator[ast.AST]:
    """Each element of a display is left out."""
    if not isinstance(getattr(node, "ctx", None), ast.Store):
        yield from (_changed(node, elts=_without(node.elts, i)) for i in range(len(node.elts)))


def _entries(node: ast.Dict) -> Iterator[ast.AST]:
    """Each entry of a dictionary display is left out."""
    for i in range(len(node.keys)):
        yield _changed(node, keys=_without(node.keys, i), values=_without(node.values, i))


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


OPERATORS: dict[Any, Callable[[Any], Iterator[ast.AST]]] = {
    ast.Compare: _comparison,
    ast.BinOp | ast.AugAssign: _arithmetic,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Constant: _constant,
    ast.Return: _returned,
    ast.Expr | ast.AugAssign | ast.Raise | ast.Continue | ast.Break: _statement,
    ast.If | ast.IfExp | ast.While: _branch,
    ast.Call: _call,
    ast.comprehension: _filter,
    ast.Tuple | ast.List | ast.Set: _elements,
    ast.Dict: _entries,
}
"""For each kind of node what makes its mutations."""
