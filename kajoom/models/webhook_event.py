"""Webhook events received from providers, once each: only ids, because the provider is queried before acting."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime

_FOR_STAFF = ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.")


class WebhookEvent(Base):
    """A webhook event whose signature was verified.

    ``id`` and ``kind`` (the event type) are the provider's; ``attempt_key`` is the key of our payment attempt if the
    event has one, and ``provider_ref`` the provider's id of the object concerned.
    """

    __tablename__ = "webhook_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]
    kind: Mapped[str]
    attempt_key: Mapped[str]
    provider_ref: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


IS_FOR_STAFF = or_(*(WebhookEvent.kind.startswith(kind) for kind in _FOR_STAFF))
"""The events about refunds and reversals made at the provider, and disputes."""


def webhook_event_by_id(event_id: str) -> WebhookEvent | None:
    """Return the event with this id if it was received before, or ``None``."""
    return db.session.get(WebhookEvent, event_id)


def delete_webhook_events(before: datetime, limit: int) -> int:
    """Delete events received before an instant, at most ``limit``; returns how many. Those for staff stay."""
    is_old = (WebhookEvent.received_at < before) & ~IS_FOR_STAFF
    oldest = select(WebhookEvent.id).where(is_old).order_by(WebhookEvent.received_at).limit(limit)
    deleted = db.session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(oldest)).returning(WebhookEvent.id))
    return len(deleted.all())


def webhook_events_for_staff() -> list[WebhookEvent]:
    """Return refunds and reversals made at the provider, and disputes, newest first: staff must handle them."""
    query = select(WebhookEvent).where(IS_FOR_STAFF)
    return list(db.session.scalars(query.order_by(WebhookEvent.received_at.desc(), WebhookEvent.id)))
