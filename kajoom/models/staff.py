"""The list of the accounts of staff."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from kajoom.models.client import IS_STAFF, Client
from kajoom.models.db import db
from kajoom.models.factor import HAS_FACTOR
from kajoom.models.session import ClientSession


class StaffAccount(NamedTuple):
    """An account of the staff; ``seen_at`` is the last use of a session that has not been deleted since."""

    email: str
    name: str
    role: str
    active: bool
    has_password: bool
    has_factor: bool
    seen_at: datetime | None


def staff_accounts() -> list[StaffAccount]:
    """The accounts of the staff by address, disabled ones too."""
    seen = select(func.max(ClientSession.seen_at)).where(ClientSession.client_id == Client.id).scalar_subquery()
    columns = (Client.email, Client.name, Client.role, Client.active, Client.password.is_not(None), HAS_FACTOR)
    query = select(*columns, seen.label("seen_at")).where(IS_STAFF).order_by(Client.email)
    return [StaffAccount(*row) for row in db.session.execute(query)]
