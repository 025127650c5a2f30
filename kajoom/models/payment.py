"""Payment attempts, committed before the provider is called, and payments, recorded once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ScalarSelect, SQLColumnExpression, and_, bindparam, func, select
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from kajoom.domain.money import Money
from kajoom.domain.payment import OPEN, AttemptStatus
from kajoom.models.db import Base, db, insert_if_absent
from kajoom.models.invoice import Invoice
from kajoom.models.partial_index import partial_index
from kajoom.models.saved_method import SavedMethod
from kajoom.models.types import UtcDateTime, enum_column, inline_code


class Attempt(Base):
    """One attempt to charge the balance of an invoice.

    ``key`` is the idempotency key given to the provider and ``provider_ref`` the provider's id, once known.
    ``approve_url`` is where the client approves the payment (empty unless it only waits for that) and ``return_url``
    where the client comes back. ``in_flight_since`` is when the charge was last requested, ``None`` once its result
    is known. ``save_method`` is whether the client asked to save the payment account; ``saved_method`` is the account
    paid with or saved.
    """

    __tablename__ = "attempt"
    __table_args__ = (CheckConstraint("cents > 0", name="cents"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    provider: Mapped[str]
    provider_ref: Mapped[str] = mapped_column(default="", index=True)
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

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy

    @property
    def amount(self) -> Money:
        """The amount to charge."""
        return Money(self.cents, self.currency)

    @property
    def awaits_saved_method(self) -> bool:
        """Whether the payment was captured but the provider has not yet given the token of the saved account."""
        return self.status is AttemptStatus.CAPTURED and self.save_method and self.saved_method_id is None


_IS_OPEN = Attempt.status.in_([inline_code(status) for status in sorted(OPEN)])
# Two open attempts at one invoice could both succeed: the first must be settled before the second starts.
partial_index("uq_attempt_open_invoice", Attempt.invoice_id, unique=True, where=_IS_OPEN)


# The first column is compared, so that the index serves without statistics too.
partial_index("ix_attempt_open", Attempt.provider, where=_IS_OPEN)


class Payment(Base):
    """Money received for an invoice; ``reference`` is "provider:id", unique so that a payment is recorded once."""

    __tablename__ = "payment"
    __table_args__ = (CheckConstraint("cents > 0", name="cents"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    provider: Mapped[str]
    cents: Mapped[int]
    currency: Mapped[str]
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str]

    invoice: Mapped[Invoice] = relationship()

    @property
    def provider_reference(self) -> str:
        """The provider's id of the payment, or the sender's reference."""
        return self.reference.removeprefix(f"{self.provider}:")

    @property
    def amount(self) -> Money:
        """The amount received."""
        return Money(self.cents, self.currency)


def attempt_by_key(key: str) -> Attempt | None:
    """Return the attempt with this idempotency key, with its invoice, or ``None``."""
    relations = joinedload(Attempt.invoice).joinedload(Invoice.order), joinedload(Attempt.saved_method)
    query = select(Attempt).options(*relations)
    return db.session.scalar(query.where(Attempt.key == key))


def client_id_of_attempt(key: str) -> ScalarSelect[int]:
    """The id of an attempt's client, as a subquery for ``lock_client``."""
    query = select(Invoice.client_id).join(Attempt, Attempt.invoice_id == Invoice.id)
    return query.where(Attempt.key == key).scalar_subquery()


def invoice_with_open_attempt(invoice_id: int) -> tuple[Invoice, Attempt | None]:
    """Return an invoice and its attempt that is not settled, if it has one; ``NoResultFound`` for an unknown id."""
    query = select(Invoice, Attempt).outerjoin(Attempt, and_(Attempt.invoice_id == Invoice.id, _IS_OPEN))
    invoice, attempt = db.session.execute(query.where(Invoice.id == invoice_id)).one()
    return invoice, attempt


def attempt_by_provider_ref(provider: str, provider_ref: str) -> Attempt | None:
    """Return the attempt with this provider id, or ``None``."""
    query = select(Attempt).where(Attempt.provider == provider, Attempt.provider_ref == provider_ref)
    return db.session.scalar(query) if provider_ref else None


_OPEN_ATTEMPT = select(Attempt).where(Attempt.invoice_id == bindparam("invoice_id"), _IS_OPEN)


def open_attempt_of(invoice_id: int) -> Attempt | None:
    """Return the attempt at an invoice that is not settled, or ``None``."""
    return db.session.scalar(_OPEN_ATTEMPT, {"invoice_id": invoice_id})


def open_attempts_of(provider: str) -> list[Attempt]:
    """Return the attempts at a provider that are not settled, oldest first."""
    return list(db.session.scalars(select(Attempt).where(Attempt.provider == provider, _IS_OPEN).order_by(Attempt.id)))


def add_payment(
    reference: str, invoice_id: int, provider: str, amount: Money, received_at: datetime, actor: str
) -> bool:
    """Insert a payment, unless there is one with this reference; return whether it was inserted."""
    row = {
        "reference": reference,
        "invoice_id": invoice_id,
        "provider": provider,
        "cents": amount.cents,
        "currency": amount.currency,
        "received_at": received_at,
        "actor": actor,
    }
    return insert_if_absent(Payment, row, "reference")


def payment_by_reference(reference: str) -> Payment | None:
    """Return the payment with this reference, or ``None``."""
    return db.session.scalar(select(Payment).where(Payment.reference == reference))


def id_of_last_attempt(invoice_id: SQLColumnExpression[int]) -> ScalarSelect[int | None]:
    """The id of the latest attempt at an invoice, as a subquery for a join."""
    at_invoice = aliased(Attempt)
    return select(func.max(at_invoice.id)).where(at_invoice.invoice_id == invoice_id).scalar_subquery()


def last_attempt_of(invoice_id: int) -> Attempt | None:
    """Return the latest attempt at an invoice, settled or not, or ``None``."""
    query = select(Attempt).where(Attempt.invoice_id == invoice_id)
    return db.session.scalars(query.order_by(Attempt.id.desc())).first()


# Built once: hashing its parts at each execution would take longer than running it.
_PAYMENTS = select(Payment).where(Payment.invoice_id == bindparam("invoice_id")).order_by(Payment.id)


def payments_of(invoice_id: int) -> list[Payment]:
    """Return the payments received for an invoice, oldest first."""
    return list(db.session.scalars(_PAYMENTS, {"invoice_id": invoice_id}))
