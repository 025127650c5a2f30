"""Webhook events received from providers, once each: only ids, because the provider is queried before acting."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.types import UtcDateTime, inline_text

_FOR_STAFF = ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.")


class WebhookEvent(Base):
    """A webhook event whose signature was verified.

    ``id`` and ``kind`` (the event type) are the provider's; ``attempt_key`` is the key of our payment attempt if the
    event has one, and ``provider_ref`` the provider's id of the object concerned. An event for staff is open until one
    of them (``closed_by``) has written what was done about it.
    """

    __tablename__ = "webhook_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]
    kind: Mapped[str]
    attempt_key: Mapped[str]
    provider_ref: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")


IS_FOR_STAFF = or_(*(WebhookEvent.kind.like(inline_text(f"{kind}%")) for kind in _FOR_STAFF))
"""The events about refunds and reversals made at the provider, and disputes; their index has the same condition."""

Index("ix_webhook_event_received_at", WebhookEvent.received_at)
partial_index(
    "ix_webhook_event_for_staff",
    WebhookEvent.received_at,
    where=IS_FOR_STAFF,
)

IS_OPEN = IS_FOR_STAFF & WebhookEvent.closed_at.is_(None)
"""Those that staff have not closed."""


def webhook_event_by_id(event_id: str) -> WebhookEvent | None:
    """Return the event with this id if it was received before, or ``None``."""
    return db.session.get(WebhookEvent, event_id)


def delete_webhook_events(before: datetime, limit: int) -> int:
    """Delete events received before an instant, at most ``limit``; returns how many. Those open for staff stay."""
    is_old = (WebhookEvent.received_at < before) & ~IS_OPEN
    oldest = select(WebhookEvent.id).where(is_old).order_by(WebhookEvent.received_at).limit(limit)
    deleted = db.session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(oldest)).returning(WebhookEvent.id))
    return len(deleted.all())


def lock_webhook_event(event_id: str) -> WebhookEvent | None:
    """Lock an event for staff until the commit and return it, or ``None``."""
    query = select(WebhookEvent).where(WebhookEvent.id == event_id, IS_FOR_STAFF).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def webhook_events_for_staff() -> list[WebhookEvent]:
    """Return the open refunds and reversals made at the provider, and disputes, newest first: staff must close them."""
    query = select(WebhookEvent).where(IS_OPEN)
    return list(db.session.scalars(query.order_by(WebhookEvent.received_at.desc(), WebhookEvent.id)))
