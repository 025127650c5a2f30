"""Compile-time folding of templates: messages, icons and included files are put in place once, not at each
rendering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

_CONSTANT_FUNCTIONS = {"asset", "icon", "integrity"}
"""Template functions whose value does not change while the application runs."""

_CONSTANT_FORMATS = {"language", "other", "tag"}

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class ConstantFolding(NodeTransformer):
    """Replaces constant calls in a template's syntax tree by their value, in the language it is compiled for."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that NodeVisitor looks for
        """Replace ``_("…")`` by its translation and ``icon("…")`` by its markup, and name other functions directly."""
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name="_")):
                return self._translated(node)
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=value)]) if name in _CONSTANT_FUNCTIONS:
                function: Any = self.environment.globals[name]
                return nodes.Const(function(value), lineno=node.lineno)
            case nodes.Call(node=nodes.Name(name=name)) if callable(self.environment.globals.get(name)):
                node.node = nodes.EnvironmentAttribute(f"globals[{name!r}]", lineno=node.lineno)
        return node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:  # noqa: N802
        """Replace ``formats.tag`` by its value, which is one per language."""
        self.generic_visit(node)
        match node:
            case nodes.Getattr(node=nodes.Name(name="formats"), attr=name) if name in _CONSTANT_FORMATS:
                return nodes.Const(getattr(self.environment.formats, name), lineno=node.lineno)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        """Give a condition without ``else`` an empty text, where Jinja makes an undefined value each time."""
        self.generic_visit(node)
        if node.expr2 is None:
            node.expr2 = nodes.Const("", lineno=node.lineno)
        return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        """Put the values of a translated sentence between its parts, instead of formatting it."""
        self.generic_visit(node)
        node.nodes = [part for child in node.nodes for part in _parts(child)]
        return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802
        """Inline an included file, in a scope of its own.

        Not with ``auto_reload``: a change in the included file would not be noticed.
        """
        if self.environment.auto_reload:
            return node
        match node:
            case nodes.Include(template=nodes.Const(value=str(name)), with_context=True, ignore_missing=False):
                source, filename, _ = self._source(name)
                included = self.environment._parse(source, name, filename)
                return nodes.Scope(self.visit(included).body, lineno=node.lineno)
        return node

    def _source(self, name: str) -> tuple[str, str | None, object]:
        if self.environment.loader is None:
            raise LookupError(name)
        source: tuple[str, str | None, object] = self.environment.loader.get_source(self.environment, name)
        return source

    def _translated(self, node: nodes.Call) -> nodes.Node:
        match node.args:
            case [nodes.Const(value=str(message))]:
                translated = self.environment.formats.gettext(message)
                text = nodes.MarkSafeIfAutoescape(nodes.Const(translated), lineno=node.lineno)
            case _:
                raise TypeError(f"line {node.lineno}: _() takes one constant message")
        if not node.kwargs:
            return text
        pairs = [nodes.Pair(nodes.Const(pair.key), pair.value) for pair in node.kwargs]
        return nodes.Mod(text, nodes.Dict(pairs), lineno=node.lineno)


def _parts(node: nodes.Expr) -> Iterator[nodes.Expr]:
    """The parts of a sentence with placeholders, in order; anything else as it is."""
    match node:
        case nodes.Mod(
            left=nodes.MarkSafeIfAutoescape(expr=nodes.Const(value=text)), right=nodes.Dict(items=items)
        ) if "%" not in _PLACEHOLDER.sub("", text):
            values = {pair.key.as_const(): pair.value for pair in items}
            for index, part in enumerate(_PLACEHOLDER.split(text)):
                if index % 2:
                    yield values[part]
                elif part:
                    yield nodes.TemplateData(part, lineno=node.lineno)
        case _:
            yield node
