"""What goes wrong is said in the client's language, with a way on, and is never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import create_app
from kajoom.config import Config
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.db import db
from kajoom.web import auth
from kajoom.web.refusals import SENTENCES, status_of
from tests.conftest import Browser
from tests.web.conftest import Address


@pytest.fixture
def payment_error(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """A browser in a house with two open pages that go wrong, and nothing in its database."""
    app = create_app(config)
    monkeypatch.setattr(auth, "PUBLIC", auth.PUBLIC | {"refused", "broken"})

    def error() -> str:
        raise BusinessError(Refusal.QUOTE_CHANGED)

    def broken() -> str:
        raise ZeroDivisionError

    app.add_url_rule("/refused", "refused", error)
    app.add_url_rule("/broken", "broken", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Browser
    with app.app_context():
        visitor = app.test_client()
        assert isinstance(visitor, Browser)
        yield visitor
        db.engine.dispose()


def test_what_is_not_there_says_so_with_a_way_on(french: Browser, english: Browser) -> None:
    for visitor, title in ((french, "Cette page n&#39;existe pas"), (english, "This page does not exist")):
        result = visitor.get("/nowhere")
        assert result.status_code == 404
        assert title in result.text
        assert '<a class="btn" href="/services">' in result.text


def test_a_fragment_that_is_not_there_is_a_paragraph(french: Browser) -> None:
    result = french.fragment("/services/999999/plan")
    assert result.status_code == 404
    assert result.text.startswith('<p id="error">')


@pytest.mark.parametrize("path", ["/services/99999999999999999999", "/services/0", "/services/-1", "/services/x"])
def test_a_service_that_cannot_be_is_not_there(french: Browser, path: str) -> None:
    assert french.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/services/1?tab=%00", "/services/1%00", "/orders/%00", "/invoices/%ff%00"])
def test_text_nobody_typed_is_refused(french: Browser, path: str) -> None:
    assert french.get(path).status_code in {400, 404}


def test_text_nobody_typed_is_refused_in_a_form_too(client: Browser) -> None:
    result = client.send("/login", email="fr@example.com\0", password="x")
    assert result.status_code == 400
    assert "Rien n&#39;a été modifié" in result.text


def test_a_body_larger_than_any_form_is_refused(french: Browser) -> None:
    result = french.post("/logout", data={"csrf_token": "x" * 10_000_000})
    assert result.status_code == 413
    assert "Ceci est trop volumineux" in result.text


def test_an_address_opened_the_wrong_way_says_which_is_right(french: Browser) -> None:
    result = french.get("/logout")
    assert result.status_code == 405
    assert "POST" in result.headers["Allow"]
    assert "Ceci ne peut se faire ici" in result.text


def test_a_refusal_has_its_sentence_its_status_and_its_code(payment_error: Browser) -> None:
    for result in (payment_error.get("/refused"), payment_error.fragment("/refused")):
        assert result.status_code == 409
        assert 'data-refusal="quote_changed"' in result.text
        assert "Le montant a changé depuis que vous l&#39;avez vu." in result.text


def test_a_fault_asks_nothing_of_the_database_and_says_what_to_do(payment_error: Browser) -> None:
    result = payment_error.get("/broken")
    assert result.status_code == 500
    assert "consultez vos services avant de réessayer" in result.text
    assert "ZeroDivisionError" not in result.text


def test_every_refusal_has_a_sentence_and_a_status() -> None:
    assert set(SENTENCES) == set(Refusal)
    assert {status_of(reason) for reason in Refusal} == {402, 404, 409, 422}


def test_a_page_that_fails_inside_a_service_leads_back_to_it(french: Browser, address: Address) -> None:
    result = french.post(f"{address('hosting')}/plan", data={"csrf_token": "stale"})
    assert result.status_code == 403
    assert f'<a class="btn" href="{address("hosting")}">' in result.text
