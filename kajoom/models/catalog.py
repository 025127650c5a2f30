"""The host's catalogue: groups of plans, their prices, the moves permitted between them, banners and the seller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from flask import current_app
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from kajoom.domain.catalog import Catalog, CatalogBanner, CatalogGroup, CatalogPlan, PermittedMove
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.feature import Feature
from kajoom.domain.invoice import InvoiceNumbering
from kajoom.domain.money import Money
from kajoom.domain.payment_method import offline_method
from kajoom.domain.quote import ChargePolicy
from kajoom.domain.renewal_policy import RenewalPolicy
from kajoom.domain.server import DEMONSTRATION, MANUAL, Server
from kajoom.domain.unpaid import UnpaidPolicy
from kajoom.domain.usage import OwnLimit, own_limits
from kajoom.models.brand import seller_and_brand
from kajoom.models.db import Base, db
from kajoom.models.kept_statement import KeptStatement
from kajoom.models.types import FeatureJson, Translated, UtcDateTime, enum_column, json_column


class ProductGroup(Base):
    """Plans a client may move between, and the host's policy for charging an upgrade.

    ``delay`` is the usual delay when staff must act, for moves without a delay of their own. ``on_end`` says what is
    deleted once a service has ended, and when. ``icon`` is the symbol shown beside its services.
    """

    __tablename__ = "product_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[Translated] = mapped_column(json_column())
    charge: Mapped[ChargePolicy] = mapped_column(enum_column(ChargePolicy, "charge"), default=ChargePolicy.PRORATED)
    delay: Mapped[Translated] = mapped_column(json_column())
    on_end: Mapped[Translated | None] = mapped_column(json_column())
    icon: Mapped[str] = mapped_column(default="server", server_default="server")

    plans: Mapped[list[Plan]] = relationship(back_populates="group", order_by="Plan.level")


class Plan(Base):
    """A plan on sale, or ``withdrawn``: then existing services keep it and nobody can change to it.

    ``limits`` maps each resource to its limit (``None``: unlimited); ``package`` is the panel's name for the plan.
    """

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("group_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("product_group.id"))
    code: Mapped[str]
    name: Mapped[Translated] = mapped_column(json_column())
    title: Mapped[Translated] = mapped_column(json_column())
    description: Mapped[Translated] = mapped_column(json_column())
    features: Mapped[list[FeatureJson]] = mapped_column(json_column(), default=list)
    level: Mapped[int]
    recommended: Mapped[bool] = mapped_column(default=False)
    withdrawn: Mapped[bool] = mapped_column(default=False)
    limits: Mapped[dict[str, int | None]] = mapped_column(json_column(), default=dict)
    package: Mapped[str]

    group: Mapped[ProductGroup] = relationship(back_populates="plans")
    prices: Mapped[list[Price]] = relationship(back_populates="plan", cascade="all, delete-orphan")
    moves: Mapped[list[Move]] = relationship(
        back_populates="from_plan", foreign_keys="Move.from_plan_id", cascade="all, delete-orphan"
    )


class Price(Base):
    """A plan's recurring amount in cents, before tax, for one unit, one cycle and one currency."""

    __tablename__ = "price"
    __table_args__ = (UniqueConstraint("plan_id", "cycle", "currency"), CheckConstraint("cents >= 0", name="cents"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    cycle: Mapped[BillingCycle] = mapped_column(enum_column(BillingCycle))
    currency: Mapped[str]
    cents: Mapped[int]

    plan: Mapped[Plan] = relationship(back_populates="prices")


class Move(Base):
    """A permitted change from one plan to another; ``delay`` is the usual delay when staff must act."""

    __tablename__ = "move"
    __table_args__ = (UniqueConstraint("from_plan_id", "to_plan_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    from_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    to_plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    needs_person: Mapped[bool] = mapped_column(default=False)
    delay: Mapped[Translated | None] = mapped_column(json_column())

    from_plan: Mapped[Plan] = relationship(back_populates="moves", foreign_keys=[from_plan_id])
    to_plan: Mapped[Plan] = relationship(foreign_keys=[to_plan_id])


class Banner(Base):
    """A promotion shown from ``valid_from`` to ``valid_until`` inclusive on the services of some groups, or of all."""

    __tablename__ = "banner"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[Translated] = mapped_column(json_column())
    text: Mapped[Translated] = mapped_column(json_column())
    link_label: Mapped[Translated] = mapped_column(json_column())
    link: Mapped[Translated] = mapped_column(json_column())
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    groups: Mapped[list[str]] = mapped_column(json_column(), default=list)


class CatalogVersion(Base):
    """A single row: the version of the catalogue in force, the seller, with the host's look, and the offline methods.

    ``staff`` holds the addresses to ``notify`` and the ``locale`` of the e-mails to staff, empty for the defaults.
    ``offline`` maps the code of a payment method to its ``label``, ``phrase`` and ``instructions`` in both languages,
    and to its ``needs`` in days, where the file has them. ``numbering`` holds the ``prefix`` and the ``start`` of
    invoice numbers, or nothing. ``limits`` maps the code of a limit of the host's own to its name and its unit,
    ``servers`` the name of a server to the fields of ``Server``, and ``billing`` holds those of ``UnpaidPolicy`` and
    when renewals are issued.
    """

    __tablename__ = "catalog_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    loaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seller: Mapped[dict[str, Any]] = mapped_column(json_column())
    offline: Mapped[dict[str, dict[str, Any]]] = mapped_column(json_column(), default=dict, server_default="{}")
    staff: Mapped[dict[str, Any]] = mapped_column(json_column(), default=dict, server_default="{}")
    numbering: Mapped[dict[str, Any]] = mapped_column(json_column(), default=dict, server_default="{}")
    servers: Mapped[dict[str, dict[str, Any]]] = mapped_column(json_column(), default=dict, server_default="{}")
    limits: Mapped[dict[str, dict[str, Any]]] = mapped_column(json_column(), default=dict, server_default="{}")
    billing: Mapped[dict[str, Any]] = mapped_column(json_column(), default=dict, server_default="{}")


_VERSION = KeptStatement(lambda: select(CatalogVersion.version))

_CACHE = "catalog"
"""The key of the cached catalogue among the application's extensions."""


def forget_catalog() -> None:
    """Forget the catalogue in memory: one that was loaded for trial has the number of the next one."""
    current_app.extensions.pop(_CACHE, None)


def catalog_version() -> CatalogVersion | None:
    """Return the version row, or ``None`` before the first load of a catalogue."""
    return db.session.scalar(select(CatalogVersion))


def catalog(version: int | None = None) -> Catalog:
    """The catalogue in force, kept in memory by the application until its version in the database changes.

    A caller that has already read the version passes it, which saves a query.
    """
    if version is None:
        row = _VERSION.first()
        version = row.version if row is not None else 0
    cached = known_catalog()
    if cached is None or cached.version != version:
        cached = current_app.extensions[_CACHE] = _read(version)
    return cached


def known_catalog() -> Catalog | None:
    """The catalogue in memory, which another process may have replaced since, or ``None``."""
    return cast("Catalog | None", current_app.extensions.get(_CACHE))


def _read(version: int) -> Catalog:
    loads = (
        selectinload(ProductGroup.plans).selectinload(Plan.prices),
        selectinload(ProductGroup.plans).selectinload(Plan.moves),
    )
    groups = db.session.scalars(select(ProductGroup).options(*loads).order_by(ProductGroup.id)).all()
    codes = {plan.id: (group.code, plan.code) for group in groups for plan in group.plans}
    current = catalog_version()
    own = own_limits(current.limits if current else {})
    read = {group.code: _group(group, codes, own) for group in groups}
    seller, brand = seller_and_brand(current.seller if current else {}, current_app.config.get("SELLER", {}))
    staff = current.staff if current else {}
    return Catalog(
        version=version,
        groups=read,
        plans={plan.id: plan for group in read.values() for plan in group.plans},
        banners=tuple(_banner(row) for row in db.session.scalars(select(Banner).order_by(Banner.id))),
        seller=seller,
        brand=brand,
        staff_emails=tuple(staff.get("notify") or filter(None, [seller.get("email")])),
        staff_locale=staff.get("locale", "fr"),
        unpaid=UnpaidPolicy.read(current.billing if current else {}),
        renewals=RenewalPolicy.read(current.billing if current else {}),
        numbering=InvoiceNumbering(**current.numbering) if current and current.numbering else None,
        offline=tuple(offline_method(code, **texts) for code, texts in current.offline.items()) if current else (),
        servers=servers_in(current),
        panel_without_server=MANUAL if current_app.config.get("CHANGES_BY_HAND") else DEMONSTRATION,
    )


def servers_in(current: CatalogVersion | None) -> dict[str, Server]:
    """The servers of a catalogue, by name."""
    return {name: Server(name, **fields) for name, fields in (current.servers if current else {}).items()}


def _group(group: ProductGroup, codes: Mapping[int, tuple[str, str]], own: Mapping[str, OwnLimit]) -> CatalogGroup:
    plans = tuple(_plan(plan, group, codes, own) for plan in group.plans)
    return CatalogGroup(group.code, group.name, group.charge, group.delay, plans, group.on_end, group.icon)


def _plan(
    plan: Plan, group: ProductGroup, codes: Mapping[int, tuple[str, str]], own: Mapping[str, OwnLimit]
) -> CatalogPlan:
    moves, others = dict[str, PermittedMove](), dict[str, None]()
    for move in sorted(plan.moves, key=lambda each: each.to_plan_id):
        to_group, to_plan = codes[move.to_plan_id]
        if to_group == group.code:
            moves[to_plan] = PermittedMove(move.needs_person, move.delay or group.delay)
        else:
            moves[f"{to_group}/{to_plan}"] = PermittedMove(move.needs_person, move.delay)
            others[to_group] = None
    return CatalogPlan(
        id=plan.id,
        code=plan.code,
        name=plan.name,
        title=plan.title,
        description=plan.description,
        features=tuple(Feature(**each) for each in plan.features),
        level=plan.level,
        recommended=plan.recommended,
        withdrawn=plan.withdrawn,
        limits={own.get(limit, limit): amount for limit, amount in plan.limits.items()},
        package=plan.package,
        group=group.code,
        prices={(price.cycle, price.currency): Money(price.cents, price.currency) for price in plan.prices},
        moves=moves,
        other_groups=tuple(others),
    )


def _banner(row: Banner) -> CatalogBanner:
    return CatalogBanner(
        row.code, row.title, row.text, row.link_label, row.link, row.valid_from, row.valid_until, tuple(row.groups)
    )
