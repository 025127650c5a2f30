"""What is stuck, as its page shows it: dead, retried and late messages, and what providers report."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, cast

from sqlalchemy import func, or_, select

from kajoom.models.db import db
from kajoom.models.health import late_at
from kajoom.models.heartbeat import Heartbeat
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message, is_dead_or
from kajoom.models.paging import PER_PAGE, RowPagination
from kajoom.models.payment import Attempt
from kajoom.models.webhook_event import IS_OPEN, WebhookEvent

LONGEST_LIST = 50
"""The most notices of providers that the page shows."""


class StuckJob(Protocol):
    """A row of the list: a message, and whether it is late."""

    Message: Message
    is_late: bool


class ProviderNotice(Protocol):
    """A refund, reversal or dispute that a provider reported, with its invoice and client, ``None`` if not ours."""

    WebhookEvent: WebhookEvent
    number: str | None
    client_id: int | None


class JobPages(RowPagination):
    """A page of ``StuckJob``; ``seen_at`` is when a worker last finished a round, ``None`` when none has."""

    seen_at: datetime | None

    def _query_count(self) -> int:
        rows = self._query_args["query"].order_by(None).subquery()
        last = select(func.max(Heartbeat.seen_at)).scalar_subquery()
        total, self.seen_at = db.session.execute(select(func.count(), last).select_from(rows)).one()
        return int(total)


def stuck_jobs(at: datetime, page: int, only: int | None = None) -> JobPages:
    """A page of the dead messages, then of those that failed or whose outcome is not known, and of the late ones.

    With ``only`` it is the message of this id, if it is one of them.
    """
    is_late = late_at(at)
    is_stuck = is_dead_or(or_(Message.last_error != "", is_late))
    query = select(Message, is_late.label("is_late")).where(is_stuck)
    if only is not None:
        query = query.where(Message.id == only)
    query = query.order_by(Message.dead_at.is_(None), Message.due_at, Message.id)
    return JobPages(page=page, per_page=PER_PAGE, max_per_page=PER_PAGE, query=query)


def provider_notices() -> list[ProviderNotice]:
    """The newest open refunds, reversals and disputes that providers reported, at most ``LONGEST_LIST``."""
    query = (
        select(WebhookEvent, Invoice.number, Invoice.client_id)
        .outerjoin(Attempt, (Attempt.key == WebhookEvent.attempt_key) & (WebhookEvent.attempt_key != ""))
        .outerjoin(Invoice, Invoice.id == Attempt.invoice_id)
        .where(IS_OPEN)
        .order_by(WebhookEvent.received_at.desc(), WebhookEvent.id)
    )
    return cast(list[ProviderNotice], list(db.session.execute(query.limit(LONGEST_LIST))))
