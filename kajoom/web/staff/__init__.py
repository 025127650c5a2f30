"""The pages of staff: their tasks, and what they may look up and do for clients."""

from kajoom.web.staff import acts, client, credit, jobs, overdue, payments, queue, refuse, search
from kajoom.web.staff.access import bp, init_staff

__all__ = ["acts", "bp", "client", "credit", "init_staff", "jobs", "overdue", "payments", "queue", "refuse", "search"]
