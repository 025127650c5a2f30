"""The host whose name, address and contact are on each page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from kajoom.domain.catalog import Catalog
from kajoom.models.catalog import catalog, known_catalog
from kajoom.models.service_snapshot import ServiceSnapshot

Seller = Mapping[str, Any]


def init_page_seller(app: Flask) -> None:
    """Let templates name the host."""
    app.jinja_env.globals.update(page_seller=_page_seller, known_seller=_known_seller)


def _page_seller(service: ServiceSnapshot | None, current: Catalog | None) -> Seller:
    """The seller of the catalogue that the page has read; it is read where the page has not."""
    return (service.catalog if service else current or catalog()).seller


def _known_seller() -> Seller:
    """The seller of the catalogue in memory, for a page that must not read the database."""
    known = known_catalog()
    return known.seller if known is not None else {}
