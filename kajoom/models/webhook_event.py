"""What a provider announced, each message once: ids only, for nothing it says is believed without asking again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime

_FOR_STAFF = ("PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED", "CUSTOMER.DISPUTE.")


class WebhookEvent(Base):
    """A verified message. ``id`` is the provider's, ``kind`` its own word for what happened, ``attempt_key`` our
    attempt if it names one, ``provider_ref`` the provider's name for what the message is about."""

    __tablename__ = "webhook_event"

    id: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str]
    kind: Mapped[str]
    attempt_key: Mapped[str]
    provider_ref: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)


def webhook_event_by_id(event_id: str) -> WebhookEvent | None:
    """The message of this id, if it was received before."""
    return db.session.get(WebhookEvent, event_id)


def webhook_events_for_staff() -> list[WebhookEvent]:
    """Money taken back outside this house, and disputes: what only a person can answer, newest first."""
    about = or_(*(WebhookEvent.kind.startswith(kind) for kind in _FOR_STAFF))
    return list(
        db.session.scalars(select(WebhookEvent).where(about).order_by(WebhookEvent.received_at.desc(), WebhookEvent.id))
    )
