"""Which hosts are served, what links are made from, and which origins forms may come from."""

from __future__ import annotations

import pytest
from flask import Flask, url_for

from kajoom.web.hosts import is_own_origin
from tests.web.conftest import Application

IDN, PUNYCODE = "hébergement.ca", "xn--hbergement-b7a.ca"


def send(app: Flask, host: str, headers: dict[str, str] | None = None) -> int:
    """The status of a sign-in form with the right token: 422, for a wrong password, once its origin is accepted."""
    browser = app.test_client()
    given = {"Host": host, "Referer": f"{app.config['BASE_URL']}/login", **(headers or {})}
    token = browser.get("/login", headers=given).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": "no@example.com", "password": "not the password"}
    return browser.post("/login", data=form, headers=given).status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("client.example.com", 200),
        ("CLIENT.example.com", 200),
        ("client.example.com:8443", 200),
        ("127.0.0.1:8000", 200),
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 400),
        ("client.example.com.evil.example", 400),
        ("client.example.com:99999", 400),
        ("client.example.com:x", 400),
        ("client.example.com@evil.example", 400),
        ("127.0.0.2", 400),
        ("", 400),
        ("[", 400),
        ("a" * 64 + ".example.com", 400),
        ("client.example.com, evil.example", 400),
        ("h\N{LATIN SMALL LETTER E WITH ACUTE}bergement.ca", 400),
    ],
)
def test_host_is_that_of_the_base_url_or_a_loopback_name(application: Application, host: str, status: int) -> None:
    app = application("https://client.example.com")
    response = app.test_client().get("/login", headers={"Host": host})
    assert response.status_code == status
    assert "evil" not in response.text
    assert app.test_client().get("/healthz", headers={"Host": host}).status_code == 200


def test_other_host_gets_an_error_page(application: Application) -> None:
    response = application("https://client.example.com").test_client().get("/nowhere", headers={"Host": "x.example"})
    assert response.status_code == 400
    assert "<h1" in response.text


@pytest.mark.parametrize("host", [PUNYCODE, IDN.encode().decode("latin-1"), "127.0.0.1:8000"])
@pytest.mark.parametrize("origin", [PUNYCODE, IDN.encode().decode("latin-1")])
def test_either_spelling_of_an_internationalised_host_is_accepted(
    application: Application, host: str, origin: str
) -> None:
    assert send(application(f"https://{PUNYCODE}"), host, {"Origin": f"https://{origin}"}) == 422


def test_origin_is_that_of_the_base_url_whatever_the_host(application: Application) -> None:
    app = application("https://client.example.com")
    for host in ("client.example.com", "127.0.0.1:8000", "localhost"):
        assert send(app, host, {"Origin": "https://client.example.com"}) == 422
        assert send(app, host, {"Origin": f"http://{host}"}) == 403
        assert send(app, host, {"Origin": "http://client.example.com"}) == 403


def test_forwarded_host_of_a_trusted_proxy_is_checked(application: Application) -> None:
    browser = application("https://client.example.com", proxy_hops=1).test_client()
    hosts = ("client.example.com", "evil.example")
    answers = [
        browser.get("/login", headers={"Host": "127.0.0.1", "X-Forwarded-Host": host}).status_code for host in hosts
    ]
    assert answers == [200, 400]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:9000", "[::1]:8000"])
def test_demonstration_is_opened_by_any_loopback_name(application: Application, host: str) -> None:
    app = application("http://127.0.0.1:8000", demo=True)
    assert send(app, host, {"Origin": f"http://{host}"}) == 422
    assert send(app, host, {"Origin": "http://evil.example"}) == 403
    assert app.test_client().get("/login", headers={"Host": "evil.example"}).status_code == 400


def test_cookies_are_secure_when_the_base_url_is_https_whatever_the_proxy_forwards(application: Application) -> None:
    response = application("https://client.example.com").test_client().get("/login", headers={"Host": "127.0.0.1:8000"})
    assert response.headers["Set-Cookie"].startswith("__Host-session=")
    assert "Strict-Transport-Security" in response.headers


@pytest.mark.parametrize(
    ("given", "sent"), [(False, "max-age=63072000"), (True, "max-age=63072000; includeSubDomains")]
)
def test_https_is_required_of_subdomains_only_when_configured(application: Application, given: bool, sent: str) -> None:
    app = application("https://client.example.com", hsts_subdomains=given)
    assert app.test_client().get("/healthz").headers["Strict-Transport-Security"] == sent


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("https://client.example.com", True),
        ("https://client.example.com:443/services/1", True),
        ("https://CLIENT.example.com", True),
        ("http://client.example.com", False),
        ("https://client.example.com:8443", False),
        ("https://user@client.example.com", False),
        ("https://client.example.com.evil.example", False),
        ("//client.example.com", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        ("https://client.example.com:x", False),
        ("https://\u2100.example", False),
    ],
)
def test_own_origin_is_recognised_and_nothing_raises(application: Application, url: str, own: bool) -> None:
    with application("https://client.example.com").test_request_context(base_url="https://client.example.com"):
        assert is_own_origin(url) is own


@pytest.mark.parametrize("path", ["/client/login", "/login"])
def test_path_of_the_base_url_is_the_prefix_of_links_and_static_files(application: Application, path: str) -> None:
    app = application("https://example.com/client/")
    browser = app.test_client()
    page = browser.get(path, headers={"Host": "example.com"})
    assert 'action="/client/login"' in page.text
    assert 'href="/client/static/style.' in page.text
    assert 'href="/client/login?lang=en"' in page.text
    sent = browser.get("/client/services", headers={"Host": "example.com"})
    assert sent.location == "/client/login?next=%2Fclient%2Fservices"


def test_external_links_are_made_from_the_base_url(application: Application) -> None:
    app = application("https://example.com/client")
    app.view_functions["health.alive"] = lambda: url_for("service.index", _external=True)
    for host in ("example.com", "127.0.0.1:8000", "evil.example"):
        response = app.test_client().get("/healthz", headers={"Host": host})
        assert response.text == "https://example.com/client/services"


@pytest.mark.parametrize(
    ("base_url", "cookie", "path"),
    [
        ("https://example.com/client", "__Secure-session", "/client"),
        ("https://example.com", "__Host-session", "/"),
        ("http://127.0.0.1:8000/client", "session", "/client"),
    ],
)
def test_session_cookie_belongs_to_the_prefix(application: Application, base_url: str, cookie: str, path: str) -> None:
    sent = application(base_url).test_client().get("/login", headers={"Host": "127.0.0.1"}).headers["Set-Cookie"]
    assert sent.startswith(f"{cookie}=")
    assert f"Path={path}" in sent.split("; ")
    assert ("Secure" in sent.split("; ")) is base_url.startswith("https")
