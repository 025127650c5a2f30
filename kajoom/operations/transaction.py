"""A deed is one transaction: begun afresh, committed when it returns, rolled back whole when it raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import OperationalError

from kajoom.models.db import db, writing

Given = ParamSpec("Given")
Done = TypeVar("Done")

_TRIES = 3
# PostgreSQL ends one of two transactions that wait for each other, or that cannot both have been alone.
_LOST_TO_ANOTHER = frozenset({"40P01", "40001"})


def transactional(act: Callable[Given, Done]) -> Callable[Given, Done]:
    """Give a deed a transaction of its own, which no other deed is called within.

    What the caller read before is forgotten first, or the deed would believe it after taking its lock; a refusal or
    a fault leaves neither a lock nor half a change behind. A deed that the database ended in favour of another one is
    done again from its beginning, three times in all.
    """

    def once(*given: Given.args, **named: Given.kwargs) -> Done:
        db.session.rollback()
        try:
            with writing():
                done = act(*given, **named)
                db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
        return done

    @wraps(act)
    def alone(*given: Given.args, **named: Given.kwargs) -> Done:
        for _ in range(_TRIES - 1):
            try:
                return once(*given, **named)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in _LOST_TO_ANOTHER:
                    raise
        return once(*given, **named)

    return alone
