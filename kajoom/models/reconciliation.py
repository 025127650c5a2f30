"""Differences between a provider's report of a day and our payments; resolved ones are kept."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column

from kajoom.domain.money import Money
from kajoom.domain.reconciliation import DifferenceKind
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.payment import Payment
from kajoom.models.types import UtcDateTime, enum_column


class Difference(Base):
    """One difference on a ``day`` in UTC.

    ``reference`` is the provider's id of the payment and ``invoice`` the invoice number or empty. ``taken_cents`` or
    ``recorded_cents`` is ``None`` when that side has no such payment.
    """

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
        """The amount in the provider's report, or ``None``."""
        return Money(self.taken_cents, self.currency) if self.taken_cents is not None else None

    @property
    def recorded(self) -> Money | None:
        """The amount of our payment, or ``None``."""
        return Money(self.recorded_cents, self.currency) if self.recorded_cents is not None else None


IS_UNRESOLVED = Difference.resolved_at.is_(None)
partial_index("ix_difference_unresolved", Difference.day, where=IS_UNRESOLVED)


def open_differences(limit: int | None = None) -> list[Difference]:
    """Return the unresolved differences, oldest day first; at most ``limit`` of them."""
    query = select(Difference).where(IS_UNRESOLVED)
    return list(db.session.scalars(query.order_by(Difference.day, Difference.id).limit(limit)))


def difference_by_id(difference_id: int) -> Difference | None:
    """Return a difference, resolved or not, or ``None``."""
    return db.session.get(Difference, difference_id)


def lock_open_differences(reference: str) -> list[Difference]:
    """Lock the unresolved differences of a reference until the commit and return them, oldest day first."""
    query = select(Difference).where(Difference.reference == reference, Difference.resolved_at.is_(None))
    query = query.order_by(Difference.day, Difference.id).with_for_update()
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def differences_of(provider: str, day: date) -> list[Difference]:
    """Return every difference with a provider on a day, resolved or not."""
    query = select(Difference).where(Difference.provider == provider, Difference.day == day)
    return list(db.session.scalars(query.order_by(Difference.id)))


def payments_by_reference(references: Collection[str]) -> list[Payment]:
    """Return the payments with these references, with their invoices."""
    query = select(Payment).options(joinedload(Payment.invoice)).where(Payment.reference.in_(references))
    return list(db.session.scalars(query))


def payments_between(provider: str, start: datetime, end: datetime) -> list[Payment]:
    """Return a provider's payments received from ``start`` until before ``end``, with their invoices."""
    query = select(Payment).options(joinedload(Payment.invoice))
    conditions = (Payment.provider == provider, Payment.received_at >= start, Payment.received_at < end)
    return list(db.session.scalars(query.where(*conditions).order_by(Payment.id)))
