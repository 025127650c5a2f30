"""A client as staff see them on one page, in five statements whatever there is of the client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from kajoom.domain.catalog import Catalog
from kajoom.domain.money import Money
from kajoom.models.catalog import CatalogVersion, Plan, catalog
from kajoom.models.client import Client
from kajoom.models.credit import balances_in, balances_text
from kajoom.models.db import db
from kajoom.models.document import Document, latest_documents_of
from kajoom.models.factor import HAS_FACTOR
from kajoom.models.order import Order
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.models.session import ClientSession, open_at

LATEST = 10
"""How many of the changes, documents, e-mails and sessions of a client the page shows, the newest first."""

MOST_SERVICES = 50


@dataclass(frozen=True, slots=True)
class ClientPage:
    """A client with what staff may see; each list has one more than is shown when there are more.

    ``credit`` has the balances that are not zero, one for each currency. ``messages`` are the e-mails to the client,
    sent or not.
    """

    client: Client
    has_factor: bool
    credit: Sequence[Money]
    sessions: Sequence[ClientSession]
    services: Sequence[Service]
    orders: Sequence[Order]
    documents: Sequence[Document]
    messages: Sequence[Message]
    catalog: Catalog


def client_page_of(client_id: int, at: datetime) -> ClientPage | None:
    """Return a client's page as it is ``at`` an instant; ``None`` for an unknown id and for a member of staff."""
    rows = db.session.execute(_with_sessions(client_id, at)).all()
    if not rows:
        return None
    client, has_factor, credit, version, _ = rows[0]
    return ClientPage(
        client=client,
        has_factor=has_factor,
        credit=list(balances_in(credit).values()),
        sessions=[row[-1] for row in rows if row[-1] is not None],
        catalog=catalog(version or 0),
        **_lists(client_id),
    )


def _lists(client_id: int) -> Mapping[str, Any]:
    services = select(Service).options(joinedload(Service.plan).joinedload(Plan.group))
    orders = select(Order).options(joinedload(Order.service), joinedload(Order.from_plan), joinedload(Order.to_plan))
    messages = select(Message).where(Message.client_id == client_id).order_by(Message.id.desc())
    services = services.where(Service.client_id == client_id).order_by(Service.id).limit(MOST_SERVICES + 1)
    orders = orders.where(Order.client_id == client_id).order_by(Order.id.desc()).limit(LATEST + 1)
    return {
        "services": list(db.session.scalars(services)),
        "orders": list(db.session.scalars(orders)),
        "documents": latest_documents_of(client_id, LATEST + 1),
        "messages": list(db.session.scalars(messages.limit(LATEST + 1))),
    }


def _with_sessions(client_id: int, at: datetime) -> Any:
    """The client, once for each open session, the one that was used last first."""
    version = select(CatalogVersion.version).scalar_subquery()
    return (
        select(Client, HAS_FACTOR, balances_text(client_id), version, ClientSession)
        .outerjoin(ClientSession, (ClientSession.client_id == Client.id) & open_at(at))
        .where(Client.id == client_id, Client.role == "")
        .order_by(ClientSession.seen_at.desc(), ClientSession.id.desc())
        .limit(LATEST + 1)
    )
