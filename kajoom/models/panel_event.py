"""What was done to the accounts of services at their servers, as an e-mail to staff lists it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from kajoom.domain.service import AccountChange, ServiceStatus
from kajoom.models.catalog import Plan
from kajoom.models.db import db
from kajoom.models.service import Service


class PanelEvent(NamedTuple):
    """A service, and what was done to its account."""

    service: Service
    what: AccountChange


def panel_events_since(since: datetime) -> list[PanelEvent]:
    """Return what was last done to each service since an instant."""
    is_recent = or_(Service.suspension_changed_at >= since, Service.removed_at >= since)
    plan = joinedload(Service.plan).joinedload(Plan.group)
    query = select(Service).options(plan, joinedload(Service.client)).where(is_recent)
    return [PanelEvent(service, _what(service)) for service in db.session.scalars(query.order_by(Service.id))]


def _what(service: Service) -> AccountChange:
    if service.removed_at is not None:
        return AccountChange.REMOVED
    return AccountChange.SUSPENDED if service.status is ServiceStatus.SUSPENDED else AccountChange.RESTORED
