"""The language of a page, how it is chosen and remembered, and how values are written in each language."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from kajoom.domain.money import Money
from kajoom.i18n.formats import current_formats, formats_for, in_language
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from tests.conftest import PASSWORD, Browser, Statements
from tests.operations.ledger_checks import nothing_written
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


def language_of(email: str) -> str:
    """The language of a client's e-mails."""
    db.session.expire_all()
    account = client_by_email(email)
    assert account is not None
    return account.locale


def test_chosen_language_is_kept_in_a_cookie_and_for_the_client_with_their_next_form(french: Browser) -> None:
    with nothing_written():
        french.get("/services?lang=en")
    assert '<html lang="en-CA">' in french.get("/services").text
    assert language_of("fr@example.com") == "fr"
    form = {"csrf_token": french.token("/account")}
    assert french.post("/account/saved/999/remove", data=form).status_code == 404
    assert language_of("fr@example.com") == "fr"
    assert french.post("/account/sessions/close-others", data=form).status_code == 303
    assert language_of("fr@example.com") == "en"


def test_language_chosen_before_signing_in_is_that_of_the_client(client: Browser) -> None:
    token = client.token("/login?lang=en")
    client.post("/login", data={"csrf_token": token, "email": "fr@example.com", "password": PASSWORD})
    assert '<html lang="en-CA">' in client.get("/services").text
    assert language_of("fr@example.com") == "en"


def test_account_changes_the_language_of_pages_and_emails(french: Browser) -> None:
    assert "Passer à l’anglais" in french.get("/account").text
    form = {"csrf_token": french.token("/account"), "language": "en"}
    assert french.post("/account/language", data=form).status_code == 303
    page = french.get("/account").text
    assert ['<html lang="en-CA">' in page, "Switch to French" in page] == [True, True]
    assert language_of("fr@example.com") == "en"


@pytest.mark.parametrize("language", ["", "de", "en\0", "EN"])
def test_account_refuses_another_language(french: Browser, language: str) -> None:
    token = french.token("/account")
    with nothing_written():
        response = french.post("/account/language", data={"csrf_token": token, "language": language})
    assert response.status_code in {400, 422}


def test_chosen_language_of_a_visitor_is_kept_in_a_cookie(client: Browser) -> None:
    client.get("/login?lang=en")
    assert '<html lang="en-CA">' in client.get("/login").text


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("fr-CA,en;q=0.8", "fr-CA"),
        ("fr-FR, en", "fr-CA"),
        ("de, fr-CH;q=0.5, en;q=0.4", "fr-CA"),
        ("en-GB;q=0.9,fr-CA;q=0.1", "en-CA"),
        ("EN_us", "en-CA"),
        ("en;q=0, de", "fr-CA"),
        ("*", "fr-CA"),
        (";q=x,,-,=?", "fr-CA"),
    ],
)
def test_country_of_the_browsers_languages_does_not_matter(client: Browser, header: str, tag: str) -> None:
    assert f'<html lang="{tag}">' in client.get("/login", headers={"Accept-Language": header}).text


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("HEAD", "/services?lang=en", {}),
        ("GET", "/services?lang=en", {"Sec-Purpose": "prefetch"}),
        ("GET", "/services?lang=en", {"Sec-Purpose": "prefetch;prerender"}),
        ("GET", "/services?lang=en", {"Purpose": "prefetch"}),
        ("GET", "/services?lang=en", {"Sec-Fetch-Site": "cross-site"}),
        ("GET", "/nowhere?lang=en", {}),
        ("GET", "/services/999999?lang=en", {}),
        ("OPTIONS", "/services?lang=en", {}),
        ("POST", "/logout?lang=en", {}),
        ("GET", "/static/style.css?lang=en", {}),
    ],
)
def test_language_of_a_page_that_nobody_opened_is_not_kept(
    french: Browser, method: str, path: str, headers: dict[str, str]
) -> None:
    with nothing_written():
        response = french.open(path, method=method, headers=headers)
    assert "lang=" not in str(response.headers.getlist("Set-Cookie"))


def test_cookie_of_the_language_is_bound_to_the_host_over_https(client: Browser) -> None:
    cookie = client.get("/login?lang=en", base_url="https://localhost").headers.getlist("Set-Cookie")[0]
    assert cookie.startswith("__Host-lang=en;")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert '<html lang="en-CA">' in client.get("/login", base_url="https://localhost").text


def test_static_files_neither_read_the_database_nor_vary_on_the_cookie(french: Browser, statements: Statements) -> None:
    path = french.get("/services").text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    with statements() as executed:
        response = french.get(path)
    assert (response.status_code, executed) == (200, [])
    assert "Cookie" not in response.vary
    assert "Set-Cookie" not in response.headers


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


@pytest.mark.usefixtures("app")
def test_moment_after_a_verb_names_today_and_yesterday() -> None:
    at = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    tag = '<time datetime="2026-07-01T18:30:00+00:00">'
    texts = {
        date(2026, 7, 1): ("aujourd’hui à 14\xa0h\xa030", "today at 2:30\xa0p.m."),
        date(2026, 7, 2): ("hier à 14\xa0h\xa030", "yesterday at 2:30\xa0p.m."),
        date(2026, 7, 3): ("le 1er\xa0juillet 2026 à 14\xa0h\xa030", "on July 1, 2026 at 2:30\xa0p.m."),
    }
    for today, (french, english) in texts.items():
        assert FR.recent_moment(at, today) == f"{tag}{french}</time>"
        assert EN.recent_moment(at, today) == f"{tag}{english}</time>"


def test_rates_sizes_and_counts_in_each_language() -> None:
    assert (FR.percent("9.975"), EN.percent("9.975")) == ("9,975\xa0%", "9.975%")
    assert (FR.size(25600), EN.size(25600)) == ("25\xa0Go", "25\xa0GB")
    assert (FR.size(12698), EN.size(512)) == ("12,4\xa0Go", "512\xa0MB")
    assert FR.ngettext("%(n)s day of %(days)s", "%(n)s days of %(days)s", 0, days=31) == "0 jour sur 31"
    assert EN.ngettext("%(n)s day of %(days)s", "%(n)s days of %(days)s", 0, days=31) == "0 days of 31"


@pytest.mark.usefixtures("app")
def test_formats_follow_the_language_of_an_email() -> None:
    with in_language("en"):
        assert current_formats().tag == "en-CA"
    with in_language("fr"):
        assert current_formats().gettext("Due date") == "Date d’échéance"
