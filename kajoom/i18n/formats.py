"""What values look like in each language: amounts, days, hours, sizes and sentences, for the page and the letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
from flask_babel import get_locale
from markupsafe import Markup

from kajoom import clock
from kajoom.domain.money import Money
from kajoom.domain.usage import Resource

LANGUAGES = ("fr", "en")
"""The languages of the house, the default first; sentences in the sources are English."""

_FOLDER = Path(__file__).resolve().parents[2] / "translations"
_SPACE = "\N{NO-BREAK SPACE}"
_MEGABYTES_IN_A_GIGABYTE = 1024


class Words:
    """One language: its sentences, and its ways with amounts and days. Plain "fr" would show a dollar as « $CA »."""

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self.locale = f"{language}_CA"
        self.tag = f"{language}-CA"
        self.gettext = translations.gettext
        self.ngettext = translations.ngettext

    @property
    def other(self) -> str:
        """The language that the toggle leads to."""
        return "en" if self.language == "fr" else "fr"

    def say(self, sentence: str, **values: object) -> str:
        """A sentence of the sources in this language, its named places filled."""
        said = self.gettext(sentence)
        return said % values if values else said

    def count(self, one: str, many: str, n: int, **values: object) -> str:
        """The sentence for ``n`` things, with ``%(n)s`` written as this language writes numbers."""
        return self.ngettext(one, many, n) % {"n": self.number(n), **values}

    def tr(self, text: Mapping[str, str]) -> str:
        """What a host wrote in both languages."""
        return text[self.language]

    def money(self, amount: Money) -> str:
        """« 1 234,50 $ » and "$1,234.50"."""
        return _money(amount.cents, amount.currency, self.locale)

    def money_with_currency(self, amount: Money) -> str:
        """« 150,00 $ CAD » and "$150.00 CAD"; the sign of any other currency already names it."""
        return f"{self.money(amount)} CAD" if amount.currency == "CAD" else self.money(amount)

    def figure(self, amount: Money, id: str = "", currency: bool = False, kind: str = "") -> Markup:  # noqa: A002
        """An amount with its machine value, for more than eyes to read and check; ``kind`` is a class."""
        return _figure(amount, self.money_with_currency(amount) if currency else self.money(amount), id, kind)

    def day(self, on: date, id: str = "") -> Markup:  # noqa: A002
        """A day as facts and tables write it, « 2022-11-01 » in both languages."""
        return _day(on, id)

    def long_date(self, on: date) -> str:
        """A day as a sentence says it: « le 22 novembre 2026 », « le 1er … », "November 22, 2026"."""
        return _long_date(on, self.locale)

    def clock_time(self, at: datetime) -> str:
        """The hour on the shop's wall: « 14 h 30 », « 9 h », "2:30 p.m."."""
        local = clock.local(at)
        if self.language == "fr":
            return f"{local.hour}{_SPACE}h" + (f"{_SPACE}{local.minute}" if local.minute else "")
        return f"{local.hour % 12 or 12}:{local.minute:02d}{_SPACE}{'a.m.' if local.hour < 12 else 'p.m.'}"

    def moment(self, at: datetime) -> Markup:
        """An instant: the day and the hour in the shop's zone, exact to the second in its machine value."""
        shown = f"{clock.local(at).date().isoformat()}, {self.clock_time(at)}"
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), shown)

    def percent(self, rate: str) -> str:
        """« 9,975 % » of "9.975": every decimal it has."""
        return _percent(rate, self.locale)

    def number(self, value: float | Decimal) -> str:
        """A count, or a quantity with one decimal at most."""
        return _number(Decimal(str(value)), self.locale)

    def size(self, megabytes: int) -> str:
        """Disk space: « 12,4 Go », "512 MB"."""
        if abs(megabytes) < _MEGABYTES_IN_A_GIGABYTE:
            return f"{self.number(megabytes)}{_SPACE}{'Mo' if self.language == 'fr' else 'MB'}"
        gigabytes = Decimal(megabytes) / _MEGABYTES_IN_A_GIGABYTE
        return f"{self.number(gigabytes)}{_SPACE}{'Go' if self.language == 'fr' else 'GB'}"

    def quantity(self, value: int, resource: str) -> str:
        """An amount of a resource: a size for disk space, a count for the others."""
        return self.size(value) if resource == Resource.DISK else self.number(value)


@cache
def words_of(language: str) -> Words:
    """The words of "fr" or "en"; the French ones are read from their build, which the start has made."""
    if language == "en":
        return Words(language, NullTranslations())
    with (_FOLDER / language / "LC_MESSAGES" / "messages.mo").open("rb") as built:
        return Words(language, GNUTranslations(built))


def words() -> Words:
    """The words of the request, or of the letter being written."""
    locale = get_locale()
    return words_of(locale.language if locale else LANGUAGES[0])


def sentence(text: str) -> str:
    """Marks a sentence kept in a table, so that it is collected for translation."""
    return text


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, value) if value else Markup()


@lru_cache(maxsize=4096)
def _figure(amount: Money, shown: str, id: str, kind: str) -> Markup:  # noqa: A002
    marked = _attribute("id", id) + _attribute("class", kind)
    return Markup('<data{} value="{}">{}</data>').format(marked, amount, shown)


@lru_cache(maxsize=1024)
def _day(on: date, id: str) -> Markup:  # noqa: A002
    return Markup('<time{0} datetime="{1}">{1}</time>').format(_attribute("id", id), on.isoformat())


@lru_cache(maxsize=4096)
def _money(cents: int, currency: str, locale: str) -> str:
    shown = format_currency(Decimal(cents).scaleb(-2), currency, locale=locale)
    return shown.replace("-", "\N{MINUS SIGN}")


@lru_cache(maxsize=1024)
def _long_date(on: date, locale: str) -> str:
    if locale == "fr_CA":
        return f"le {'1er' if on.day == 1 else on.day}{_SPACE}{format_date(on, 'MMMM y', locale=locale)}"
    return format_date(on, "long", locale=locale)


@lru_cache(maxsize=64)
def _percent(rate: str, locale: str) -> str:
    return format_percent(Decimal(rate) / 100, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=1024)
def _number(value: Decimal, locale: str) -> str:
    return format_decimal(value, "#,##0.#", locale=locale).replace("-", "\N{MINUS SIGN}")
