"""Attempts are written before the wire, payments after it; each payment is recorded once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.money import Money
from kajoom.domain.payment import OPEN, AttemptStatus
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.saved_method import SavedMethod
from kajoom.models.types import UtcDateTime, enum_column


class Attempt(Base):
    """One try at receiving an invoice's balance. ``key`` is what the provider knows it by, so that asking twice
    charges once; ``provider_ref`` the provider's own name for it, once known. ``return_url`` is where a client who
    approves elsewhere comes back to, ``approve_url`` where they approve, empty unless that is all it waits for.
    ``in_flight_since`` is when money was last asked for, ``None`` once it is known what came of that. The client
    ``save_method`` the account they pay with; ``saved_method`` is the one they pay with, or the one that was saved."""

    __tablename__ = "attempt"
    __table_args__ = (CheckConstraint("cents > 0", name="cents"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    provider: Mapped[str]
    provider_ref: Mapped[str] = mapped_column(default="")
    return_url: Mapped[str] = mapped_column(default="")
    approve_url: Mapped[str] = mapped_column(default="")
    status: Mapped[AttemptStatus] = mapped_column(enum_column(AttemptStatus))
    cents: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    save_method: Mapped[bool] = mapped_column(default=False)
    saved_method_id: Mapped[int | None] = mapped_column(ForeignKey("saved_method.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    in_flight_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column()

    invoice: Mapped[Invoice] = relationship()
    saved_method: Mapped[SavedMethod | None] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - the form SQLAlchemy asks for

    @property
    def amount(self) -> Money:
        """What is asked of the provider."""
        return Money(self.cents, self.currency)

    @property
    def awaits_saved_method(self) -> bool:
        """Whether it was paid, and the provider has still to say what it calls the account it saved."""
        return self.status is AttemptStatus.CAPTURED and self.save_method and self.saved_method_id is None


_IS_OPEN = Attempt.status.in_(sorted(OPEN))
# Two tries at one invoice at the same time could both succeed; the second must first settle the other.
Index("uq_attempt_open_invoice", Attempt.invoice_id, unique=True, sqlite_where=_IS_OPEN, postgresql_where=_IS_OPEN)


class Payment(Base):
    """Money received for an invoice; ``reference`` is the provider's, unique, so that a second report adds nothing."""

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("cents > 0", name="cents"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    provider: Mapped[str]
    cents: Mapped[int]
    currency: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]

    invoice: Mapped[Invoice] = relationship()

    @property
    def provider_reference(self) -> str:
        """The provider's own name for it, or the sender's reference."""
        return self.reference.removeprefix(f"{self.provider}:")

    @property
    def amount(self) -> Money:
        """What was received."""
        return Money(self.cents, self.currency)


def attempt_by_key(key: str) -> Attempt | None:
    """The attempt a provider knows by ``key``, with its invoice."""
    whole = joinedload(Attempt.invoice).joinedload(Invoice.order), joinedload(Attempt.saved_method)
    query = select(Attempt).options(*whole)
    return db.session.scalar(query.where(Attempt.key == key))


def attempt_by_provider_ref(provider: str, provider_ref: str) -> Attempt | None:
    """The attempt a provider has its own name for, or ``None``."""
    query = select(Attempt).where(Attempt.provider == provider, Attempt.provider_ref == provider_ref)
    return db.session.scalar(query) if provider_ref else None


def open_attempt_of(invoice_id: int) -> Attempt | None:
    """The try at an invoice that is not settled yet, or ``None``."""
    return db.session.scalar(select(Attempt).where(Attempt.invoice_id == invoice_id, _IS_OPEN))


def payment_by_reference(reference: str) -> Payment | None:
    """The payment a provider knows by ``reference``, if it was recorded."""
    return db.session.scalar(select(Payment).where(Payment.reference == reference))


def last_attempt_of(invoice_id: int) -> Attempt | None:
    """The latest try at an invoice, settled or not."""
    query = select(Attempt).where(Attempt.invoice_id == invoice_id)
    return db.session.scalars(query.order_by(Attempt.id.desc())).first()


def payments_of(invoice_id: int) -> list[Payment]:
    """The payments received for an invoice, oldest first."""
    return list(db.session.scalars(select(Payment).where(Payment.invoice_id == invoice_id).order_by(Payment.id)))
