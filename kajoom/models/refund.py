"""Refund attempts, committed before the provider is called, like payment attempts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.money import Money
from kajoom.domain.refund import OPEN, RefundablePayment, RefundStatus
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.payment import Payment
from kajoom.models.types import UtcDateTime, enum_column, inline_code


class RefundAttempt(Base):
    """One attempt to refund a payment, in part or in full.

    ``key`` is the idempotency key given to the provider and ``provider_ref`` the provider's id, once known.
    """

    __tablename__ = "refund_attempt"
    __table_args__ = (CheckConstraint("cents > 0", name="cents"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    status: Mapped[RefundStatus] = mapped_column(enum_column(RefundStatus))
    cents: Mapped[int]
    currency: Mapped[str]
    provider_ref: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    actor: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column()

    payment: Mapped[Payment] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy

    @property
    def amount(self) -> Money:
        """The amount to refund."""
        return Money(self.cents, self.currency)


IS_OPEN_REFUND = RefundAttempt.status.in_([inline_code(status) for status in sorted(OPEN)])
# Two open refunds of one payment could both succeed: the first must be settled before the second starts.
partial_index(
    "uq_refund_attempt_open",
    RefundAttempt.payment_id,
    unique=True,
    where=IS_OPEN_REFUND,
)


def refund_by_key(key: str) -> RefundAttempt | None:
    """Return the refund with this idempotency key, with its payment and invoice, or ``None``."""
    query = select(RefundAttempt).options(joinedload(RefundAttempt.payment).joinedload(Payment.invoice))
    return db.session.scalar(query.where(RefundAttempt.key == key))


def refunds_of(invoice_id: int) -> list[RefundAttempt]:
    """Return every refund of an invoice's payments, refused ones included, oldest first."""
    query = select(RefundAttempt).join(Payment).where(Payment.invoice_id == invoice_id)
    return list(db.session.scalars(query.options(joinedload(RefundAttempt.payment)).order_by(RefundAttempt.id)))


def refundable_payments(payments: Iterable[Payment], refunds: Iterable[RefundAttempt]) -> list[RefundablePayment]:
    """What is left of each payment after those of the ``refunds`` that were made, in the order of the payments."""
    done = [each for each in refunds if each.status is RefundStatus.DONE]
    return [
        RefundablePayment(
            payment.id,
            payment.provider,
            payment.amount - Money(sum(each.cents for each in done if each.payment_id == payment.id), payment.currency),
        )
        for payment in payments
    ]
