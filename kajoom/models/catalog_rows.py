"""The rows of the catalogue, to compare with a host's file and to change them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from kajoom.models.catalog import Banner, Move, Plan, ProductGroup
from kajoom.models.db import db


def group_rows() -> list[ProductGroup]:
    """Return every group with its plans, prices and moves, to compare with the host's file."""
    loads = (
        selectinload(ProductGroup.plans).selectinload(Plan.prices),
        selectinload(ProductGroup.plans).selectinload(Plan.moves).joinedload(Move.to_plan),
    )
    return list(db.session.scalars(select(ProductGroup).options(*loads).order_by(ProductGroup.id)))


def banner_rows() -> list[Banner]:
    """Return every banner, past and future ones included."""
    return list(db.session.scalars(select(Banner).order_by(Banner.id)))
