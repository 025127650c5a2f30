"""Canadian sales taxes: the rates of each province over time, each applied to the price before tax."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from kajoom.domain.money import Money


class TaxName(StrEnum):
    """The taxes by their English initials (TPS, TVQ and TVH in French)."""

    GST = "GST"
    QST = "QST"
    HST = "HST"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate in force from ``since`` until the next entry of the same tax and province.

    ``percent`` is text ("9.975") because invoices print it; ``share`` is the same rate as a fraction of the price.
    """

    name: TaxName
    percent: str
    share: Fraction
    since: date


@dataclass(frozen=True, slots=True)
class TaxLine:
    """One tax on one amount; ``percent`` is text ("9.975") because invoices print it."""

    name: TaxName
    percent: str
    amount: Money


def _rate(name: TaxName, percent: str, since: str) -> TaxRate:
    return TaxRate(name, percent, Fraction(percent) / 100, date.fromisoformat(since))


_GST = _rate(TaxName.GST, "5", "2008-01-01")

# Canada Revenue Agency, "GST/HST calculator and rates"; Revenu Québec, "Tables of GST and QST rates".
# For each province and each tax, the rates by date: the last one that has started is in force.
RATES: dict[str, tuple[tuple[TaxRate, ...], ...]] = {
    "QC": ((_GST,), (_rate(TaxName.QST, "9.975", "2013-01-01"),)),
    "ON": ((_rate(TaxName.HST, "13", "2010-07-01"),),),
    "NB": ((_rate(TaxName.HST, "13", "2008-01-01"), _rate(TaxName.HST, "15", "2016-07-01")),),
    "NL": ((_rate(TaxName.HST, "13", "2008-01-01"), _rate(TaxName.HST, "15", "2016-07-01")),),
    "PE": ((_rate(TaxName.HST, "14", "2013-04-01"), _rate(TaxName.HST, "15", "2016-10-01")),),
    "NS": ((_rate(TaxName.HST, "15", "2010-07-01"), _rate(TaxName.HST, "14", "2025-04-01")),),
    **dict.fromkeys(("AB", "BC", "MB", "SK", "NT", "NU", "YT"), ((_GST,),)),
}


ALL_TAXES = frozenset(TaxName)


class UnknownTaxRate(ValueError):
    """No rate is known for a tax on a day: it is before the first one of ``RATES``."""


@dataclass(frozen=True, slots=True)
class Taxation:
    """Which taxes are charged on what a seller sells to a client.

    ``province`` is the client's: any code that is not one of the thirteen provinces and territories is outside Canada.
    ``registered`` are the taxes that the seller collects, ``exempt`` whether the client pays none.
    """

    province: str
    registered: frozenset[TaxName] = ALL_TAXES
    exempt: bool = False

    @property
    def rates(self) -> tuple[tuple[TaxRate, ...], ...]:
        """The rates by date of each tax that is charged; empty when no tax is ever charged."""
        histories = () if self.exempt else RATES.get(self.province, ())
        return tuple(history for history in histories if history[0].name in self.registered)

    @property
    def is_taxed(self) -> bool:
        """Whether a price without tax has taxes added to it: what a page or an e-mail says of taxes follows from it."""
        return bool(self.rates)


def registered_taxes(seller: Mapping[str, Any]) -> frozenset[TaxName]:
    """Return the taxes that a seller collects: GST and HST under a GST number, QST under a QST number.

    A small supplier has no number and charges no tax.
    """
    gst = {TaxName.GST, TaxName.HST} if seller.get("gst_number") else set()
    return frozenset(gst | ({TaxName.QST} if seller.get("qst_number") else set()))


def taxes_on(net: Money, taxation: Taxation, on: date) -> tuple[TaxLine, ...]:
    """Return the taxes on ``net`` (before tax) when they become payable ``on``.

    Each tax is calculated on the price before tax and rounded half up separately. An amount of zero or less is not
    taxed. Raises ``UnknownTaxRate`` for a day before the first known rate of a tax that is charged.
    """
    if net.cents <= 0:
        return ()
    rates = [_rate_in_force(history, on) for history in taxation.rates]
    return tuple(TaxLine(rate.name, rate.percent, net * rate.share) for rate in rates)


def _rate_in_force(history: tuple[TaxRate, ...], on: date) -> TaxRate:
    started = [rate for rate in history if rate.since <= on]
    if not started:
        raise UnknownTaxRate(f"no {history[0].name} rate is known before {history[0].since}: {on}")
    return started[-1]
