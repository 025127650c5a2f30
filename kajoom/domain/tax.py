"""Sales taxes of Canada: which apply in a province on a day, each computed on the price before tax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from kajoom.domain.money import Money


class TaxName(StrEnum):
    """The taxes by their English initials; the page says TPS, TVQ and TVH in French."""

    GST = "GST"
    QST = "QST"
    HST = "HST"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate, in force from ``since`` until a later entry of the same province replaces it.

    ``percent`` is its text ("9.975"), as an invoice prints it; ``share`` the part of the price that it takes.
    """

    name: TaxName
    percent: str
    share: Fraction
    since: date


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax on one amount; ``percent`` is kept as text ("9.975") because it is printed on the invoice."""

    name: TaxName
    percent: str
    amount: Money


def _rate(name: TaxName, percent: str, since: str) -> TaxRate:
    return TaxRate(name, percent, Fraction(percent) / 100, date.fromisoformat(since))


_GST = _rate(TaxName.GST, "5", "2008-01-01")

# Canada Revenue Agency, "GST/HST calculator and rates"; Revenu Québec, "Tables of GST and QST rates".
# For each province, for each tax, the rates in order of their day: the last one begun is in force.
RATES: dict[str, tuple[tuple[TaxRate, ...], ...]] = {
    "QC": ((_GST,), (_rate(TaxName.QST, "9.975", "2013-01-01"),)),
    "ON": ((_rate(TaxName.HST, "13", "2010-07-01"),),),
    "NB": ((_rate(TaxName.HST, "13", "2008-01-01"), _rate(TaxName.HST, "15", "2016-07-01")),),
    "NL": ((_rate(TaxName.HST, "13", "2008-01-01"), _rate(TaxName.HST, "15", "2016-07-01")),),
    "PE": ((_rate(TaxName.HST, "14", "2013-04-01"), _rate(TaxName.HST, "15", "2016-10-01")),),
    "NS": ((_rate(TaxName.HST, "15", "2010-07-01"), _rate(TaxName.HST, "14", "2025-04-01")),),
    **dict.fromkeys(("AB", "BC", "MB", "SK", "NT", "NU", "YT"), ((_GST,),)),
}


def taxes_on(net: Money, province: str, on: date) -> tuple[TaxLine, ...]:
    """The taxes on ``net`` (an amount before tax) for a client of ``province`` when the tax becomes payable ``on``.

    Each tax is taken on the price without tax and rounded half up by itself; nothing is taxed when nothing is
    charged, nor outside Canada (any code that is not one of its thirteen).
    """
    if net.cents <= 0:
        return ()
    lines = []
    for history in RATES.get(province, ()):
        in_force = [rate for rate in history if rate.since <= on]
        if in_force:
            rate = in_force[-1]
            lines.append(TaxLine(rate.name, rate.percent, net * rate.share))
    return tuple(lines)
