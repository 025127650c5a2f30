"""Orders: confirmed changes of plan, with the terms and figures the client confirmed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, ScalarSelect, or_, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.order import OPEN, OrderEvent, OrderStatus, ReviewReason
from kajoom.domain.quote import Decision, Direction
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.plan_names import names_of_plans
from kajoom.models.service import Service
from kajoom.models.types import Translated, UtcDateTime, enum_column, inline_code, json_column


class Order(Base):
    """A confirmed change of plan. Amounts are in cents of ``currency``.

    ``figures`` holds the quote's lines and taxes as printed on the invoice. ``key`` is the form's one-time key, so that
    a form sent twice makes one order. ``due_after`` and ``anchor_after`` are the service's due date and anchor day once
    the change is made. ``review_reason`` is why staff must look at the order, ``staff_note`` what staff wrote to the
    client when they refused it. ``voided_renewal`` is the number of the unpaid renewal that the confirmation voided,
    empty when there was none. ``payment_method`` is the code of the method chosen when it was confirmed, empty when
    nothing was due or none was chosen.
    """

    __tablename__ = "order"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    status: Mapped[OrderStatus] = mapped_column(enum_column(OrderStatus))
    decision: Mapped[Decision] = mapped_column(enum_column(Decision))
    direction: Mapped[Direction] = mapped_column(enum_column(Direction))
    locale: Mapped[str]
    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    effective_on: Mapped[date]
    expires_on: Mapped[date | None]

    from_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    from_cycle: Mapped[BillingCycle] = mapped_column(enum_column(BillingCycle, "from_cycle"))
    to_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    to_cycle: Mapped[BillingCycle] = mapped_column(enum_column(BillingCycle, "to_cycle"))
    to_cents: Mapped[int]
    quantity: Mapped[int]
    currency: Mapped[str]

    due_before: Mapped[date | None]
    due_after: Mapped[date | None]
    anchor_after: Mapped[int]
    total_cents: Mapped[int]
    credit_cents: Mapped[int]
    figures: Mapped[dict[str, Any]] = mapped_column(json_column())

    needs_person: Mapped[bool] = mapped_column(default=False)
    delay: Mapped[Translated | None] = mapped_column(json_column())
    review_reason: Mapped[ReviewReason | None] = mapped_column(enum_column(ReviewReason))
    staff_note: Mapped[str] = mapped_column(default="")
    voided_renewal: Mapped[str] = mapped_column(default="", server_default="")
    payment_method: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column()

    client: Mapped[Client] = relationship()
    service: Mapped[Service] = relationship()
    from_plan: Mapped[Plan] = relationship(foreign_keys=[from_plan_id])
    to_plan: Mapped[Plan] = relationship(foreign_keys=[to_plan_id])
    history: Mapped[list[OrderStep]] = relationship(back_populates="order", order_by="OrderStep.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy

    @property
    def is_between_groups(self) -> bool:
        """Whether the plans are of two groups."""
        return self.from_plan.group_id != self.to_plan.group_id

    @property
    def names(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The names of the plans before and after, with their groups where these are two."""
        return names_of_plans(self.from_plan, self.to_plan)

    @property
    def total(self) -> Money:
        """The cost of the change with taxes, before account credit."""
        return Money(self.total_cents, self.currency)

    @property
    def due_today(self) -> Money:
        """The amount payable at confirmation, after account credit."""
        return Money(self.total_cents - self.credit_cents, self.currency)


IS_OPEN = Order.status.in_([inline_code(status) for status in sorted(OPEN)])
"""A change under way."""

Index("ix_order_status", Order.status)
# The database ensures that a service has at most one change in progress.
partial_index("uq_order_open_service", Order.service_id, unique=True, where=IS_OPEN)


class OrderStep(Base):
    """One event of an order's history with the status after it; rows are only added."""

    __tablename__ = "order_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("order.id"), index=True)
    event: Mapped[OrderEvent] = mapped_column(enum_column(OrderEvent))
    status: Mapped[OrderStatus] = mapped_column(enum_column(OrderStatus))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str]
    note: Mapped[str] = mapped_column(default="")

    order: Mapped[Order] = relationship(back_populates="history")


def _select_with_relations() -> Any:
    return select(Order).options(
        joinedload(Order.service).joinedload(Service.plan).joinedload(Plan.group),
        joinedload(Order.client),
        joinedload(Order.from_plan),
        joinedload(Order.to_plan),
    )


def client_id_of_order(order_id: int) -> ScalarSelect[int]:
    """The id of an order's client, as a subquery for ``lock_client``."""
    return select(Order.client_id).where(Order.id == order_id).scalar_subquery()


def order_of(client_id: int, reference: str) -> Order | None:
    """Return the client's order with this reference, or ``None``."""
    query = _select_with_relations().where(Order.reference == reference, Order.client_id == client_id)
    return db.session.scalar(query)  # type: ignore[no-any-return]


def order_id_by_reference(reference: str) -> int | None:
    """The id of any client's order, or ``None``."""
    return db.session.scalar(select(Order.id).where(Order.reference == reference))


def order_by_key(key: str) -> Order | None:
    """Return the order that was made with a form's one-time key, or ``None``."""
    return db.session.scalar(_select_with_relations().where(Order.key == key))  # type: ignore[no-any-return]


def order_by_id(order_id: int) -> Order | None:
    """Return the order of any client by id, for the worker."""
    return db.session.scalar(_select_with_relations().where(Order.id == order_id))  # type: ignore[no-any-return]


def open_order_of(service_id: int) -> Order | None:
    """Return the order in progress of a service, or ``None``."""
    query = _select_with_relations().where(Order.service_id == service_id, IS_OPEN)
    return db.session.scalar(query)  # type: ignore[no-any-return]


_ASKED = (OrderStatus.AWAITING_PROVISIONING, OrderStatus.COMPLETED, OrderStatus.REFUSED)


def packages_of_service(service_id: int) -> set[str]:
    """The packages at the panel of the plans that a service had, or was to have, before and after its changes."""
    is_of_order = or_(Plan.id == Order.from_plan_id, Plan.id == Order.to_plan_id)
    query = select(Plan.package).join(Order, is_of_order).where(Order.service_id == service_id)
    return set(db.session.scalars(query.where(Order.status.in_(_ASKED)).distinct()))


def orders_over_limits(service_ids: Collection[int]) -> list[int]:
    """Return the ids of the open orders of these services that a person has because of a usage over the limits."""
    is_held = IS_OPEN & (Order.review_reason == ReviewReason.OVER_LIMITS)
    return list(db.session.scalars(select(Order.id).where(Order.service_id.in_(service_ids), is_held)))


def orders_due(on: date) -> list[int]:
    """Return the ids of scheduled orders that are effective on the day ``on`` or before."""
    query = select(Order.id).where(Order.status == OrderStatus.SCHEDULED, Order.effective_on <= on)
    return list(db.session.scalars(query.order_by(Order.effective_on, Order.id)))


def orders_expired(on: date) -> list[int]:
    """Return the ids of unpaid orders that expired before the day ``on``."""
    query = select(Order.id).where(Order.status == OrderStatus.AWAITING_PAYMENT, Order.expires_on < on)
    return list(db.session.scalars(query.order_by(Order.id)))
