"""Which forms are believed: the right token, and a sign that they come from this site."""

from __future__ import annotations

import pytest
from flask import Flask

from kajoom.models.client import client_by_email
from tests.conftest import PASSWORD, Browser
from tests.web.conftest import Application

SITE, PUNYCODE, UNICODE = "https://client.example.com", "https://xn--hbergement-b7a.ca", "https://hébergement.ca"


def status_of(app: Flask, headers: dict[str, str], host: str = "client.example.com") -> int:
    """The status of a sign-in form with the right token: 422, for a wrong password, once it is believed."""
    browser = app.test_client()
    page = browser.get("/login", headers={"Host": host}).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": "no@example.com", "password": "not the password"}
    return browser.post("/login", data=form, headers={"Host": host, **headers}).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "same-origin", "Origin": SITE, "Referer": f"{SITE}/login"},
        {"Sec-Fetch-Site": "none", "Origin": SITE},
        {"Origin": SITE},
        {"Origin": "HTTPS://CLIENT.example.com"},
        {"Origin": "https://client.example.com:443"},
        {"Origin": "null", "Referer": f"{SITE}/login"},
        {"Referer": f"{SITE}/login?next=/services"},
        {"Referer": SITE},
        {"Origin": "", "Referer": ""},
    ],
    ids=str,
)
def test_form_of_this_site_is_believed(application: Application, headers: dict[str, str]) -> None:
    assert status_of(application(), headers) == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": SITE, "Referer": f"{SITE}/login"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "SAME-ORIGIN!"},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://evil.example", "Referer": f"{SITE}/login"},
        {"Origin": "http://client.example.com"},
        {"Origin": "https://client.example.com:8443"},
        {"Origin": "https://client.example.com.evil.example"},
        {"Origin": "https://client.example.com@evil.example"},
        {"Origin": f"{SITE}, {SITE}"},
        {"Referer": "https://evil.example/?https://client.example.com/"},
        {"Referer": "//client.example.com/login"},
        {"Referer": "http://127.0.0.1:8000/login"},
    ],
    ids=str,
)
def test_form_of_another_site_is_refused_with_the_right_token(
    application: Application, headers: dict[str, str]
) -> None:
    assert status_of(application(), headers) == 403


@pytest.mark.parametrize("name", ["Origin", "Referer", "HX-Current-URL"])
@pytest.mark.parametrize("url", ["http://[", "http://client.example.com:x", "http://[::1", "//[/"])
def test_header_that_is_not_a_url_is_unreadable(application: Application, name: str, url: str) -> None:
    assert status_of(application(), {name: url}) == 400


@pytest.mark.parametrize("host", ["xn--hbergement-b7a.ca", "XN--HBERGEMENT-B7A.CA", "127.0.0.1:8000"])
@pytest.mark.parametrize("origin", [PUNYCODE, PUNYCODE.upper(), UNICODE.encode().decode("latin-1")])
def test_internationalised_host_is_believed_in_either_spelling(
    application: Application, host: str, origin: str
) -> None:
    app = application(PUNYCODE)
    assert status_of(app, {"Origin": origin}, host) == 422
    assert status_of(app, {"Referer": f"{origin}/login"}, host) == 422


def test_default_host_of_nginx_is_believed(application: Application) -> None:
    app = application()
    for headers in ({}, {"Origin": SITE}, {"Referer": f"{SITE}/login"}, {"Sec-Fetch-Site": "same-origin"}):
        assert status_of(app, headers, "127.0.0.1:8000") == 422


def test_refused_form_changes_nothing(french: Browser) -> None:
    token = french.token("/services")
    for headers in ({"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}):
        assert french.post("/logout", data={"csrf_token": token}, headers=headers).status_code == 403
    assert french.get("/services").status_code == 200


# --- the sign-in page in several tabs ---


def test_second_tab_that_signs_in_is_let_in_where_it_wanted_to_go(client: Browser) -> None:
    token = client.token("/login?next=/invoices")
    form = {"csrf_token": token, "email": "fr@example.com", "password": PASSWORD}
    assert client.post("/login", data={**form, "next": "/services"}).location == "/services"
    response = client.post("/login", data={**form, "next": "/invoices"})
    assert (response.status_code, response.location) == (303, "/invoices")
    assert client.post("/login?next=/account", data=form).location == "/account"
    assert client.post("/login", data=form).location == "/services"
    assert client.post("/login", data={**form, "next": "//evil.example"}).location == "/services"
    assert client.get("/invoices").status_code == 200


def test_sign_in_page_of_a_client_who_is_signed_in_leads_on(french: Browser) -> None:
    assert french.get("/login?next=/invoices").location == "/invoices"
    assert french.get("/login").location == "/services"


@pytest.mark.parametrize("token", ["", "stale", "\N{SNOWMAN}"])
def test_expired_sign_in_page_keeps_the_address_and_where_to_go(client: Browser, token: str) -> None:
    client.get("/login")
    form = {"email": "fr@example.com", "password": PASSWORD, "next": "/services/1/plan?plan=b", "csrf_token": token}
    response = client.post("/login", data=form)
    assert response.status_code == 403
    assert "Cette page est restée ouverte trop longtemps." in response.text
    assert 'name="next" value="/services/1/plan?plan=b"' in response.text
    assert 'value="fr@example.com"' in response.text
    assert PASSWORD not in response.text.partition("<form")[2].partition("</form")[0]
    fresh = response.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert client.post("/login", data={**form, "csrf_token": fresh}).location == "/services/1/plan?plan=b"


def test_sign_out_in_a_second_tab_leads_to_the_sign_in_page(french: Browser) -> None:
    token = french.token("/services")
    assert french.post("/logout", data={"csrf_token": token}).status_code == 302
    response = french.post("/logout", data={"csrf_token": token})
    assert (response.status_code, response.location) == (303, "/login")


def test_failed_sign_in_with_the_right_token_signs_nobody_in(client: Browser) -> None:
    assert client_by_email("fr@example.com") is not None
    assert client.send("/login", email="fr@example.com", password="wrong").status_code == 422
    assert client.get("/services").status_code == 303
