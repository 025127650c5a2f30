"""What a template says the same on every page is said when it is compiled: sentences, drawings, included files."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer

from kajoom.i18n.formats import Words

_UNCHANGING = {"asset", "icon", "integrity"}
"""What is called in templates and answers the same as long as the house runs."""


class Folding(NodeTransformer):
    """Puts each constant where a template calls for it, in the language the template is compiled for."""

    def __init__(self, environment: Environment, spoken: Words) -> None:
        self.environment = environment
        self.spoken = spoken

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the name the visitor looks for
        """``_("…")`` becomes its sentence, ``icon("…")`` its drawing."""
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name="_")):
                return self._said(node)
            case nodes.Call(node=nodes.Name(name=name), args=[nodes.Const(value=value)]) if name in _UNCHANGING:
                answer: Any = self.environment.globals[name]
                return nodes.Const(answer(value), lineno=node.lineno)
        return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802
        """A named file is read in here, with a scope of its own: it need not be looked up and entered each time.

        Not while templates are being worked on: a change in that file would not be seen from here.
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

    def _said(self, node: nodes.Call) -> nodes.Node:
        match node.args:
            case [nodes.Const(value=str(said))]:
                text = nodes.MarkSafeIfAutoescape(nodes.Const(self.spoken.gettext(said)), lineno=node.lineno)
            case _:
                raise TypeError(f"line {node.lineno}: _() says one constant sentence")
        if not node.kwargs:
            return text
        pairs = [nodes.Pair(nodes.Const(pair.key), pair.value) for pair in node.kwargs]
        return nodes.Mod(text, nodes.Dict(pairs), lineno=node.lineno)
