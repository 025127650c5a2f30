"""The language of a page, how it is chosen and remembered, and how values are written in each language."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask_babel import force_locale

from kajoom.domain.money import Money
from kajoom.i18n.formats import current_formats, formats_for
from kajoom.models.client import client_by_email
from tests.conftest import Browser
from tests.web.conftest import Address

FR, EN = formats_for("fr"), formats_for("en")


def test_page_is_in_french_by_default(client: Browser) -> None:
    assert '<html lang="fr-CA">' in client.get("/login").text
    assert '<html lang="fr-CA">' in client.get("/login", headers={"Accept-Language": "de"}).text


def test_page_follows_the_languages_of_the_browser(client: Browser) -> None:
    assert '<html lang="en-CA">' in client.get("/login", headers={"Accept-Language": "en-US,en;q=0.9"}).text


def test_link_to_the_other_language_keeps_the_page_and_its_query(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}?tab=information")
    toggle = f'href="{address("hosting")}?tab=information&amp;lang=en" lang="en" hreflang="en" translate="no">English<'
    assert toggle in page.text


def test_links_of_a_page_do_not_repeat_the_language(french: Browser, address: Address) -> None:
    page = french.get(f"{address('hosting')}?lang=en")
    assert '<html lang="en-CA">' in page.text
    assert f'href="{address("hosting")}?lang=fr"' in page.text
    assert "lang=en" not in page.text


def test_chosen_language_is_saved_for_the_client(french: Browser) -> None:
    french.get("/services?lang=en")
    assert '<html lang="en-CA">' in french.get("/services").text
    account = client_by_email("fr@example.com")
    assert account is not None
    assert account.locale == "en"


def test_chosen_language_of_a_visitor_is_kept_in_a_cookie(client: Browser) -> None:
    client.get("/login?lang=en")
    assert '<html lang="en-CA">' in client.get("/login").text


@pytest.mark.parametrize("lang", ["de", "", "fr_CA", "../en"])
def test_unknown_language_is_ignored(french: Browser, lang: str) -> None:
    response = french.get(f"/services?lang={lang}")
    assert '<html lang="fr-CA">' in response.text
    assert "lang=" not in str(response.headers.getlist("Set-Cookie"))


def test_amounts_in_each_language() -> None:
    assert FR.money(Money(123450)) == "1\xa0234,50\xa0$"
    assert EN.money(Money(123450)) == "$1,234.50"
    assert FR.money_with_currency(Money(15000)) == "150,00\xa0$ CAD"
    assert EN.money_with_currency(Money(15000)) == "$150.00 CAD"
    assert FR.money_with_currency(Money(15000, "USD")) == "150,00\xa0$\xa0US"
    assert FR.money(Money(-1250)) == "−12,50\xa0$"


def test_amount_carries_its_machine_value() -> None:
    assert FR.money_tag(Money(4172), "due-today") == '<data id="due-today" value="41.72">41,72\xa0$</data>'
    assert FR.money_tag(Money(500), kind="difference") == '<data class="difference" value="5.00">5,00\xa0$</data>'


@pytest.mark.usefixtures("app")
def test_dates_and_times_in_each_language() -> None:
    assert FR.date_tag(date(2022, 11, 1), "next-due") == '<time id="next-due" datetime="2022-11-01">2022-11-01</time>'
    assert FR.long_date(date(2026, 11, 22)) == "le 22\xa0novembre 2026"
    assert FR.long_date(date(2026, 12, 1)) == "le 1er\xa0décembre 2026"
    assert EN.long_date(date(2026, 11, 22)) == "November 22, 2026"
    at = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)  # 14:30 in Toronto
    assert (FR.clock_time(at), EN.clock_time(at)) == ("14\xa0h\xa030", "2:30\xa0p.m.")
    assert FR.clock_time(at.replace(minute=0)) == "14\xa0h"
    assert EN.clock_time(at.replace(hour=4, minute=5)) == "12:05\xa0a.m."


def test_rates_sizes_and_counts_in_each_language() -> None:
    assert (FR.percent("9.975"), EN.percent("9.975")) == ("9,975\xa0%", "9.975%")
    assert (FR.size(25600), EN.size(25600)) == ("25\xa0Go", "25\xa0GB")
    assert (FR.size(12698), EN.size(512)) == ("12,4\xa0Go", "512\xa0MB")
    assert FR.ngettext("%(n)s day of %(days)s", "%(n)s days of %(days)s", 0, days=31) == "0 jour sur 31"
    assert EN.ngettext("%(n)s day of %(days)s", "%(n)s days of %(days)s", 0, days=31) == "0 days of 31"


@pytest.mark.usefixtures("app")
def test_formats_follow_the_forced_locale_of_an_email() -> None:
    with force_locale("en"):
        assert current_formats().tag == "en-CA"
    with force_locale("fr"):
        assert current_formats().gettext("Due date") == "Date d'échéance"
