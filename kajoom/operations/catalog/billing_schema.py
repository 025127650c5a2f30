"""From when renewals are issued, and what follows when one stays unpaid, in a host's catalogue file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt, ValidationInfo, field_validator

from kajoom.domain.unpaid import MOST_DAYS
from kajoom.operations.catalog.schema import Table
from kajoom.operations.catalog.values import Day

Days = Annotated[StrictInt, Field(ge=1, le=MOST_DAYS)]


class BillingEntry(Table):
    """After how many days from its due date an unpaid renewal has its service suspended, and staff asked about it.

    Without a number nothing follows. With ``renewals`` off no renewal is issued here, or none before the day
    ``renewals_from``.
    """

    renewals: Literal["on", "off"] = "on"
    renewals_from: Day | None = None

    suspend_days: Days | None = None
    terminate_days: Days | None = None

    @field_validator("terminate_days")
    @classmethod
    def _check_order(cls, days: int | None, info: ValidationInfo) -> int | None:
        suspend_days = info.data.get("suspend_days")
        if days is not None and suspend_days is not None and days <= suspend_days:
            raise ValueError("not after suspend_days")
        return days
