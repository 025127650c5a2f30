"""Cancellation requests: effective without approval, and withdrawable until the service ends."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, ScalarSelect, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from kajoom.domain.cancellation import CancellationStatus, CancellationWhen
from kajoom.models.catalog import Plan
from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.partial_index import partial_index
from kajoom.models.service import Service
from kajoom.models.types import UtcDateTime, enum_column, inline_code


class OpenCancellation(NamedTuple):
    """The cancellation request of a service; ``effective_on`` is the first day without it."""

    reference: str
    effective_on: date


class Cancellation(Base):
    """A request to end a service on ``effective_on``, the first day without it; ``key`` is the form's one-time key.

    ``voided_renewal`` is the number of the unpaid renewal that the request voided, empty when there was none.
    """

    __tablename__ = "cancellation"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    key: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    status: Mapped[CancellationStatus] = mapped_column(enum_column(CancellationStatus))
    when: Mapped[CancellationWhen] = mapped_column(enum_column(CancellationWhen))
    effective_on: Mapped[date]
    reason: Mapped[str] = mapped_column(default="")
    locale: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    voided_renewal: Mapped[str] = mapped_column(default="", server_default="")
    version: Mapped[int] = mapped_column()

    client: Mapped[Client] = relationship()
    service: Mapped[Service] = relationship()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - required by SQLAlchemy


IS_OPEN_REQUEST = Cancellation.status == inline_code(CancellationStatus.OPEN)
partial_index(
    "uq_cancellation_open_service",
    Cancellation.service_id,
    unique=True,
    where=IS_OPEN_REQUEST,
)

partial_index(
    "ix_cancellation_open",
    Cancellation.effective_on,
    where=IS_OPEN_REQUEST,
)

_WITH_SERVICE = joinedload(Cancellation.service).joinedload(Service.plan).joinedload(Plan.group)


def client_id_of_cancellation(cancellation_id: int) -> ScalarSelect[int]:
    """The id of a request's client, as a subquery for ``lock_client``."""
    return select(Cancellation.client_id).where(Cancellation.id == cancellation_id).scalar_subquery()


def cancellation_of(client_id: int, reference: str) -> Cancellation | None:
    """Return the client's request with this reference, or ``None``."""
    query = select(Cancellation).options(_WITH_SERVICE, joinedload(Cancellation.client))
    return db.session.scalar(query.where(Cancellation.reference == reference, Cancellation.client_id == client_id))


def cancellation_by_key(key: str) -> Cancellation | None:
    """Return the request that was made with a form's one-time key, or ``None``."""
    return db.session.scalar(select(Cancellation).options(_WITH_SERVICE).where(Cancellation.key == key))


def open_cancellation_of(service_id: int) -> Cancellation | None:
    """Return the open request of a service, or ``None``."""
    return db.session.scalar(select(Cancellation).where(Cancellation.service_id == service_id, IS_OPEN_REQUEST))


def cancellations_due(on: date) -> list[int]:
    """Return the ids of open requests that are effective on the day ``on`` or before, the earliest first."""
    query = select(Cancellation.id).where(IS_OPEN_REQUEST, Cancellation.effective_on <= on)
    return list(db.session.scalars(query.order_by(Cancellation.effective_on, Cancellation.id)))


def open_cancellation_from(row: Any) -> OpenCancellation | None:
    """The request in the columns of a service's snapshot that begin with ``cancellation_``, ``None`` without one."""
    if row.cancellation_reference is None:
        return None
    return OpenCancellation(row.cancellation_reference, row.cancellation_effective_on)
