"""A URL rule that compiles how an address is built when the first one is: a process builds few of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """Werkzeug's rule, which compiles two functions for each rule while views are registered: 6 % of a command's start.

    ``_compile_builder`` is not documented: ``tests/web/test_late_rule.py`` fails when an upgrade no longer calls it.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            return compiled()(rule, **values)

        return build
