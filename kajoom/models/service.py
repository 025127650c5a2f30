"""Services: a client's plan, on terms that later catalogue prices do not change."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, ScalarSelect, Select, func, select, true
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, validates

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.service import ENDED, ServiceStatus, SuspensionStep
from kajoom.domain.terms import Extras, Terms, due_date_on
from kajoom.domain.usage import combined_usage, is_believed
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.day import local_day
from kajoom.models.db import Base, db
from kajoom.models.search_columns import fold_domain, folded_text, search_columns
from kajoom.models.types import UtcDateTime, enum_column, json_column


class Service(Base):
    """A service of a client.

    ``recurring_cents`` is billed each cycle for the whole quantity, before tax, with ``options_cents`` and less
    ``discount_cents``. ``next_due_date`` is the first day not paid for and ``anchor_day`` the day of the month (1-31)
    of its due dates. The system that the host moves from has invoiced the periods before ``invoiced_until``: they are
    not renewed here. ``usage`` is what the host's file last reported, ``None`` when it reported nothing;
    ``measured_usage`` is what the panel showed at ``measured_at``. ``server`` is the name of its server in the
    catalogue, empty for the default one. Staff find a service by ``search_label``.

    ``suspension`` is what is asked about its suspension, ``None`` once that is done, and ``suspension_no`` counts what
    was asked. ``suspension_reason`` is what staff wrote to the client about it. ``suspension_changed_at`` is when it
    was last suspended, or its suspension lifted; with ``lifts_when_paid`` the payment of an overdue renewal lifts it.

    ``ended_on`` is the first day without the service, and ``end_reason`` what staff wrote to the client about it.
    ``removed_at`` is when its account was removed from the server after that.
    ``imported`` holds the status and terms that the host's file last gave and that were taken over, and ``next_terms``
    the terms that it or staff set for the periods from the day ``since`` (``operations/billing/next_terms``).
    """

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("recurring_cents >= 0", name="recurring"),
        CheckConstraint("quantity >= 1", name="quantity"),
        CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor"),
        Index("ix_service_next_due_date", "next_due_date", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    label: Mapped[str] = mapped_column(default="")
    search_label: Mapped[str] = mapped_column(folded_text(), default="", server_default="", index=True)
    username: Mapped[str] = mapped_column(default="")
    server: Mapped[str] = mapped_column(default="", server_default="")
    status: Mapped[ServiceStatus] = mapped_column(enum_column(ServiceStatus))
    cycle: Mapped[BillingCycle] = mapped_column(enum_column(BillingCycle))
    currency: Mapped[str]
    recurring_cents: Mapped[int]
    options_cents: Mapped[int] = mapped_column(default=0, server_default="0")
    discount_cents: Mapped[int] = mapped_column(default=0, server_default="0")
    quantity: Mapped[int] = mapped_column(default=1)
    registered_on: Mapped[date]
    next_due_date: Mapped[date | None]
    invoiced_until: Mapped[date | None]
    anchor_day: Mapped[int]
    payment_method: Mapped[str]
    usage: Mapped[dict[str, int | None] | None] = mapped_column(json_column())
    measured_usage: Mapped[dict[str, int | None] | None] = mapped_column(json_column())
    measured_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suspension: Mapped[SuspensionStep | None] = mapped_column(enum_column(SuspensionStep))
    suspension_no: Mapped[int] = mapped_column(default=0, server_default="0")
    suspension_reason: Mapped[str] = mapped_column(default="", server_default="")
    suspension_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lifts_when_paid: Mapped[bool] = mapped_column(default=True, server_default=true())
    ended_on: Mapped[date | None]
    end_reason: Mapped[str] = mapped_column(default="", server_default="")
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    imported: Mapped[dict[str, Any] | None] = mapped_column(json_column())
    next_terms: Mapped[dict[str, Any] | None] = mapped_column(json_column())
    version: Mapped[int] = mapped_column()

    client: Mapped[Client] = relationship()
    plan: Mapped[Plan] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy

    @validates("label")
    def _write_search_columns(self, attribute: str, value: str) -> str:
        for name, text in search_columns("service", {attribute: value}).items():
            setattr(self, name, text)
        return value

    @property
    def has_ended(self) -> bool:
        """Whether the service has ended."""
        return self.status.has_ended

    @property
    def is_suspended(self) -> bool:
        """Whether the service is suspended or about to be, and nothing is asked to lift that."""
        if self.suspension is None:
            return self.status is ServiceStatus.SUSPENDED
        return self.suspension is SuspensionStep.SUSPENDING and not self.has_ended

    @property
    def can_be_suspended(self) -> bool:
        """Whether the service is set up, has not ended and is not suspended already."""
        return self.status in {ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED} and not self.is_suspended

    @property
    def recurring(self) -> Money:
        """The recurring amount before tax."""
        return Money(self.recurring_cents, self.currency)

    def carry_extras(self, cycle: BillingCycle) -> None:
        """Convert options and discount to another cycle, before the service is on it."""
        extras = Extras(self.options_cents, self.discount_cents).carried(self.cycle, cycle)
        self.options_cents, self.discount_cents = extras.options, extras.discount

    def due_on(self, day: date) -> date | None:
        """The next due date as it stands on ``day``: that of a service at 0.00 has moved on by itself."""
        return due_date_on(day, self.next_due_date, self.recurring, self.cycle, self.anchor_day)

    def usage_on(self, day: date) -> dict[str, int | None] | None:
        """What the service uses as it is known on ``day``, ``None`` when nothing is."""
        return combined_usage(self.usage, self.measured_usage if self.is_measured_on(day) else None)

    def is_measured_on(self, day: date) -> bool:
        """Whether its panel has measured its usage lately enough for ``day``."""
        return self.measured_at is not None and is_believed(local_day(self.measured_at), day)

    @property
    def terms(self) -> Terms:
        """The current terms."""
        return Terms(self.plan.code, self.plan.group.code, self.cycle, self.recurring, self.quantity)


def client_id_of_service(service_id: int) -> ScalarSelect[int]:
    """The id of a service's client, as a subquery for ``lock_client``."""
    return select(Service.client_id).where(Service.id == service_id).scalar_subquery()


