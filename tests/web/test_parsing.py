"""What no browser sends: an error page with the right status, nothing written, and never an exception."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, abort
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import create_environ

from kajoom.web import errors
from kajoom.web.urls import safe_local_path
from tests.conftest import PASSWORD, Browser
from tests.operations.ledger_checks import nothing_written
from tests.web.conftest import NOON, Address
from tests.web.pages import post

NOT_A_URL = "http://["


@pytest.mark.parametrize("name", ["Referer", "HX-Current-URL", "Origin"])
@pytest.mark.parametrize("path", ["/login", "/logout", "/verify", "/nowhere", "/services/1/plan"])
def test_header_that_is_not_a_url_is_unreadable_on_any_post(french: Browser, name: str, path: str) -> None:
    with nothing_written():
        response = french.post(path, headers={name: NOT_A_URL})
    assert response.status_code == 400
    assert '<html lang="fr-CA">' in response.text
    assert french.get("/services", headers={name: NOT_A_URL}).status_code == 200


@pytest.mark.parametrize("address", [NOT_A_URL, "//[", "http://localhost:x/", "http://\u2100.example/"])
@pytest.mark.parametrize("path", ["/login", "/verify", "/logout"])
def test_next_that_is_not_a_url_is_unreadable(french: Browser, path: str, address: str) -> None:
    assert french.post(f"{path}?next={address}").status_code == 400
    assert post(french, path, next=address).status_code == 400
    if path != "/logout":
        assert french.get(f"{path}?next={address}").status_code == 400


FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "/ /evil.example",
    "/\x7f/evil.example",
    "/services\\..\\..\\evil",
    "javascript:alert(1)",
    "http://localhost/services",
    "services",
    "/" + "x" * 2001,
    "/\N{SNOWMAN}",
]


@pytest.mark.parametrize("address", FOREIGN, ids=lambda address: ascii(address[:30]))
def test_next_that_is_not_a_path_of_this_site_is_ignored(client: Browser, address: str) -> None:
    assert safe_local_path(address) is None
    form = {"csrf_token": client.token(), "email": "fr@example.com", "password": PASSWORD}
    response = client.post("/login", query_string={"next": address}, data={**form, "next": address})
    assert (response.status_code, response.location) == (302, "/services")
    response = client.post("/logout", data={"csrf_token": client.token("/services"), "next": address})
    assert response.location == "/login"


@pytest.mark.parametrize("address", FOREIGN, ids=lambda address: ascii(address[:30]))
def test_next_of_the_password_page_and_of_an_invoice_is_ignored_too(french: Browser, address: str) -> None:
    token = french.token("/services")
    form = {"csrf_token": token, "password": PASSWORD, "next": address}
    assert french.post("/verify", query_string={"next": address}, data=form).location == "/services"
    page = french.get("/verify", query_string={"next": address}).text
    assert "evil" not in page


@pytest.mark.parametrize(
    "referer",
    ["//evil.example/", "http://localhost//evil.example/", "http://localhost/\\evil.example", "https://evil.example/x"],
)
def test_page_of_a_form_is_a_path_of_this_site(client: Browser, referer: str) -> None:
    for name in ("Referer", "HX-Current-URL"):
        response = client.post("/services/1/plan", headers={name: referer})
        assert response.location == "/login?next=%2F&reason=not_charged"


def test_address_of_a_long_query_is_not_repeated(client: Browser) -> None:
    """A proxy refuses an answer whose headers are longer than its buffer, 4 KiB by default."""
    response = client.get(f"/services?x={'y' * 3000}")
    assert response.location == "/login?next=%2F"


@pytest.mark.parametrize("path", ["/%2F%2Fevil.example", "/%5Cevil.example", "/%2F/evil.example", "///evil.example/x"])
def test_links_of_an_error_page_stay_on_this_site(french: Browser, path: str) -> None:
    response = french.get(path)
    assert response.status_code == 404
    assert 'href="//' not in response.text
    assert 'href="/\\' not in response.text


# --- numbers in addresses ---


@pytest.mark.parametrize(
    "number", ["2147483648", "99999999999", "9" * 20, "9" * 5000, "-1", "1.0", "١", "%00", "0x1", "+1"]
)
@pytest.mark.parametrize(
    "path",
    [
        "/services/{}",
        "/services/{}/plan",
        "/services/{}/plan/review",
        "/services/{}/cancellation",
        "/services/{}/cancellation/review",
    ],
)
def test_number_beyond_its_column_is_not_found(french: Browser, path: str, number: str) -> None:
    response = french.get(path.format(number))
    assert response.status_code == (400 if "%" in number else 404)
    assert '<html lang="fr-CA">' in response.text


@pytest.mark.parametrize("number", ["1000000000", "2147483648", "99999999999", "9" * 5000])
def test_number_beyond_its_column_is_not_found_by_post(french: Browser, number: str) -> None:
    token = french.token("/services")
    for path in ("/account/saved/{}/remove", "/services/{}/plan", "/services/{}/cancellation"):
        assert french.post(path.format(number), data={"csrf_token": token}).status_code == 404


def test_every_number_in_an_address_has_the_same_bound(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        assert {type(converter).__name__ for converter in rule._converters.values()} <= {
            "IdConverter",
            "UnicodeConverter",
            "PathConverter",
        }


# --- methods and slashes ---


def test_every_page_answers_options_and_a_wrong_method_names_the_right_ones(app: Flask, client: Browser) -> None:
    for rule in app.url_map.iter_rules():
        path = rule.build(dict.fromkeys(rule.arguments, 1))[1]  # type: ignore[index]
        options = client.options(path)
        assert (rule.rule, options.status_code) == (rule.rule, 200)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "A" * 40):
            response = client.open(path, method=method)
            assert (rule.rule, response.status_code) == (rule.rule, 405)
            assert set(response.headers["Allow"].split(", ")) == set(options.headers["Allow"].split(", "))
            assert "<h1" in response.text


def test_head_is_get_without_its_body(french: Browser) -> None:
    for path in ("/services", "/invoices", "/account", "/nowhere"):
        head, page = french.head(path), french.get(path)
        assert (head.status_code, head.data) == (page.status_code, b"")
        assert head.headers["Content-Type"] == page.headers["Content-Type"]


def test_last_slash_of_an_address_makes_no_difference(french: Browser, address: Address) -> None:
    for path in ("/services", address("hosting"), "/invoices", "/account"):
        assert french.get(f"{path}/").status_code == 200


# --- bodies ---


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/login", "/verify", "/logout", "/services/1/plan"])
@pytest.mark.parametrize(
    "content",
    [b"{}", b"[]", b"null", b'"x"', b"{", b"[" * 30_000, b'{"email": 1, "password": ["x"], "next": {}}', b"\xff", b""],
    ids=repr,
)
def test_json_is_not_accepted(client: Browser, french: Browser, path: str, content: bytes) -> None:
    for browser in (client, french):
        for content_type in ("application/json", "application/vnd.api+json", "text/plain", "application/xml"):
            headers = {"X-CSRFToken": browser.token(), "Content-Type": content_type}
            assert browser.post(path, data=content, headers=headers).status_code == 400
            if content:
                assert browser.get(path, data=content, headers=headers).status_code in {400, 405}


def test_pages_are_never_answered_in_json(client: Browser, french: Browser) -> None:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    for path in ("/login", "/verify", "/services", "/nowhere"):
        for browser in (client, french):
            assert "json" not in browser.get(path, headers=headers).headers["Content-Type"]
    response = client.post(
        "/login", data={"csrf_token": client.token(), "email": "x"}, headers={"Accept": "application/json"}
    )
    assert (response.status_code, response.mimetype) == (422, "text/html")


def test_no_authentication_token_is_issued(client: Browser) -> None:
    data = {"csrf_token": client.token(), "email": "fr@example.com", "password": PASSWORD}
    response = client.post("/login?include_auth_token", data=data, headers={"Accept": "application/json"})
    assert (response.status_code, response.mimetype) == (302, "text/html")
    assert "token" not in response.text.lower()


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\nstale\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n\r\n--x--',
        b"--x\r\n" + b"A: b\r\n" * 8000,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 300 + b"--x--",
    ],
    ids=len,
)
@pytest.mark.parametrize("boundary", ["; boundary=x", "; boundary=", "", "; boundary=" + "y" * 300])
def test_multipart_that_cannot_be_read_is_refused(french: Browser, body: bytes, boundary: str) -> None:
    with nothing_written():
        response = french.post("/logout", data=body, headers={"Content-Type": f"multipart/form-data{boundary}"})
    assert response.status_code in {400, 403, 413}


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "none", "\x00", "a" * 500])
def test_charset_of_a_form_is_ignored(french: Browser, charset: str) -> None:
    headers = {"Content-Type": f"application/x-www-form-urlencoded; charset={charset}"}
    body = f"csrf_token={french.token('/services')}"
    assert french.post("/logout", data=body, headers=headers).status_code == 302


@pytest.mark.parametrize("query", ["x=" + "y" * 9000, "&".join(["x=1"] * 300), "tab=%00", "tab=%EF%BF%BD", "%00=1"])
def test_query_too_long_or_unreadable_is_refused(french: Browser, query: str) -> None:
    assert french.get(f"/services?{query}").status_code == 400


@pytest.mark.parametrize("query", ["\xff=\xff", "tab=\xe9", "lang=en&x=\xc3"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_query_that_is_not_ascii_is_refused(app: Flask, method: str, query: str) -> None:
    environ = {"QUERY_STRING": query}
    response = app.test_client().open("/services", method=method, environ_overrides=environ)
    assert response.status_code in {400, 405}
    if method == "GET":
        assert "<h1" in response.text


@pytest.mark.parametrize("character", ["%00", "%EF%BF%BD"])
def test_field_with_an_unreadable_character_is_refused(french: Browser, address: Address, character: str) -> None:
    body = f"csrf_token={french.token('/services')}&when=now&key={'k' * 32}&reason=a{character}b"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with nothing_written():
        assert french.post(f"{address('hosting')}/cancellation", data=body, headers=headers).status_code == 400


# --- passwords ---

LONG = ["x" * 1025, "x" * 4097, "é" * 2100, "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 300, "x" * 60_000]


@pytest.mark.parametrize("password", LONG, ids=len)
def test_long_password_is_wrong_for_clients_and_strangers_alike(client: Browser, password: str) -> None:
    answers = [client.send("/login", email=email, password=password) for email in ("fr@example.com", "no@example.com")]
    assert [answer.status_code for answer in answers] == [422, 422]
    texts = [answer.text.replace("no@example.com", "fr@example.com") for answer in answers]
    tokens = [answer.text.partition('name="csrf_token" value="')[2].partition('"')[0] for answer in answers]
    assert texts[0].replace(tokens[0], "") == texts[1].replace(tokens[1], "")


@pytest.mark.parametrize("password", LONG, ids=len)
def test_long_password_is_not_hashed(client: Browser, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    monkeypatch.setattr("flask_security.forms.hash_password", pytest.fail)
    monkeypatch.setattr("flask_security.datastore.UserDatastore.find_user", pytest.fail)
    assert client.send("/login", email="no@example.com", password=password).status_code == 422


@pytest.mark.parametrize("password", LONG, ids=len)
def test_long_password_is_wrong_when_it_is_asked_again(french: Browser, password: str) -> None:
    response = post(french, "/verify", password=password)
    assert response.status_code == 422


# --- cookies ---


@pytest.mark.parametrize(
    "cookie", ["", "x", ".", "..", "e30.x.y", "\xff", "\x00", "a" * 8000, '"', "session=session=", "=;=;"]
)
def test_session_that_is_not_signed_is_no_session(app: Flask, cookie: str) -> None:
    sender = app.test_client(use_cookies=False)
    response = sender.get("/services", headers={"Cookie": f"session={cookie}; lang={cookie}"})
    assert response.status_code == 303


@pytest.mark.parametrize("cookie", ["1|x", "1|\xe9", "\xe9|\xe9", "", "1|" + "a" * 128])
def test_cookie_for_staying_signed_in_is_ignored(app: Flask, cookie: str) -> None:
    sender = app.test_client(use_cookies=False)
    assert sender.get("/services", headers={"Cookie": f"remember_token={cookie}"}).status_code == 303
    assert sender.get("/nowhere", headers={"Cookie": f"remember_token={cookie}"}).status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        [],
        [1],
        "text",
        1,
        None,
        {"_user_id": 1},
        {"_user_id": ["x"]},
        {"csrf_token": 1},
        {"fs_paa": "x"},
        {"_user_id": {}},
        {"tf_user_id": "x\0", "tf_since": NOON.timestamp()},
        {"tf_user_id": "x", "tf_since": float("nan")},
        {"tf_user_id": 1},
    ],
    ids=repr,
)
def test_signed_session_with_something_else_is_no_session(app: Flask, client: Browser, content: Any) -> None:
    """The demonstration's secret is public: anyone can sign anything."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert isinstance(serializer, URLSafeTimedSerializer)
    client.set_cookie("session", str(serializer.dumps(content)))
    assert client.get("/services").status_code == 303
    assert client.get("/login").status_code == 200
    assert client.get("/login/code").status_code == 303
    assert client.post("/login", data={"csrf_token": "x"}).status_code == 403
    assert client.post("/verify", data={"csrf_token": "x"}).status_code == 303


