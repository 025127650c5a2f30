"""The list of a client's services: those that need the client first, each with what is open on it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import IntEnum
from typing import Any, NamedTuple

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Date, Executable, Select, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from kajoom.domain.catalog import Catalog
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.domain.terms import due_date_on
from kajoom.models.cancellation import IS_OPEN_REQUEST, Cancellation
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.db import db
from kajoom.models.folded_text import fold, folded
from kajoom.models.invoice import Invoice, id_of_last_invoice, unpaid_cents
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.order import IS_OPEN, Order
from kajoom.models.paging import PER_PAGE, is_whole_list
from kajoom.models.service import Service
from kajoom.models.service_row import UNPAID_RENEWAL_ID

_RENEWAL = aliased(Invoice)
_CHANGE = aliased(Invoice)


class Attention(IntEnum):
    """Why a service is where it is in the list, in the order of the list."""

    LATE = 0
    TO_PAY = 1
    UNDER_WAY = 2
    NONE = 3
    ENDED = 4


class ListedService(NamedTuple):
    """A row of the list: a service with its open change, cancellation and unpaid renewal, ``None`` without one.

    ``order_to`` is the id of the plan that the change leads to, ``order_on`` its day, ``pay_by`` the last day to pay it
    and ``order_cents`` what is left to pay of it; ``renewal_cents`` what is left to pay of the renewal.
    ``catalog_version`` is that of the catalogue which has the plans.
    """

    id: int
    plan_id: int
    label: str
    status: ServiceStatus
    cycle: BillingCycle
    currency: str
    recurring_cents: int
    next_due_date: date | None
    anchor_day: int
    attention: int
    order: str | None
    order_status: OrderStatus | None
    order_to: int | None
    order_on: date | None
    pay_by: date | None
    order_cents: int | None
    cancellation: str | None
    ends_on: date | None
    renewal: str | None
    renewal_due_on: date | None
    renewal_cents: int | None
    catalog_version: int | None

    @property
    def recurring(self) -> Money:
        """The recurring amount before tax."""
        return Money(self.recurring_cents, self.currency)

    def due_on(self, day: date) -> date | None:
        """The next due date as it stands on ``day``: that of a service at 0.00 has moved on by itself."""
        return due_date_on(day, self.next_due_date, self.recurring, self.cycle, self.anchor_day)


class ServiceFilter(NamedTuple):
    """The services whose domain or plan contains ``text``; with ``to_do`` only those that have something to pay."""

    text: str = ""
    to_do: bool = False


class ServicePages(Pagination):
    """A page of the list; ``to_do`` is how many services of the whole list have something to pay.

    ``catalog`` is the catalogue that has their plans.
    """

    to_do: int
    catalog: Catalog

    def _query_items(self) -> list[Any]:
        return [ListedService(*row) for row in self._rows("query", limit=self.per_page, offset=self._query_offset)]

    def _query_count(self) -> int:
        if is_whole_list(self):
            self.to_do = sum(row.attention <= Attention.TO_PAY for row in self.items)
            return len(self.items)
        [(total, self.to_do)] = self._rows("counts")
        return int(total)

    def _rows(self, name: str, **bounds: int) -> Iterable[Any]:
        query, values = self._query_args[name], {**self._query_args["values"], **bounds}
        return query.rows(**values) if isinstance(query, KeptStatement) else db.session.execute(query, values)


_ATTENTION: ColumnElement[int] = case(
    (_RENEWAL.due_on < bindparam("today", type_=Date()), Attention.LATE),
    (or_(_RENEWAL.id.is_not(None), Order.status == OrderStatus.AWAITING_PAYMENT), Attention.TO_PAY),
    (or_(Order.id.is_not(None), Cancellation.id.is_not(None)), Attention.UNDER_WAY),
    (Service.status.in_([status for status in ServiceStatus if status.has_ended]), Attention.ENDED),
    else_=Attention.NONE,
)


def _statements(listed: Select[Any]) -> tuple[Executable, Executable]:
    """The statements of a page of a list, and of how many rows it has, and how many of them have something to pay."""
    rows = listed.subquery()
    to_do = func.count(case((rows.c.attention <= Attention.TO_PAY, 1)))
    page = listed.order_by("attention", Service.id).limit(bindparam("limit")).offset(bindparam("offset"))
    return page, select(func.count(), to_do).select_from(rows)


# Built once with bound parameters: building them at each call would cost more than running them.
_COLUMNS: list[ColumnElement[Any] | InstrumentedAttribute[Any]] = [
    Service.id,
    Service.plan_id,
    Service.label,
    Service.status,
    Service.cycle,
    Service.currency,
    Service.recurring_cents,
    Service.next_due_date,
    Service.anchor_day,
    _ATTENTION.label("attention"),
    Order.reference.label("order"),
    Order.status.label("order_status"),
    Order.to_plan_id.label("order_to"),
    Order.effective_on.label("order_on"),
    Order.expires_on.label("pay_by"),
    unpaid_cents(_CHANGE).label("order_cents"),
    Cancellation.reference.label("cancellation"),
    Cancellation.effective_on.label("ends_on"),
    _RENEWAL.number.label("renewal"),
    _RENEWAL.due_on.label("renewal_due_on"),
    unpaid_cents(_RENEWAL).label("renewal_cents"),
    select(CatalogVersion.version).scalar_subquery().label("catalog_version"),
]
_LISTED = (
    select(*_COLUMNS)
    .select_from(Service)
    .outerjoin(Order, and_(Order.service_id == Service.id, IS_OPEN))
    .outerjoin(_CHANGE, _CHANGE.id == id_of_last_invoice(Order.id))
    .outerjoin(Cancellation, and_(Cancellation.service_id == Service.id, IS_OPEN_REQUEST))
    .outerjoin(_RENEWAL, _RENEWAL.id == UNPAID_RENEWAL_ID)
    .where(Service.client_id == bindparam("client_id"))
)
_PAGE, _COUNTS = _statements(_LISTED)
_KEPT_PAGE, _KEPT_COUNTS = KeptStatement(lambda: _PAGE), KeptStatement(lambda: _COUNTS)


def services_of(client_id: int, page: int, today: date, wanted: ServiceFilter) -> ServicePages:
    """Return a page of the client's services that are wanted, those that need the client first."""
    current = catalog() if wanted.text else None
    query, counts = (_KEPT_PAGE, _KEPT_COUNTS) if wanted == ServiceFilter() else _statements(_filtered(wanted, current))
    values = {"client_id": client_id, "today": today}
    pages = ServicePages(page=page, per_page=PER_PAGE, max_per_page=PER_PAGE, query=query, counts=counts, values=values)
    pages.catalog = current or catalog(pages.items[0].catalog_version if pages.items else None)
    return pages


def _filtered(wanted: ServiceFilter, current: Catalog | None) -> Select[Any]:
    query = _LISTED
    if current is not None:
        query = query.where(_matches(wanted.text, current))
    return query.where(_ATTENTION <= Attention.TO_PAY) if wanted.to_do else query


def _matches(text: str, current: Catalog) -> ColumnElement[bool]:
    """The services whose domain or plan, in either language, contains ``text``, whatever its case and accents."""
    sought = fold(text)
    names = {plan.id: (*plan.title.values(), *plan.name.values()) for plan in current.plans.values()}
    plans = [plan for plan, each in names.items() if any(sought in fold(name) for name in each)]
    return or_(folded(Service.label).contains(sought, autoescape=True), Service.plan_id.in_(plans))
