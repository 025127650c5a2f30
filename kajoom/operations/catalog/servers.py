"""The servers of the catalogue, and the hosting account of a service on one of them."""

from __future__ import annotations

from kajoom.domain.catalog import Catalog
from kajoom.gateways.panel_port import PanelAccount
from kajoom.models.catalog import catalog
from kajoom.models.service import Service
from kajoom.operations.transaction import transactional


def account_of(service: Service) -> PanelAccount:
    """The hosting account of a service, as its panel is asked about it."""
    return PanelAccount(service.server, service.username, service.external_id)


@transactional(read_only=True)
def current_catalog() -> Catalog:
    """The catalogue in force, read in a transaction of its own."""
    return catalog()
