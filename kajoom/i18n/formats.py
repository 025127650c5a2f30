"""How values are written in each language: amounts, dates, times, sizes and translated messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
from flask import g
from flask_babel import get_babel, to_user_timezone
from markupsafe import Markup

from kajoom.domain.money import Money
from kajoom.domain.usage import OwnLimit, Resource, Unit
from kajoom.i18n.labels import label_for
from kajoom.i18n.translations import FOLDER

LANGUAGES = ("fr", "en")
"""The languages of the pages, the default first; messages in the sources are in English."""

_FORMATS = "formats"
_SPACE = "\N{NO-BREAK SPACE}"
_MEGABYTES_IN_A_GIGABYTE = 1024


class Formats:
    """The formats and translations of one language.

    Babel's locale is ``fr_CA`` or ``en_CA``: plain ``fr`` would write a dollar amount as « 1,00 $CA ».
    """

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self.locale = f"{language}_CA"
        self.tag = f"{language}-CA"
        self._translations = translations

    @property
    def other(self) -> str:
        """The code of the other language."""
        return "en" if self.language == "fr" else "fr"

    def gettext(self, message: str, **variables: object) -> str:
        """The translation of ``message``, its placeholders filled when ``variables`` are given."""
        text = self._translations.gettext(message)
        return text % variables if variables else text

    def ngettext(self, singular: str, plural: str, n: int, **variables: object) -> str:
        """The translation for ``n`` things; ``%(n)s`` is written as this language writes numbers."""
        return self._translations.ngettext(singular, plural, n) % {"n": self.number(n), **variables}

    def localized(self, text: Mapping[str, str]) -> str:
        """The host's own text in this language."""
        return text[self.language]

    def plan_name(self, name: Mapping[str, str]) -> str:
        """A plan's name inside a sentence; in French one that « au » and « du » agree with: « forfait Pro »."""
        text = self.localized(name)
        return text if self.language == "en" or text.lower().startswith("forfait ") else f"forfait {text}"

    def capitalized(self, text: str) -> str:
        """``text`` with a capital first letter, the others as they are."""
        return f"{text[:1].upper()}{text[1:]}"

    def money(self, amount: Money) -> str:
        """« 1 234,50 $ » and "$1,234.50"."""
        return _money(amount.cents, amount.currency, self.locale)

    def money_with_currency(self, amount: Money) -> str:
        """« 150,00 $ CAD » and "$150.00 CAD"; the sign of any other currency already names it."""
        return f"{self.money(amount)} CAD" if amount.currency == "CAD" else self.money(amount)

    def money_tag(self, amount: Money, id: str = "", currency: bool = False, kind: str = "") -> Markup:  # noqa: A002
        """The amount in a ``<data>`` element with its machine value; ``kind`` is its class."""
        return _money_tag(amount.cents, amount.currency, self, currency, id, kind)

    def date_tag(self, on: date, id: str = "") -> Markup:  # noqa: A002
        """The date in a ``<time>`` element, written 2022-11-01 in both languages."""
        return _date_tag(on, id)

    def long_date(self, on: date) -> str:
        """A date inside a sentence: « le 22 novembre 2026 », « le 1er … », "November 22, 2026"."""
        return _long_date(on, self.locale)

    def short_date(self, on: date, today: date) -> str:
        """A date where there is little room, its year only if not that of ``today``: « le 1er déc. », "Dec 1, 2027"."""
        return _short_date(on, self.locale, with_year=on.year != today.year)

    def from_date(self, on: date) -> str:
        """A date after « à compter » or "from": « du 1er novembre 2026 », "November 1, 2026"."""
        return self.long_date(on).replace("le ", "du ", 1) if self.language == "fr" else self.long_date(on)

    def clock_time(self, at: datetime) -> str:
        """The time in the host's time zone: « 14 h 30 », « 9 h », "2:30 p.m."."""
        local = to_user_timezone(at)
        if self.language == "fr":
            return f"{local.hour}{_SPACE}h" + (f"{_SPACE}{local.minute}" if local.minute else "")
        return f"{local.hour % 12 or 12}:{local.minute:02d}{_SPACE}{'a.m.' if local.hour < 12 else 'p.m.'}"

    def moment(self, at: datetime) -> Markup:
        """An instant in a ``<time>`` element: date and time in the host's time zone, to the second in its machine
        value."""
        shown = f"{to_user_timezone(at).date().isoformat()}, {self.clock_time(at)}"
        return Markup('<time datetime="{}">{}</time>').format(at.isoformat(timespec="seconds"), shown)

    def recent_moment(self, at: datetime, today: date) -> Markup:
        """An instant after a verb: « aujourd’hui à 14 h 5 », « hier à 9 h », "on November 22, 2026 at 9:00 a.m."."""
        day = to_user_timezone(at).date()
        days = {today: self.gettext("today at"), today - timedelta(days=1): self.gettext("yesterday at")}
        shown = days.get(day) or self.gettext("%(day)s at", day=self._after_verb(day))
        value = at.isoformat(timespec="seconds")
        return Markup('<time datetime="{}">{} {}</time>').format(value, shown, self.clock_time(at))

    def _after_verb(self, on: date) -> str:
        return self.long_date(on) if self.language == "fr" else f"on {self.long_date(on)}"

    def percent(self, rate: str) -> str:
        """A rate such as "9.975" with all its decimals: « 9,975 % »."""
        return _percent(rate, self.locale)

    def number(self, value: float | Decimal) -> str:
        """A number with at most one decimal."""
        return _number(value, self.locale)

    def size(self, megabytes: int) -> str:
        """Disk space given in megabytes: « 12,4 Go », "512 MB"."""
        if abs(megabytes) < _MEGABYTES_IN_A_GIGABYTE:
            return f"{self.number(megabytes)}{_SPACE}{'Mo' if self.language == 'fr' else 'MB'}"
        gigabytes = Decimal(megabytes) / _MEGABYTES_IN_A_GIGABYTE
        return f"{self.number(gigabytes)}{_SPACE}{'Go' if self.language == 'fr' else 'GB'}"

    def label(self, code: StrEnum | OwnLimit) -> str:
        """The label of a code, or the name that the host's catalogue gives a limit of its own."""
        return self.localized(code.name) if isinstance(code, OwnLimit) else self.gettext(label_for(code))

    def quantity(self, value: int, resource: str) -> str:
        """An amount of a resource: a size for disk space and what a host limits in bytes, a number for the others."""
        unit = resource.unit if isinstance(resource, OwnLimit) else None
        if unit is Unit.GIGABYTES:
            return self.size(value * _MEGABYTES_IN_A_GIGABYTE)
        is_size = resource == Resource.DISK or unit is Unit.MEGABYTES
        return self.size(value) if is_size else self.number(value)


