"""Sign-in, sessions, CSRF protection, and that a client sees nothing of another one's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.web.auth import PUBLIC
from tests.conftest import PASSWORD, Browser, SignIn, Statements
from tests.web.conftest import Address


def test_sign_in_leads_back_to_the_requested_page_and_query(client: Browser) -> None:
    response = client.get("/services/1/plan?plan=b&cycle=monthly")
    assert response.status_code == 303
    assert response.location == "/login?next=%2Fservices%2F1%2Fplan%3Fplan%3Db%26cycle%3Dmonthly"

    response = client.send(response.location, email="fr@example.com", password=PASSWORD)
    assert response.location == "/services/1/plan?plan=b&cycle=monthly"


def test_fragment_without_a_session_redirects_the_whole_page(client: Browser) -> None:
    response = client.fragment("/services/1/plan?plan=b")
    assert (response.status_code, response.text) == (401, "")
    assert response.headers["HX-Redirect"] == "/login?next=%2Fservices%2F1%2Fplan%3Fplan%3Db&reason=not_charged"


def test_post_without_a_session_leads_back_to_the_page_of_its_form(client: Browser) -> None:
    page = {"HX-Current-URL": "http://localhost/services/1/plan/review?plan=b"}
    response = client.fragment("/services/1/plan", method="POST", headers=page)
    assert response.status_code == 401
    assert (
        response.headers["HX-Redirect"] == "/login?next=%2Fservices%2F1%2Fplan%2Freview%3Fplan%3Db&reason=not_charged"
    )


@pytest.mark.parametrize("domain", ["Café.example.com", "xn--caf-dma.example.com"])
def test_internationalised_domain_is_accepted_at_sign_in_in_both_notations(client: Browser, domain: str) -> None:
    row = client_by_email("fr@example.com")
    assert row is not None
    row.email = "fr@xn--caf-dma.example.com"
    db.session.commit()
    result = client.send("/login", email=f"FR@{domain}", password=PASSWORD)
    assert result.status_code == 302


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:0"])
def test_sign_in_does_not_redirect_to_another_site(client: Browser, elsewhere: str) -> None:
    response = client.send("/login", email="fr@example.com", password=PASSWORD, next=elsewhere)
    assert response.status_code == 302
    assert urlsplit(response.location)[:2] == ("", "")
    assert not response.location.startswith(("//", "/\\"))


@pytest.mark.parametrize(("email", "password"), [("fr@example.com", "not the password"), ("no@example.com", PASSWORD)])
def test_failed_sign_in_does_not_tell_whether_the_address_exists(client: Browser, email: str, password: str) -> None:
    response = client.send("/login", email=email, password=password)
    assert response.status_code == 422
    assert "L’adresse courriel ou le mot de passe est incorrect" in response.text
    assert "<title>Erreur\N{NO-BREAK SPACE}: Ouvrir une session" in response.text


def test_unknown_address_takes_the_time_of_a_hash(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed_passwords: list[str] = []

    def hash_password(password: str) -> str:
        hashed_passwords.append(password)
        return ""

    monkeypatch.setattr("flask_security.forms.hash_password", hash_password)
    client.post("/login", data={"csrf_token": client.token(), "email": "no@example.com", "password": "some password"})
    assert hashed_passwords == ["some password"]


def test_csrf_token_from_before_the_sign_in_is_refused_after_it(client: Browser) -> None:
    before = client.token()
    client.post("/login", data={"csrf_token": before, "email": "fr@example.com", "password": PASSWORD})
    assert client.post("/logout", data={"csrf_token": before}).status_code == 403
    assert client.get("/services").status_code == 200


def test_sign_out_needs_a_post_and_ends_the_session(french: Browser) -> None:
    assert french.get("/logout").status_code == 405
    assert french.post("/logout", data={"csrf_token": french.token("/services")}).status_code == 302
    assert french.get("/services").status_code == 303


def test_every_view_is_private_unless_listed(app: Flask, client: Browser) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.endpoint.startswith("security."):
            continue
        path = re.sub(r"<\w+>", "x", re.sub(r"<int:\w+>", "1", rule.rule))
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        response = client.open(path, method=method)
        assert (rule.rule, response.status_code, response.location.split("?")[0]) == (rule.rule, 303, "/login")


def test_service_of_another_client_is_not_found(french: Browser, address: Address) -> None:
    assert french.get(address("hosting", "en")).status_code == 404
    assert french.get(address("hosting", "fr")).status_code == 200


def test_signed_in_client_is_loaded_once_a_request(signed_in: SignIn, statements: Statements) -> None:
    browser = signed_in("fr@example.com")
    with statements() as executed:
        browser.get("/account")
    assert len([statement for statement in executed if "JOIN client" in statement]) == 1


def test_session_cookie_over_https_is_secure_and_bound_to_the_host(client: Browser) -> None:
    cookie = client.get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_session_cookie_over_http_is_not_secure(client: Browser) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "Secure" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_post_without_a_csrf_token_is_refused(french: Browser) -> None:
    response = french.post("/logout")
    assert response.status_code == 403
    assert "Cette page a expiré" in response.text


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_post_from_another_site_is_refused(french: Browser, headers: dict[str, str]) -> None:
    token = french.token("/services")
    assert french.post("/logout", data={"csrf_token": token}, headers=headers).status_code == 403
    assert french.get("/services").status_code == 200


def test_deactivated_client_is_signed_out_at_once(french: Browser) -> None:
    assert french.get("/services").status_code == 200
    client = client_by_email("fr@example.com")
    assert client is not None
    client.active = False
    db.session.commit()
    assert french.get("/services").status_code == 303


def test_new_uniquifier_ends_every_session_of_a_client(french: Browser) -> None:
    assert french.get("/services").status_code == 200
    client = client_by_email("fr@example.com")
    assert client is not None
    client.fs_uniquifier = "another"
    db.session.commit()
    assert french.get("/services").status_code == 303


def test_authentication_token_does_not_sign_in(app: Flask, client: Browser) -> None:
    account = client_by_email("fr@example.com")
    assert account is not None
    with app.test_request_context():
        token = str(account.get_auth_token())
    assert client.get("/services", headers={"Authentication-Token": token}).status_code == 303
