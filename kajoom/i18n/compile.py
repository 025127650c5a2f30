"""Compile-time folding of templates: messages, icons and included files are put in place once, not at each
rendering."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from kajoom.i18n.formats import Formats

_CONSTANT_FUNCTIONS = {"asset", "icon", "integrity"}
"""Template functions whose value does not change while the application runs."""


class ConstantFolding(NodeTransformer):
    """Replaces constant calls in a template's syntax tree by their value, in the language it is compiled for."""

    def __init__(self, environment: Environment, formats: Formats) -> None:
        self.environment = environment
        self.formats = formats

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name that NodeVisitor looks for
        """Replace ``_("…")`` by its translation and ``icon("…")`` by its markup."""
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name="_")):
                return self._translated(node)
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=value)]) if name in _CONSTANT_FUNCTIONS:
                function: Any = self.environment.globals[name]
                return nodes.Const(function(value), lineno=node.lineno)
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
        return self.environment.loader.get_source(self.environment, name)

    def _translated(self, node: nodes.Call) -> nodes.Node:
        match node.args:
            case [nodes.Const(value=str(message))]:
                text = nodes.MarkSafeIfAutoescape(nodes.Const(self.formats.gettext(message)), lineno=node.lineno)
            case _:
                raise TypeError(f"line {node.lineno}: _() takes one constant message")
        if not node.kwargs:
            return text
        pairs = [nodes.Pair(nodes.Const(pair.key), pair.value) for pair in node.kwargs]
        return nodes.Mod(text, nodes.Dict(pairs), lineno=node.lineno)
