"""Cancellation of a service: immediately or at the end of the paid period."""

from __future__ import annotations

from datetime import date
from enum import StrEnum


class CancellationWhen(StrEnum):
    """When the service ends, as chosen by the client."""

    NOW = "now"
    PERIOD_END = "period_end"


class CancellationStatus(StrEnum):
    """``OPEN`` until the service ends (``DONE``) or the client withdraws the request (``WITHDRAWN``)."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    DONE = "done"


def ends_on(when: CancellationWhen, on: date, due: date | None) -> date:
    """Return the first day without the service: ``on``, or the due date for ``PERIOD_END``, never earlier than ``on``.

    A service without a due date (free or one-time) ends ``on``.
    """
    if when is CancellationWhen.NOW or due is None:
        return on
    return max(on, due)
