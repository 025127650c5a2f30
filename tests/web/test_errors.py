"""Error pages: translated, with a link to go on, and without details of the error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import create_app
from kajoom.config import Config
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.db import db
from kajoom.web import auth
from kajoom.web.refusals import REFUSAL_MESSAGES, status_of
from tests.conftest import Browser
from tests.web.conftest import Address


@pytest.fixture
def failing(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A test client of an application without tables, with two public views that raise: /refused and /broken."""
    app = create_app(config)
    monkeypatch.setattr(auth, "PUBLIC", auth.PUBLIC | {"refused", "broken"})

    def refused() -> str:
        raise BusinessError(Refusal.QUOTE_CHANGED)

    def broken() -> str:
        raise ZeroDivisionError

    app.add_url_rule("/refused", "refused", refused)
    app.add_url_rule("/broken", "broken", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Browser
    with app.app_context():
        browser = app.test_client()
        assert isinstance(browser, Browser)
        yield browser
        db.engine.dispose()


def test_unknown_page_has_a_link_to_the_services(french: Browser, english: Browser) -> None:
    for browser, title in ((french, "Cette page n’existe pas"), (english, "This page does not exist")):
        response = browser.get("/nowhere")
        assert response.status_code == 404
        assert title in response.text
        assert '<a class="btn" href="/services">' in response.text


def test_unknown_fragment_is_a_paragraph_for_the_messages(french: Browser) -> None:
    response = french.fragment("/services/999999/plan")
    assert response.status_code == 404
    assert response.text.startswith('<p id="error">')
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#alert", "innerHTML")
    assert "HX-Retarget" not in french.get("/services/999999/plan").headers


@pytest.mark.parametrize("path", ["/services/99999999999999999999", "/services/0", "/services/-1", "/services/x"])
def test_impossible_service_id_is_not_found(french: Browser, path: str) -> None:
    assert french.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/services/1?tab=%00", "/services/1%00", "/orders/%00", "/invoices/%ff%00"])
def test_nul_or_invalid_utf8_in_an_address_is_refused(french: Browser, path: str) -> None:
    assert french.get(path).status_code in {400, 404}


def test_nul_in_a_form_is_refused(client: Browser) -> None:
    response = client.send("/login", email="fr@example.com\0", password="x")
    assert response.status_code == 400
    assert "Rien n’a été modifié" in response.text


def test_body_larger_than_any_form_is_refused(french: Browser) -> None:
    response = french.post("/logout", data={"csrf_token": "x" * 10_000_000})
    assert response.status_code == 413
    assert "Votre envoi est trop volumineux" in response.text


def test_wrong_method_names_the_allowed_ones(french: Browser) -> None:
    response = french.get("/logout")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert "Cette action n’est pas possible ici" in response.text


def test_refusal_page_has_its_message_status_and_code(failing: Browser) -> None:
    for response in (failing.get("/refused"), failing.fragment("/refused")):
        assert response.status_code == 409
        assert 'data-refusal="quote_changed"' in response.text
        assert "Le montant a changé depuis que vous l’avez vu." in response.text


def test_exception_page_does_not_need_the_database(failing: Browser) -> None:
    response = failing.get("/broken")
    assert response.status_code == 500
    assert "consultez vos services avant de réessayer" in response.text
    assert "ZeroDivisionError" not in response.text


def test_every_refusal_has_a_message_and_a_status() -> None:
    assert set(REFUSAL_MESSAGES) == set(Refusal)
    assert {status_of(reason) for reason in Refusal} == {402, 404, 409, 422}


def test_error_page_of_a_service_links_back_to_it(french: Browser, address: Address) -> None:
    response = french.post(f"{address('hosting')}/plan", data={"csrf_token": "stale"})
    assert response.status_code == 403
    assert f'<a class="btn" href="{address("hosting")}">' in response.text
