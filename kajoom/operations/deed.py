"""A deed is one transaction: begun afresh, committed when it returns, rolled back whole when it raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from kajoom.models.db import db

Given = ParamSpec("Given")
Done = TypeVar("Done")


def deed(act: Callable[Given, Done]) -> Callable[Given, Done]:
    """Give a deed a transaction of its own, which no other deed is called within.

    What the caller read before is forgotten first, or the deed would believe it after taking its lock; a refusal or
    a fault leaves neither a lock nor half a change behind.
    """

    @wraps(act)
    def alone(*given: Given.args, **named: Given.kwargs) -> Done:
        db.session.rollback()
        try:
            done = act(*given, **named)
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        return done

    return alone
