"""Where no panel is connected a person carries out every change of plan, and each page says so."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from kajoom.models.catalog import catalog_version
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service
from tests.catalog_cache import forget_catalog
from tests.conftest import Browser
from tests.web.conftest import Address
from tests.web.pages import hidden_fields, post

DELAY = "1 jour ouvrable"
AUTOMATIC = "en moins d"


@pytest.fixture
def without_panel(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "CHANGES_BY_HAND", True)
    forget_catalog()


@pytest.mark.usefixtures("without_panel")
@pytest.mark.parametrize("path", ["/plan?plan=b&cycle=monthly", "/plan/review?plan=b&cycle=monthly"])
def test_choice_and_review_announce_the_delay_of_a_person(french: Browser, address: Address, path: str) -> None:
    page = french.get(address("hosting") + path).text
    assert DELAY in page
    assert AUTOMATIC not in page
    assert "dès le paiement" not in page


def test_service_on_a_server_without_a_panel_announces_the_delay_of_a_person(french: Browser, address: Address) -> None:
    current = catalog_version()
    assert current is not None
    current.servers, current.version = {"s1": {"panel": "manual"}, "s2": {"panel": "whm"}}, current.version + 1
    pages = []
    for server in ("s1", "s2"):
        service = db.session.get_one(Service, int(address("hosting").rpartition("/")[2]))
        service.server = server
        db.session.commit()
        pages.append(french.get(address("hosting") + "/plan/review?plan=b&cycle=monthly").text)
    assert [DELAY in page for page in pages] == [True, False]
    assert [AUTOMATIC in page for page in pages] == [False, True]


@pytest.mark.usefixtures("without_panel")
def test_downgrade_says_that_a_person_makes_it_from_its_day_on(french: Browser, address: Address) -> None:
    page = french.get(address("hosting") + "/plan/review?plan=base&cycle=monthly").text
    assert f"effectué par notre équipe. Délai habituel\N{NO-BREAK SPACE}: {DELAY}" in page


@pytest.mark.usefixtures("without_panel")
def test_change_of_cycle_alone_needs_no_person(french: Browser, address: Address) -> None:
    page = french.get(address("hosting") + "/plan/review?plan=a&cycle=annually").text
    assert DELAY not in page


@pytest.mark.usefixtures("without_panel")
def test_confirmed_change_waits_for_a_person(french: Browser, address: Address) -> None:
    review = french.get(address("hosting") + "/plan/review?plan=b&cycle=monthly").text
    post(french, address("hosting") + "/plan", **hidden_fields(review, "review"))
    order = db.session.scalars(select(Order).order_by(Order.id.desc())).first()
    assert order is not None
    assert order.needs_person


def test_with_a_panel_the_change_takes_less_than_a_minute(french: Browser, address: Address) -> None:
    page = french.get(address("hosting") + "/plan/review?plan=b&cycle=monthly").text
    assert AUTOMATIC in page
    assert DELAY not in page


@pytest.fixture
def with_webhook(app: Flask) -> None:
    """The system of the host's only server is sent a message, and reports later."""
    current = catalog_version()
    assert current is not None
    current.servers = {"s1": {"panel": "webhook", "url": "https://panel.example.com"}}
    current.version += 1
    db.session.commit()


@pytest.mark.usefixtures("with_webhook")
def test_system_that_reports_later_is_not_promised_within_a_minute(french: Browser, address: Address) -> None:
    for path, when in (
        ("review?plan=b&cycle=monthly", "une fois le paiement reçu"),
        ("review?plan=base&cycle=monthly&when=now", ""),
    ):
        page = french.get(f"{address('hosting')}/plan/{path}").text
        assert f"Le changement est effectué automatiquement{' ' * bool(when)}{when}. " in page
        assert AUTOMATIC not in page
        assert DELAY not in page
    assert "après le paiement" in french.get(address("hosting") + "/plan?plan=b&cycle=monthly").text


@pytest.mark.usefixtures("with_webhook")
def test_change_of_cycle_alone_is_made_at_once_whatever_the_panel(french: Browser, address: Address) -> None:
    assert AUTOMATIC in french.get(address("hosting") + "/plan/review?plan=a&cycle=annually").text
