"""The lists of countries and currencies against those of the Unicode CLDR, as Babel has them."""

from babel import Locale
from babel.numbers import get_currency_precision, get_territory_currencies

from kajoom.domain.country import COUNTRIES, CURRENCIES

# Codes that the CLDR adds to ISO 3166: reserved, private or grouping ones.
_NOT_ISO = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}


def test_countries_are_those_of_iso_3166() -> None:
    territories = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()}
    assert territories - COUNTRIES == _NOT_ISO
    assert territories >= COUNTRIES


def test_currencies_are_those_in_use_with_two_decimals() -> None:
    in_use = {code for country in COUNTRIES for code in get_territory_currencies(country)}
    assert {code for code in in_use if get_currency_precision(code) == 2} == CURRENCIES


def test_currencies_without_cents_are_not_among_them() -> None:
    assert not CURRENCIES & {"JPY", "CLP", "KRW", "XOF", "KWD", "XAU", "XTS"}
