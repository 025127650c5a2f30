"""The list of a client's services: those that need the client first, each with what is open on it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import date
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, and_, case, or_, select
from sqlalchemy.orm import aliased, joinedload

from kajoom.domain.catalog import Catalog
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.models.cancellation import IS_OPEN_REQUEST, Cancellation
from kajoom.models.catalog import Plan
from kajoom.models.invoice import Invoice
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.paging import rows_of
from kajoom.models.service import Service
from kajoom.models.service_snapshot import UNPAID_RENEWAL_ID

_RENEWAL = aliased(Invoice)


class Attention(IntEnum):
    """Why a service is where it is in the list, in the order of the list."""

    LATE = 0
    TO_PAY = 1
    UNDER_WAY = 2
    NONE = 3
    ENDED = 4


class ListedService(Protocol):
    """A row of the list: a service with its open change, cancellation and unpaid renewal, ``None`` without one."""

    Service: Service
    attention: int
    order: str | None
    order_status: OrderStatus | None
    order_on: date | None
    cancellation: str | None
    ends_on: date | None
    renewal: str | None
    renewal_due_on: date | None


class ServiceFilter(NamedTuple):
    """The services whose domain or plan contains ``text``; with ``to_do`` only those that have something to pay."""

    text: str = ""
    to_do: bool = False


def services_of(client_id: int, page: int, today: date, wanted: ServiceFilter, current: Catalog) -> Pagination:
    """Return a page of the client's services that are wanted, those that need the client first."""
    attention = _attention(today)
    query = _listed(attention).where(Service.client_id == client_id)
    if wanted.text:
        query = query.where(_matches(wanted.text, current))
    if wanted.to_do:
        query = query.where(attention <= Attention.TO_PAY)
    return rows_of(query.order_by("attention", Service.id), page)


def _matches(text: str, current: Catalog) -> ColumnElement[bool]:
    """The services whose domain or plan contains ``text``, in either language; accents of plans may be left out."""
    plans = [plan.id for plan in current.plans.values() if _contains([*plan.title.values(), *plan.name.values()], text)]
    return or_(Service.label.icontains(text, autoescape=True), Service.plan_id.in_(plans))


def _contains(names: Collection[str], text: str) -> bool:
    return any(_folded(text) in _folded(name) for name in names)


def _folded(text: str) -> str:
    characters = unicodedata.normalize("NFD", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())
    return "".join(each for each in characters if not unicodedata.combining(each))


def _attention(today: date) -> ColumnElement[int]:
    return case(
        (_RENEWAL.due_on < today, Attention.LATE),
        (or_(_RENEWAL.id.is_not(None), Order.status == OrderStatus.AWAITING_PAYMENT), Attention.TO_PAY),
        (or_(Order.id.is_not(None), Cancellation.id.is_not(None)), Attention.UNDER_WAY),
        (Service.status.in_([status for status in ServiceStatus if status.has_ended]), Attention.ENDED),
        else_=Attention.NONE,
    )


def _listed(attention: ColumnElement[int]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        attention.label("attention"),
        Order.reference.label("order"),
        Order.status.label("order_status"),
        Order.effective_on.label("order_on"),
        Cancellation.reference.label("cancellation"),
        Cancellation.effective_on.label("ends_on"),
        _RENEWAL.number.label("renewal"),
        _RENEWAL.due_on.label("renewal_due_on"),
    ]
    return (
        select(Service, *columns)
        .outerjoin(Order, and_(Order.service_id == Service.id, IS_OPEN))
        .outerjoin(Cancellation, and_(Cancellation.service_id == Service.id, IS_OPEN_REQUEST))
        .outerjoin(_RENEWAL, _RENEWAL.id == UNPAID_RENEWAL_ID)
        .options(joinedload(Service.plan).joinedload(Plan.group))
    )
