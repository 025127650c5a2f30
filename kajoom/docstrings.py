"""Docstrings, which nobody reads in a server."""

from __future__ import annotations

import dis
import gc
from contextlib import suppress
from types import CodeType, FunctionType, ModuleType

_FIRST_CONSTANT = [bytes((operation, 0)) for operation in dis.hasconst]
"""The instructions that load the first constant of a function."""


def forget_docstrings() -> None:
    """Free the docstrings of all that is imported, a tenth of it; what is loaded later takes their place."""
    gc.unfreeze()
    for found in gc.get_objects():
        kind = type(found)  # not isinstance(), which asks a proxy what it stands for
        if kind is FunctionType and found.__doc__:
            found.__code__ = _without_docstring(found.__code__)
            found.__doc__ = None
        elif issubclass(kind, type | ModuleType):
            with suppress(AttributeError, TypeError):  # one that is not written in Python
                found.__doc__ = None


def _without_docstring(code: CodeType) -> CodeType:
    """The code of a function, whose docstring is its first constant, unless it uses that text itself."""
    if any(instruction in code.co_code for instruction in _FIRST_CONSTANT):
        return code
    return code.replace(co_consts=(None, *code.co_consts[1:]))
