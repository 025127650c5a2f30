"""The host's logo and colour on pages: from the catalogue, cached, without a statement of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kajoom.operations.catalog.load import load_catalog
from kajoom.web.brand import PICTURE_POLICY
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.conftest import Browser, Statements
from tests.pictures import SVG, png
from tests.web.conftest import NOON, Address

pytestmark = pytest.mark.slow

Host = Callable[[str], None]


@pytest.fixture
def host(app: object, tmp_path: Path) -> Host:
    """Loads the demonstration's catalogue with other lines in ``[seller]``; two logos lie beside it."""
    (tmp_path / "wide.svg").write_bytes(SVG)
    (tmp_path / "symbol.png").write_bytes(png(64, 64))

    def load(lines: str) -> None:
        text = (ROOT / "demo" / "catalog.toml").read_text("utf-8").replace("[seller]\n", f"[seller]\n{lines}\n", 1)
        assert load_catalog(text.encode(), NOON, folder=tmp_path).errors == []
        forget_catalog()

    return load


def header(page: str) -> str:
    return page.partition('<a class="brand"')[2].partition("</a>")[0]


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match is not None, pattern
    return match[1]


def test_wide_logo_takes_the_place_of_the_name(french: Browser, host: Host) -> None:
    host('logo = "wide.svg"')
    brand = header(french.get("/services").text)
    assert '<img class="logo"' in brand
    assert 'width="200" height="40" alt="Kajoom">' in brand
    assert "<b>" not in brand


def test_symbol_stands_before_the_name(client: Browser, host: Host) -> None:
    host('logo = "symbol.png"')
    brand = header(client.get("/login").text)
    assert 'width="40" height="40" alt="">' in brand
    assert "<b>Kajoom</b>" in brand


def test_colour_is_a_stylesheet_and_an_icon_of_their_own(french: Browser, host: Host) -> None:
    assert "/static/brand/" not in french.get("/services").text
    host('colour = "#ffd400"')
    page = french.get("/services").text
    sheet = french.get(found(r'href="(/static/brand/colour\.[0-9a-f]{12}\.css)"', page))
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sheet.content_type.startswith("text/css")
    assert "--color-brand: #ffd400;--color-brand-text: #000000;" in sheet.text
    assert "prefers-color-scheme: dark" in sheet.text
    assert page.index("/static/style.") < page.index("/static/brand/colour."), "the later one wins in the same layer"
    assert 'fill="#ffd400"' in french.get(found(r'href="(/static/brand/icon\.[0-9a-f]{12}\.svg)"', page)).text


def test_logo_is_served_as_a_picture_that_can_do_nothing(client: Browser, host: Host) -> None:
    host('logo = "wide.svg"')
    sent = client.get(found(r'src="(/static/brand/logo\.[0-9a-f]{12}\.svg)"', client.get("/login").text))
    assert sent.data == SVG
    assert sent.content_type.startswith("image/svg+xml")
    assert sent.headers["Content-Security-Policy"] == PICTURE_POLICY
    assert sent.headers["X-Content-Type-Options"] == "nosniff"


def test_another_process_finds_the_files_of_a_catalogue_that_it_has_not_read(client: Browser, host: Host) -> None:
    host('logo = "symbol.png"')
    address = found(r'src="(/static/brand/logo\.[0-9a-f]{12}\.png)"', client.get("/login").text)
    forget_catalog()
    assert client.get(address).status_code == 200
    assert client.get(address.replace("logo.", "logo.0")).status_code == 404


def test_look_costs_no_statement(french: Browser, host: Host, address: Address, statements: Statements) -> None:
    product = address("hosting")
    french.get(product)
    with statements() as without:
        french.get(product)
    host('colour = "#e30613"\nlogo = "wide.svg"')
    page = french.get(product).text
    with statements() as executed:
        french.get(product)
    assert len(executed) == len(without)
    with statements() as executed:
        for file in re.findall(r'"(/static/brand/[^"]+)"', page):
            french.get(file)
    assert executed == []


def test_invoice_has_the_logo_while_the_host_has_the_name_of_its_day(french: Browser, host: Host) -> None:
    host('logo = "wide.svg"')
    invoice = found(r'href="(/invoices/[^"?]+)"', french.get("/invoices").text)
    assert 'width="240" height="48" alt=""><br><b>Kajoom</b>' in french.get(invoice).text
    host('logo = "wide.svg"')
    renamed = (ROOT / "demo" / "catalog.toml").read_text("utf-8").replace('name = "Kajoom"', 'name = "Autre"', 1)
    assert load_catalog(renamed.encode(), NOON).errors == []
    forget_catalog()
    sheet = french.get(invoice).text.partition('<header class="letterhead">')[2]
    assert '<b class="big">Kajoom</b>' in sheet
    assert 'class="logo"' not in sheet