@cache
def formats_for(language: str) -> Formats:
    """The formats of "fr" or "en"; the French translations must have been compiled."""
    if language == "en":
        return Formats(language, NullTranslations())
    with (FOLDER / language / "LC_MESSAGES" / "messages.mo").open("rb") as compiled:
        return Formats(language, GNUTranslations(compiled))


def current_formats() -> Formats:
    """The formats of the request's language, or of the e-mail being rendered; found once a request."""
    try:
        formats: Formats | None = g.get(_FORMATS)
    except RuntimeError:  # outside a request and a command
        return formats_for(LANGUAGES[0])
    if formats is None:
        # Asked directly: Flask-Babel would parse its answer to a locale of the whole language.
        select = get_babel().locale_selector
        formats = formats_for((select() if select else None) or LANGUAGES[0])
        setattr(g, _FORMATS, formats)
    return formats


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Write in "fr" or "en" inside the ``with``, as an e-mail does."""
    before = g.get(_FORMATS)
    setattr(g, _FORMATS, formats_for(language))
    try:
        yield
    finally:
        setattr(g, _FORMATS, before)


def gettext(message: str, **variables: object) -> str:
    """The translation of ``message`` in the language of the request or of the e-mail."""
    return current_formats().gettext(message, **variables)


def _attribute(name: str, value: str) -> Markup:
    return Markup(' {}="{}"').format(name, value) if value else Markup()


@lru_cache(maxsize=4096)
def _money_tag(cents: int, code: str, formats: Formats, currency: bool, id: str, kind: str) -> Markup:  # noqa: A002
    amount = Money(cents, code)
    shown = formats.money_with_currency(amount) if currency else formats.money(amount)
    marked = _attribute("id", id) + _attribute("class", kind)
    return Markup('<data{} value="{}">{}</data>').format(marked, amount, shown)


@lru_cache(maxsize=1024)
def _date_tag(on: date, id: str) -> Markup:  # noqa: A002
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


@lru_cache(maxsize=1024)
def _short_date(on: date, locale: str, *, with_year: bool) -> str:
    if locale == "fr_CA":
        month = format_date(on, "MMM y" if with_year else "MMM", locale=locale)
        return f"le {'1er' if on.day == 1 else on.day} {month}".replace(" ", _SPACE)
    shown = format_date(on, "MMM d, y" if with_year else "MMM d", locale=locale)
    return shown.replace(".", "").replace(" ", _SPACE)


@lru_cache(maxsize=64)
def _percent(rate: str, locale: str) -> str:
    return format_percent(Decimal(rate) / 100, locale=locale, decimal_quantization=False)


@lru_cache(maxsize=1024)
def _number(value: float | Decimal, locale: str) -> str:
    return format_decimal(Decimal(str(value)), "#,##0.#", locale=locale).replace("-", "\N{MINUS SIGN}")
