"""The schema of a host's catalogue file as a whole."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kajoom.operations.catalog.billing_schema import BillingEntry
from kajoom.operations.catalog.group_moves import GroupMoveEntry
from kajoom.operations.catalog.limit_schema import LimitEntry
from kajoom.operations.catalog.schema import (
    BannerEntry,
    GroupEntry,
    InvoicesEntry,
    OfflineEntry,
    StaffEntry,
    Table,
)
from kajoom.operations.catalog.seller_schema import SellerEntry
from kajoom.operations.catalog.server_schema import ServerEntry
from kajoom.operations.catalog.values import Code, OfflineCode


class CatalogFile(Table):
    """A whole file: the seller, the staff to notify, and offline methods, servers, groups and banners by their codes.

    ``moves`` are those between groups. Without ``invoices`` their numbers begin again each year; without ``billing`` no
    unpaid service is suspended.
    """

    seller: SellerEntry
    invoices: InvoicesEntry | None = None
    billing: BillingEntry | None = None
    staff: StaffEntry = StaffEntry()
    payments: dict[OfflineCode, OfflineEntry] = Field(default_factory=dict)
    servers: dict[Code, ServerEntry] = Field(default_factory=dict)
    limits: dict[Code, LimitEntry] = Field(default_factory=dict)
    groups: Annotated[dict[Code, GroupEntry], Field(min_length=1)]
    moves: list[GroupMoveEntry] = Field(default_factory=list)
    banners: dict[Code, BannerEntry] = Field(default_factory=dict)
