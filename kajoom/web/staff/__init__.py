"""The pages of staff: their tasks, and what they may look up and do for clients."""

from kajoom.web.staff import (
    acts,
    client,
    credit,
    differences,
    exports,
    jobs,
    overdue,
    payments,
    queue,
    refuse,
    search,
    suspension,
    terms,
)
from kajoom.web.staff.access import bp, init_staff

__all__ = [
    "acts", "bp", "client", "credit", "differences", "exports", "init_staff", "jobs", "overdue", "payments", "queue",
    "refuse", "search", "suspension", "terms",
]  # fmt: skip
