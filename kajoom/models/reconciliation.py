"""Differences between a provider's account of a day and ours, one row each, kept once they are explained."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from kajoom.domain.money import Money
from kajoom.domain.reconciliation import DifferenceKind
from kajoom.models.db import Base, db
from kajoom.models.payment import Payment
from kajoom.models.types import UtcDateTime, enum_column


class Difference(Base):
    """One thing that does not agree on a ``day`` in UTC. ``reference`` is the provider's name for the money,
    ``invoice`` a number or empty; of the cents, ``None`` stands for the side that knows nothing of it."""

    __tablename__ = "difference"
    __table_args__ = (UniqueConstraint("provider", "day", "reference"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    day: Mapped[date]
    reference: Mapped[str]
    kind: Mapped[DifferenceKind] = mapped_column(enum_column(DifferenceKind))
    invoice: Mapped[str]
    taken_cents: Mapped[int | None]
    recorded_cents: Mapped[int | None]
    currency: Mapped[str]
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(default="")

    @property
    def taken(self) -> Money | None:
        """What the provider says it took."""
        return Money(self.taken_cents, self.currency) if self.taken_cents is not None else None

    @property
    def recorded(self) -> Money | None:
        """What stands in our books."""
        return Money(self.recorded_cents, self.currency) if self.recorded_cents is not None else None


def open_differences() -> list[Difference]:
    """What nobody has explained yet, the oldest day first."""
    query = select(Difference).where(Difference.resolved_at.is_(None))
    return list(db.session.scalars(query.order_by(Difference.day, Difference.id)))


def differences_of(provider: str, day: date) -> list[Difference]:
    """Every difference with a provider on a day, resolved or not."""
    query = select(Difference).where(Difference.provider == provider, Difference.day == day)
    return list(db.session.scalars(query.order_by(Difference.id)))


def payments_by_reference(references: Collection[str]) -> list[Payment]:
    """The payments recorded under these references, with their invoices."""
    query = select(Payment).options(joinedload(Payment.invoice)).where(Payment.reference.in_(references))
    return list(db.session.scalars(query))


def payments_between(provider: str, start: datetime, end: datetime) -> list[Payment]:
    """What a provider paid from ``start`` until before ``end``, with their invoices."""
    query = select(Payment).options(joinedload(Payment.invoice))
    span = (Payment.provider == provider, Payment.received_at >= start, Payment.received_at < end)
    return list(db.session.scalars(query.where(*span).order_by(Payment.id)))
