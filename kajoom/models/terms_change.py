"""Changes of terms by staff: what was agreed from when, why, and what became of the renewals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, func, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.terms_change import TermsStatus
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.invoice import IS_LIVE_RENEWAL, Invoice
from kajoom.models.plan_names import names_of_plans
from kajoom.models.service import Service
from kajoom.models.types import UtcDateTime, enum_column


class TermsChange(Base):
    """Terms that staff gave a service. Amounts are in cents of ``currency``, before tax, for the whole quantity.

    ``since`` is the first day of the first period on the new terms. ``renewal_cents`` is the amount of its renewal,
    taxes included, ``None`` when nothing is billed, and ``voided_renewal`` the number of the unpaid renewal that became
    void, empty without one. The client reads ``reason``. Rows are never changed but for ``status``.
    """

    __tablename__ = "terms_change"
    __table_args__ = (
        CheckConstraint("from_cents >= 0 AND to_cents >= 0", name="cents"),
        CheckConstraint("from_quantity >= 1 AND to_quantity >= 1", name="quantity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    status: Mapped[TermsStatus] = mapped_column(enum_column(TermsStatus))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    reason: Mapped[str]
    since: Mapped[date]
    cycle: Mapped[BillingCycle] = mapped_column(enum_column(BillingCycle))
    currency: Mapped[str]
    from_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    to_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    from_cents: Mapped[int]
    to_cents: Mapped[int]
    from_quantity: Mapped[int]
    to_quantity: Mapped[int]
    due_before: Mapped[date | None]
    due_after: Mapped[date | None]
    renewal_cents: Mapped[int | None]
    voided_renewal: Mapped[str]

    service: Mapped[Service] = relationship()
    client: Mapped[Client] = relationship()
    from_plan: Mapped[Plan] = relationship(foreign_keys=[from_plan_id])
    to_plan: Mapped[Plan] = relationship(foreign_keys=[to_plan_id])

    @property
    def names(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The names of the plans before and after, with their groups where these are two."""
        return names_of_plans(self.from_plan, self.to_plan)

    @property
    def before(self) -> Money:
        """The recurring amount before the change, before tax."""
        return Money(self.from_cents, self.currency)

    @property
    def after(self) -> Money:
        """The recurring amount after the change, before tax."""
        return Money(self.to_cents, self.currency)

    @property
    def is_planned(self) -> bool:
        """Whether the new terms are still to come."""
        return self.status is TermsStatus.PLANNED

    @property
    def is_withdrawal(self) -> bool:
        """Whether the service keeps the terms it has, and only other ones that were planned are withdrawn."""
        plans, amounts = (self.from_plan_id, self.to_plan_id), (self.from_cents, self.to_cents)
        quantities, days = (self.from_quantity, self.to_quantity), (self.due_before, self.due_after)
        return all(before == after for before, after in (plans, amounts, quantities, days))

    @property
    def renewal(self) -> Money | None:
        """The first renewal on the new terms, taxes included, ``None`` when nothing is billed."""
        return Money(self.renewal_cents, self.currency) if self.renewal_cents is not None else None


def service_of_terms(service_id: int) -> Service | None:
    """A service of any client with its client, for the pages of staff, or ``None``."""
    query = select(Service).options(joinedload(Service.client)).where(Service.id == service_id)
    return db.session.scalar(query)


def planned_amount(row: Any, cycle: BillingCycle) -> Money | None:
    """The recurring amount of a service's next period, from the columns of its ``row``.

    ``None`` unless other terms on the same ``cycle`` are set for that period.
    """
    stored, due = row.next_terms, row.next_due_date
    if stored is None or due is None or stored["since"] > due.isoformat() or stored["cycle"] != cycle:
        return None
    return Money(stored["recurring_cents"], row.currency)


def planned_terms_of(service_id: int) -> TermsChange | None:
    """The change of terms that is planned for a service, or ``None``."""
    query = select(TermsChange).options(joinedload(TermsChange.from_plan), joinedload(TermsChange.to_plan))
    query = query.where(TermsChange.service_id == service_id, TermsChange.status == TermsStatus.PLANNED)
    return db.session.scalars(query.order_by(TermsChange.id.desc())).first()


def paid_until(service_id: int) -> date | None:
    """The end of the last period of a service that an invoice was paid for, ``None`` without one."""
    is_paid = IS_LIVE_RENEWAL & (Invoice.status == InvoiceStatus.PAID)
    return db.session.scalar(select(func.max(Invoice.period_end)).where(Invoice.service_id == service_id, is_paid))
