"""Security headers and static files."""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from hashlib import sha256, sha384
from pathlib import Path

import pytest

from kajoom.config import Config
from kajoom.web.headers import content_security_policy
from tests.architecture.files import ROOT
from tests.conftest import Browser, Statements

EVERYWHERE = ["/login", "/services", "/nowhere", "/static/none.css"]


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ],
)
def test_every_response_has_the_security_headers(client: Browser, path: str, name: str, value: str) -> None:
    assert client.get(path).headers.getlist(name) == [value]


def test_https_is_required_for_two_years(client: Browser) -> None:
    secure = client.get("/login", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "Strict-Transport-Security" not in client.get("/login").headers


def test_pages_are_not_stored(client: Browser, french: Browser) -> None:
    for response in (client.get("/login"), client.get("/services"), french.get("/services"), french.get("/nowhere")):
        assert response.headers.getlist("Cache-Control") == ["no-store"]


def test_page_and_fragment_vary_on_the_htmx_headers(french: Browser) -> None:
    for response in (french.get("/services"), french.fragment("/services")):
        assert {"hx-request", "hx-request-type", "hx-history-restore-request"} <= set(response.vary.as_set())


def assets_of(page: str) -> list[str]:
    """The static files that a page names."""
    return sorted(set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page)))


def test_static_files_are_named_by_their_content_and_cached_for_ever(client: Browser) -> None:
    paths = assets_of(client.get("/login").text)
    assert [re.sub(r"\.[0-9a-f]{12}\.", ".", path) for path in paths] == [
        "/static/icons.svg",
        "/static/script.fr.js",
        "/static/style.css",
    ]
    for path in paths:
        assert client.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_static_files_and_the_health_check_are_the_same_for_everyone(french: Browser, statements: Statements) -> None:
    paths = [*assets_of(french.get("/services").text), "/healthz"]
    with statements() as executed:
        responses = [french.get(path) for path in paths]
    assert executed == []
    for response in responses:
        assert response.status_code == 200
        assert "cookie" not in response.vary.as_set()
        assert "Set-Cookie" not in response.headers


def test_missing_static_file_is_a_page_and_not_stored(french: Browser) -> None:
    response = french.get("/static/none.css")
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert "cookie" in response.vary.as_set()


def test_assets_are_sent_compressed_to_clients_that_accept_gzip(client: Browser) -> None:
    for path in assets_of(client.get("/login").text):
        compressed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(compressed.data) == client.get(path).data


def test_scripts_have_the_integrity_of_their_content(client: Browser) -> None:
    scripts = re.findall(r'src="([^"]+)" integrity="([^"]+)"', client.get("/login").text)
    assert len(scripts) == 1
    for path, integrity in scripts:
        assert integrity == f"sha256-{b64encode(sha256(client.get(path).data).digest()).decode()}"


def test_htmx_is_the_reviewed_release() -> None:
    content = (ROOT / "static/vendor/htmx-4.0.1.min.js").read_bytes()
    measured = "Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
    assert b64encode(sha384(content).digest()).decode() == measured


@pytest.mark.parametrize(
    ("client_id", "base_url", "hosts"),
    [
        ("", "https://api-m.paypal.com", ()),
        ("id", "https://api-m.paypal.com", ("https://www.paypal.com",)),
        ("id", "https://api-m.sandbox.paypal.com", ("https://www.sandbox.paypal.com",)),
        ("id", "http://127.0.0.1:9000/paypal", ("http://127.0.0.1:9000",)),
        ("id", "https://paypal.com.evil.example", ("https://paypal.com.evil.example",)),
    ],
)
def test_forms_may_redirect_only_to_the_payment_provider_in_use(
    client_id: str, base_url: str, hosts: tuple[str]
) -> None:
    config = Config(Path(), "", "secret", paypal_client_id=client_id, paypal_base_url=base_url)
    assert config.payment_hosts == hosts
    assert f"form-action 'self'{''.join(f' {host}' for host in hosts)};" in content_security_policy(
        config.payment_hosts
    )
