"""The hosting accounts whose usage the panels are asked for, and what they answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.service import Service

_IS_MEASURED = Service.status.in_([ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED]) & (Service.username != "")


def servers_in_use() -> list[str]:
    """The names of the servers with accounts to measure, an empty one for services that name none."""
    query = select(Service.server).where(_IS_MEASURED).distinct().order_by(Service.server)
    return list(db.session.scalars(query))


def services_to_measure(server: str, after: int, limit: int) -> list[Service]:
    """Return the next services on a server whose accounts are to be measured, in the order of their ids."""
    query = select(Service).where(_IS_MEASURED, Service.server == server, Service.id > after)
    return list(db.session.scalars(query.order_by(Service.id).limit(limit)))


def reported_usage() -> dict[str, dict[str, int | None]]:
    """What the host's file reports of each account, by user name."""
    rows = db.session.execute(select(Service.username, Service.usage).where(_IS_MEASURED, Service.usage.is_not(None)))
    return {row.username: row.usage for row in rows}


def write_measures(measures: Mapping[int, Mapping[str, int | None]], at: datetime) -> None:
    """Store what the panels showed ``at``, by service id; one that was measured later keeps that measure.

    The version of a service stays: its terms are those that were read.
    """
    if not measures:
        return
    table = cast(Table, Service.__table__)
    is_newer = table.c.measured_at.is_(None) | (table.c.measured_at < at)
    statement = update(table).where(table.c.id == bindparam("row_id"), is_newer)
    statement = statement.values(measured_usage=bindparam("amounts"), measured_at=at)
    rows: list[dict[str, Any]] = [{"row_id": key, "amounts": dict(amounts)} for key, amounts in measures.items()]
    db.session.connection().execute(statement, rows)
