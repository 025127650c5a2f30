"""The taxes of the small site: one rate for everybody, without asking anyone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plans.taxation import TaxationPolicy


class OneRate(TaxationPolicy):  # type: ignore[misc]
    @classmethod
    def get_tax_rate(cls, *_args: Any, **_options: Any) -> tuple[Decimal, bool]:
        return Decimal("14.975"), True
