"""Credit notes: why a paid invoice is corrected, and the taxes of the part of it that is credited."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction

from kajoom.domain.money import Money
from kajoom.domain.tax import TaxLine


class CreditNoteReason(StrEnum):
    """Why a paid invoice is credited, in part or in full."""

    CHANGE_REFUSED = "change_refused"
    RENEWAL_REPLACED = "renewal_replaced"
    SERVICE_ENDED = "service_ended"
    DAYS_NOT_SERVED = "days_not_served"
    CORRECTED = "corrected"


def taxes_of_credit(credited: Money, left: Money, taxes_left: Sequence[TaxLine]) -> tuple[TaxLine, ...]:
    """Return the taxes on ``credited`` (before tax), at the rates of the invoice that is corrected.

    ``left`` is what has not been credited yet of the invoice before tax, and ``taxes_left`` that of each tax. A tax is
    rounded half up and never more than what is left of it; a credit of all that is left takes all of each tax, so that
    an invoice credited in several parts comes to zero.
    """
    if credited == left:
        return tuple(taxes_left)
    return tuple(
        TaxLine(tax.name, tax.percent, min(credited * (Fraction(tax.percent) / 100), tax.amount)) for tax in taxes_left
    )
