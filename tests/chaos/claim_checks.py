"""An independent check of every claim: what is about to be captured is exactly what its invoice owes in that commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, inspect

from kajoom.domain.invoice import InvoiceStatus
from kajoom.models.db import db
from kajoom.models.payment import Attempt


@contextmanager
def watch_claims(report: Callable[[str], object]) -> Iterator[None]:
    """Call ``report`` for each attempt that is claimed although its invoice does not owe its amount.

    A new attempt, and one whose capture is claimed, is in flight from that commit on.
    """

    def check(session: Any, *_: Any) -> None:
        for attempt in {*session.new, *session.dirty}:
            if isinstance(attempt, Attempt) and any(inspect(attempt).attrs.in_flight_since.history.added or ()):
                invoice = attempt.invoice
                if invoice.status is not InvoiceStatus.OPEN or invoice.balance != attempt.amount:
                    owed = f"{invoice.number} is {invoice.status} and owes {invoice.balance}"
                    report(f"attempt {attempt.key} claims {attempt.amount}, and invoice {owed}")

    event.listen(db.session, "before_flush", check)
    try:
        yield
    finally:
        event.remove(db.session, "before_flush", check)
