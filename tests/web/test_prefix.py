"""A host with a name of its own, below a path of its site: every address begins with it, and nothing names Kajoom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from shutil import copytree

import pytest
from flask import Flask
from flask_security import hash_password

from app import create_app
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys
from kajoom.operations.demo import DemoContext, load_demonstration
from tests.architecture.files import ROOT
from tests.conftest import PASSWORD, Browser, config_for, set_time
from tests.database import create_tables
from tests.web.conftest import NOON
from tests.web.crawl import addresses, crawl
from tests.worker.email_parts import html_of, text_of
from tests.worker_runs import drain

pytestmark = pytest.mark.slow

BASE = "https://nordique.example.com/client"
HOST = {"Host": "nordique.example.com"}
STARTS = {
    "fr@example.com": "/client/services",
    "en@example.com": "/client/services",
    "staff@example.com": "/client/staff?lang=en",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demonstration of a host named Nordique, below a path; its e-mails are written to files."""
    folder = tmp_path_factory.mktemp("nordique")
    files = copytree(ROOT / "demo", folder / "host")
    catalog = files / "catalog.toml"
    look = '[seller]\ncolour = "#0b7a75"\n'
    text = catalog.read_text("utf-8").replace("Kajoom", "Nordique").replace("kajoom", "nordique")
    catalog.write_text(text.replace("[seller]\n", look, 1), "utf-8")
    app = create_app(config_for(folder, f"sqlite:///{folder / 'kajoom.sqlite'}", base_url=BASE))
    app.test_client_class = Browser
    set_time(app, NOON)
    with app.app_context():
        create_tables()
        context = DemoContext(NOON.date(), NOON, app.extensions["kajoom"].payments)
        load_demonstration(files, context, hash_password)
        drain(app.extensions["kajoom"], NOON)
        yield app
        db.session.remove()
        db.engine.dispose()


def signed_in(site: Flask, email: str) -> Browser:
    browser = site.test_client()
    assert isinstance(browser, Browser)
    browser.environ_base.update(HTTP_HOST=HOST["Host"], HTTP_ORIGIN="https://nordique.example.com")
    sent = browser.send("/client/login", email=email, password=PASSWORD)
    assert (sent.status_code, sent.location[:8]) == (302, "/client/"), sent.location
    return browser


@pytest.fixture(scope="module")
def pages(site: Flask) -> Mapping[str, str]:
    """Many pages of each kind that the accounts reach, in French and in English, and those of a visitor."""
    found: dict[str, str] = {}
    for email, start in STARTS.items():
        browser = signed_in(site, email)
        found |= {f"{email} {address}": text for address, text in crawl(browser, start)}
    visitor = site.test_client()
    links = [f"/client/{kind}/{_token(site, kind)}" for kind in (LinkKind.RESET, LinkKind.INVITATION)]
    for path in ("/client/login?lang=fr", "/client/login?lang=en", "/client/reset", "/client/nowhere", *links):
        found[f"visitor {path}"] = visitor.get(path, headers=HOST).text
    return found


def _token(site: Flask, kind: LinkKind) -> str:
    client = db.session.query(Client).filter_by(email="fr@example.com").one()
    return make_token(signing_keys(site.config), kind, client, NOON)


def test_every_address_of_every_page_is_below_the_path(pages: Mapping[str, str]) -> None:
    assert len(pages) > 60
    own = re.compile(r"/client(/|$|\?)|https://nordique\.example\.com/client/")
    outside = {
        f"{page}: {address}"
        for page, text in pages.items()
        for address in addresses(text)
        if not own.match(address) and not address.startswith("https://www.example.com/")
    }
    assert not outside


def test_no_page_names_anyone_but_the_host(pages: Mapping[str, str]) -> None:
    # The hint of the demonstration's sign-in page has its password.
    named = [page for page, text in pages.items() if "kajoom" in text.replace(PASSWORD, "").lower()]
    assert named == []
    assert [page for page, text in pages.items() if "Nordique" not in text] == []
    assert [page for page, text in pages.items() if "/client/static/brand/colour." not in text] == []


def test_every_email_links_below_the_path_and_names_the_host_alone(site: Flask) -> None:
    files = (Path(site.instance_path) / "emails").iterdir()
    emails = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
    assert len(emails) > 5
    for text in (part(email) for email in emails for part in (html_of, text_of)):
        assert "kajoom" not in text.lower()
        assert re.findall(r"https?://[^\s\"<]+", text)
        assert [link for link in re.findall(r"https?://[^\s\"<]+", text) if not link.startswith(f"{BASE}/")] == []


def test_cookies_and_redirects_are_below_the_path(site: Flask) -> None:
    browser = site.test_client()
    sent = browser.get("/client/services", headers=HOST)
    assert sent.location.startswith("/client/login?next=%2Fclient%2F")
    page = browser.get("/client/login?lang=en", headers=HOST)
    cookies = page.headers.getlist("Set-Cookie")
    assert len(cookies) >= 2
    assert [cookie for cookie in cookies if "Path=/client" not in cookie or not cookie.startswith("__Secure-")] == []


@pytest.mark.parametrize("path", ["/client/healthz", "/client/readyz", "/healthz", "/readyz"])
def test_checks_answer_with_the_path_and_without(site: Flask, path: str) -> None:
    assert site.test_client().get(path, headers={"Host": "10.0.0.1"}).status_code in {200, 503}


@pytest.mark.parametrize("path", ["/client/webhooks/paypal", "/client/webhooks/panel"])
def test_webhooks_are_below_the_path(site: Flask, path: str) -> None:
    rules = site.url_map.bind("nordique.example.com", script_name="/client")
    assert rules.test(path.removeprefix("/client"), "POST")