# --- the error page itself ---


@pytest.mark.parametrize("path", ["/nowhere", "/services/1?x=%00", "/logout"])
def test_error_page_that_fails_is_replaced_by_the_last_one(
    french: Browser, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    expected = french.get(path).status_code

    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(errors, "render_template", fail)
    response = french.get(path)
    assert response.status_code == expected
    assert "Nous n’avons pas pu traiter votre demande" in response.text
    assert "We could not process your request" in response.text
    assert "Content-Security-Policy" in response.headers


def test_what_escapes_the_application_is_answered_with_the_last_page(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError

    sent: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exception: object) -> None:
        sent.append((status, dict(headers)))

    monkeypatch.setattr(app, "full_dispatch_request", fail)
    monkeypatch.setattr(app, "handle_exception", fail)
    [page] = app.wsgi_app(create_environ("/services"), start_response)  # type: ignore[arg-type]
    [(status, headers)] = sent
    assert status == "500 Internal Server Error"
    assert "Une erreur est survenue de notre côté" in page.decode()
    assert "Something went wrong on our side" in page.decode()
    assert 'href="/services"' in page.decode()
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("status", "title"),
    [(418, "Nous n’avons pas pu lire votre demande"), (503, "Une erreur est survenue de notre côté")],
)
def test_status_without_a_text_of_its_own_has_our_page(
    app: Flask, french: Browser, monkeypatch: pytest.MonkeyPatch, status: int, title: str
) -> None:
    monkeypatch.setitem(app.view_functions, "account.show", lambda: abort(status))
    response = french.get("/account")
    assert response.status_code == status
    assert title in response.text


def test_unreadable_request_has_an_error_page_in_the_language_it_names(client: Browser) -> None:
    for path, headers in (("/services?lang=en&x=%00", {}), ("/services?x=%00", {"Accept-Language": "en"})):
        response = client.get(path, headers=headers)
        assert response.status_code == 400
        assert '<html lang="en-CA">' in response.text
