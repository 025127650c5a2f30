"""What is left to the system that a host moves from: renewals until the day of the move, and what it has invoiced."""

from __future__ import annotations

from datetime import date

from kajoom.domain.catalog import Catalog
from kajoom.models.service import Service


def is_billed_here(service: Service, due: date, on: date, current: Catalog) -> bool:
    """Whether the renewal for ``due`` is ours to issue on the day ``on``, not that of the system before this one.

    A free service costs nothing in either. The renewal that a change brings with it is always ours.
    """
    invoiced = service.invoiced_until
    return (invoiced is None or invoiced <= due) and current.renewals.are_issued_on(on)
