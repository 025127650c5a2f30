"""Who may see what: strangers are led to the door and back, and a session begins afresh."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask import Flask

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.web.auth import PUBLIC
from tests.conftest import PASSWORD, Browser, SignIn, Statements
from tests.web.conftest import Address


def test_a_stranger_is_led_to_the_door_and_back_to_the_same_page_and_query(client: Browser) -> None:
    result = client.get("/services/1/plan?plan=b&cycle=monthly")
    assert result.status_code == 303
    assert result.location == "/login?next=%2Fservices%2F1%2Fplan%3Fplan%3Db%26cycle%3Dmonthly"

    result = client.send(result.location, email="fr@example.com", password=PASSWORD)
    assert result.location == "/services/1/plan?plan=b&cycle=monthly"


def test_a_session_that_ended_inside_a_panel_reloads_the_whole_page(client: Browser) -> None:
    result = client.fragment("/services/1/plan?plan=b")
    assert (result.status_code, result.text) == (401, "")
    assert result.headers["HX-Redirect"] == "/login?next=%2Fservices%2F1%2Fplan%3Fplan%3Db"


def test_a_post_after_the_session_ended_leads_back_to_the_page_it_was_on(client: Browser) -> None:
    page = {"HX-Current-URL": "http://localhost/services/1/plan/review?plan=b"}
    result = client.fragment("/services/1/plan", method="POST", headers=page)
    assert result.status_code == 401
    assert result.headers["HX-Redirect"] == "/login?next=%2Fservices%2F1%2Fplan%2Freview%3Fplan%3Db"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:0"])
def test_signing_in_leads_nowhere_else(client: Browser, elsewhere: str) -> None:
    result = client.send("/login", email="fr@example.com", password=PASSWORD, next=elsewhere)
    assert result.status_code == 302
    assert urlsplit(result.location)[:2] == ("", "")
    assert not result.location.startswith(("//", "/\\"))


@pytest.mark.parametrize(("email", "password"), [("fr@example.com", "not the password"), ("no@example.com", PASSWORD)])
def test_a_failed_sign_in_says_the_same_whatever_is_wrong(client: Browser, email: str, password: str) -> None:
    result = client.send("/login", email=email, password=password)
    assert result.status_code == 422
    assert "L'adresse courriel et le mot de passe ne vont pas ensemble" in result.text
    assert "<title>Erreur\N{NO-BREAK SPACE}: Ouvrir une session" in result.text


def test_an_unknown_address_costs_a_hash_as_a_wrong_password_does(
    client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("flask_security.forms.hash_password", lambda password: hashed.append(password) or "")
    client.post("/login", data={"csrf_token": client.token(), "email": "no@example.com", "password": "some password"})
    assert hashed == ["some password"]


def test_the_token_known_before_signing_in_is_worth_nothing_after_it(client: Browser) -> None:
    before = client.token()
    client.post("/login", data={"csrf_token": before, "email": "fr@example.com", "password": PASSWORD})
    assert client.post("/logout", data={"csrf_token": before}).status_code == 403
    assert client.get("/services").status_code == 200


def test_signing_out_is_a_post_and_ends_the_session(french: Browser) -> None:
    assert french.get("/logout").status_code == 405
    assert french.post("/logout", data={"csrf_token": french.token("/services")}).status_code == 302
    assert french.get("/services").status_code == 303


def test_every_page_is_private_unless_it_is_listed(app: Flask, client: Browser) -> None:
    fields = {"service_id": 1, "reference": "x", "number": "x", "name": "x", "method_id": 1}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or rule.endpoint.startswith("security."):
            continue
        path = rule.rule
        for name, value in fields.items():
            path = path.replace(f"<int:{name}>", str(value)).replace(f"<{name}>", str(value))
        method = "GET" if "GET" in (rule.methods or ()) else "POST"
        result = client.open(path, method=method)
        assert (rule.rule, result.status_code, result.location.split("?")[0]) == (rule.rule, 303, "/login")


def test_the_services_of_another_client_do_not_exist(french: Browser, address: Address) -> None:
    assert french.get(address("hosting", "en")).status_code == 404
    assert french.get(address("hosting", "fr")).status_code == 200


def test_who_is_there_is_asked_of_the_database_once(signed_in: SignIn, statements: Statements) -> None:
    visitor = signed_in("fr@example.com")
    with statements() as asked:
        visitor.get("/account")
    assert len([statement for statement in asked if "FROM client" in statement]) == 1


def test_the_cookie_of_a_private_connection_is_bound_to_the_host(client: Browser) -> None:
    cookie = client.get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_the_cookie_of_a_plain_connection_works_there(client: Browser) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "Secure" not in cookie
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_a_form_without_its_token_does_nothing(french: Browser) -> None:
    result = french.post("/logout")
    assert result.status_code == 403
    assert "Cette page a expiré" in result.text


@pytest.mark.parametrize("sign", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_sent_from_another_site_does_nothing(french: Browser, sign: dict[str, str]) -> None:
    token = french.token("/services")
    assert french.post("/logout", data={"csrf_token": token}, headers=sign).status_code == 403
    assert french.get("/services").status_code == 200


def test_a_client_who_is_made_inactive_is_signed_out_at_once(french: Browser) -> None:
    assert french.get("/services").status_code == 200
    client = client_by_email("fr@example.com")
    assert client is not None
    client.active = False
    db.session.commit()
    assert french.get("/services").status_code == 303


def test_ending_every_session_of_a_client_signs_them_out_at_once(french: Browser) -> None:
    assert french.get("/services").status_code == 200
    client = client_by_email("fr@example.com")
    assert client is not None
    client.fs_uniquifier = "another"
    db.session.commit()
    assert french.get("/services").status_code == 303


def test_a_page_is_opened_by_a_session_and_by_nothing_else(app: Flask, client: Browser) -> None:
    known = client_by_email("fr@example.com")
    assert known is not None
    with app.test_request_context():
        token = str(known.get_auth_token())
    assert client.get("/services", headers={"Authentication-Token": token}).status_code == 303