def client_ids_of_services(ids: Collection[int]) -> Select[int]:
    """The ids of the clients of some services, as a query for ``lock_clients``."""
    return select(Service.client_id).where(Service.id.in_(ids))


def services_by_id(ids: Collection[int]) -> list[Service]:
    """Return services with their clients as they are now, by due date."""
    query = select(Service).options(joinedload(Service.client)).where(Service.id.in_(ids))
    query = query.order_by(Service.next_due_date, Service.id)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def service_by_external_id(external_id: str) -> Service | None:
    """Return the service of any client with this id of the host's billing, or ``None``."""
    return db.session.scalar(select(Service).where(Service.external_id == external_id))


def largest_quantities() -> dict[tuple[int, str], int]:
    """Return the largest quantity of a service by the id of its product group and by currency."""
    query = select(Plan.group_id, Service.currency, func.max(Service.quantity)).join(Plan, Plan.id == Service.plan_id)
    rows = db.session.execute(query.group_by(Plan.group_id, Service.currency))
    return {(group_id, currency): quantity for group_id, currency, quantity in rows}


def servers_in_use() -> dict[str, int]:
    """Return how many services that have not ended are on each server, by its name."""
    is_there = (Service.server != "", Service.status.not_in(ENDED))
    rows = db.session.execute(select(Service.server, func.count()).where(*is_there).group_by(Service.server))
    return {str(row[0]): int(row[1]) for row in rows}


def service_ids_named(name: str) -> dict[int, str]:
    """Return the external ids, by id, of the services with this external id or else with this label."""
    is_labelled = (Service.search_label == fold_domain(name)) & (Service.label == name)  # the first has the index
    for condition in (Service.external_id == name, is_labelled):
        rows = db.session.execute(select(Service.id, Service.external_id).where(condition)).all()
        if rows:
            return {row.id: row.external_id for row in rows}
    return {}
