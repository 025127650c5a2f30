"""How templates are compiled: the code does no more at each rendering than our templates need.

This is a subclass of Jinja's compiler, parts of which are not documented: ``tests/web/test_templates.py`` fails when an
upgrade changes them.
"""

from __future__ import annotations

from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, find_undeclared
from jinja2.runtime import Macro
from markupsafe import Markup, _escape_inner  # type: ignore[attr-defined]  # what escape itself calls

from kajoom.i18n.folding import ConstantFolding


def written(value: Any) -> str:
    """What a page shows of a value: markup as it is, anything else escaped.

    ``escape`` makes markup of each text, which nothing needs where texts are joined.
    """
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]  # Markup is a str
    return value.__html__() if hasattr(value, "__html__") else _escape_inner(str(value))


class PageCompiler(CodeGenerator):
    """Jinja's compiler, with constants folded, text collected in one list, functions and macros called directly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._macros: dict[str, Macro] = {}
        self._modules: dict[str, str] = {}
        self._written: nodes.Node | None = None

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802
        """Write the code of a template, its constants folded."""
        self.writeline("from operator import call")
        self.writeline(f"from {__name__} import written")
        folded = ConstantFolding(self.environment).visit(node)
        self._load_modules(folded)
        super().visit_Template(folded, frame)

    def _load_modules(self, node: nodes.Template) -> None:
        """Look for the files of imported macros once, when the template is loaded, unless files may change."""
        if self.environment.auto_reload:
            return
        for imported in node.find_all(nodes.FromImport):
            match imported:
                case nodes.FromImport(template=nodes.Const(value=str(name)), with_context=False) if (
                    name not in self._modules
                ):
                    self._modules[name] = f"module_{len(self._modules)}"
                    self.writeline(f"{self._modules[name]} = environment.get_template({name!r}).module")

    def enter_frame(self, frame: Frame) -> None:
        """Collect what a template or a block writes in one list: Jinja passes each piece through every template that
        the page extends."""
        if frame.parent is None:
            self.buffer(frame)
        super().enter_frame(frame)

    def leave_frame(self, frame: Frame, with_python_scope: bool = False) -> None:
        """Hand over the whole text at the end of a template or a block."""
        if frame.parent is None:
            self.writeline(f"yield concat({frame.buffer})")
        super().leave_frame(frame, with_python_scope)

    def _import_common(self, node: nodes.Import | nodes.FromImport, frame: Frame) -> None:
        """Import macros as every page has them; Jinja compares the globals of two templates at each import."""
        if node.with_context:
            super()._import_common(node, frame)
            return
        match node.template:
            case nodes.Const(value=name) if name in self._modules:
                self.write(self._modules[name])
                return
        self.write("environment.get_template(")
        self.visit(node.template, frame)
        self.write(f", {self.name!r}).module")

    def visit_FromImport(self, node: nodes.FromImport, frame: Frame) -> None:  # noqa: N802
        """Import macros, and know their arguments from here on."""
        match node:
            case nodes.FromImport(template=nodes.Const(value=str(name)), with_context=False):
                module = self.environment.get_template(name, self.name).module
                pairs = (each if isinstance(each, tuple) else (each, each) for each in node.names)
                self._macros.update({alias: getattr(module, name) for name, alias in pairs})
        super().visit_FromImport(node, frame)

    def visit_Macro(self, node: nodes.Macro, frame: Frame) -> None:  # noqa: N802
        """Write a macro, and know its arguments from here on."""
        special = find_undeclared(node.body, ("caller", "kwargs", "varargs"))
        arguments = [argument.name for argument in node.args]
        self._macros[node.name] = Macro(
            self.environment, str, node.name, arguments, "kwargs" in special, "varargs" in special, "caller" in special
        )
        super().visit_Macro(node, frame)

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802
        """Read an attribute by Python's own function; where there is none, Jinja looks for an item of that name."""
        self.write("(value if (value := getattr((owner := ")
        self.visit(node.node, frame)
        self.write(f"), {node.attr!r}, missing)) is not missing else environment.getattr(owner, {node.attr!r}))")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:  # noqa: N802
        """Call a function or a method of ours directly: none asks for the context, for which Jinja looks each time."""
        macro = self._macro_of(node)
        if macro is not None and macro.caller >= forward_caller:
            if node is not self._written:
                self.write("Markup" if frame.eval_ctx.autoescape else "str")
            self.write("(")
            caller = "caller" if forward_caller else "undefined('there is no caller', name='caller')"
            self._write_macro_call(macro, node, frame, caller)
            self.write(")")
        elif isinstance(node.node, nodes.EnvironmentAttribute | nodes.Getattr):
            self.write("call(")
            self.visit(node.node, frame)
            self.signature(node, frame)
            self.write(")")
        else:
            super().visit_Call(node, frame, forward_caller=forward_caller)

    def _macro_of(self, node: nodes.Node) -> Macro | None:
        """The macro that is called, if its arguments are known here."""
        match node:
            case nodes.Call(node=nodes.Name(name=name), dyn_args=None, dyn_kwargs=None) if name in self._macros:
                macro = self._macros[name]
                return None if macro.catch_kwargs or macro.catch_varargs else macro
        return None

    def _write_macro_call(self, macro: Macro, node: nodes.Call, frame: Frame, caller: str) -> None:
        """Call the function of a macro with its arguments in their order, instead of looking for them each time."""
        given = dict(zip(macro.arguments, node.args, strict=False)) | {each.key: each.value for each in node.kwargs}
        if len(given) != len(node.args) + len(node.kwargs) or not given.keys() <= set(macro.arguments):
            self.fail(f"macro {macro.name!r} takes other arguments", node.lineno)
        self.visit(node.node, frame)
        self.write("._func(")
        for name in macro.arguments:
            if name in given:
                self.visit(given[name], frame)
            else:
                self.write("missing")
            self.write(", ")
        if macro.caller:
            self.write(caller)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile:
            super()._output_child_pre(node, frame, finalize)
        elif self._macro_of(node) is not None:
            self._written = node  # the text of a macro is escaped already
            self.write("(")
        elif frame.eval_ctx.autoescape:
            self.write("written(")
        else:
            super()._output_child_pre(node, frame, finalize)
