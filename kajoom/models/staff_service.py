"""A service of any client as staff see it, with what is to be paid for it."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload

from kajoom.models.catalog import Plan
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.service import Service
from kajoom.models.service_row import UNPAID_RENEWAL_ID


class StaffService(NamedTuple):
    """A service with its client and plan, and its oldest renewal that is to be paid, ``None`` without one."""

    service: Service
    unpaid: Invoice | None


def staff_service_of(service_id: int) -> StaffService | None:
    """Return a service in one statement, ``None`` when it does not exist."""
    unpaid = aliased(Invoice)
    query = select(Service, unpaid).outerjoin(unpaid, unpaid.id == UNPAID_RENEWAL_ID)
    query = query.options(joinedload(Service.client), joinedload(Service.plan).joinedload(Plan.group))
    row = db.session.execute(query.where(Service.id == service_id)).one_or_none()
    return StaffService(*row) if row is not None else None
