"""What goes wrong is said in the client's language, with a way on, and is never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import create_app
from kajoom.config import Config
from kajoom.domain.refusal import Refusal, Refused
from kajoom.models.db import db
from kajoom.web import auth
from kajoom.web.refusals import SENTENCES, status_of
from tests.conftest import Visitor
from tests.web.conftest import Address


@pytest.fixture
def trouble(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """A browser in a house with two open pages that go wrong, and nothing in its database."""
    app = create_app(config)
    monkeypatch.setattr(auth, "PUBLIC", auth.PUBLIC | {"refused", "broken"})

    def refused() -> str:
        raise Refused(Refusal.QUOTE_CHANGED)

    def broken() -> str:
        raise ZeroDivisionError

    app.add_url_rule("/refused", "refused", refused)
    app.add_url_rule("/broken", "broken", broken)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.test_client_class = Visitor
    with app.app_context():
        visitor = app.test_client()
        assert isinstance(visitor, Visitor)
        yield visitor
        db.engine.dispose()


def test_what_is_not_there_says_so_with_a_way_on(french: Visitor, english: Visitor) -> None:
    for visitor, title in ((french, "Cette page n&#39;existe pas"), (english, "This page does not exist")):
        answer = visitor.get("/nowhere")
        assert answer.status_code == 404
        assert title in answer.text
        assert '<a class="btn" href="/services">' in answer.text


def test_a_fragment_that_is_not_there_is_a_paragraph(french: Visitor) -> None:
    answer = french.fragment("/services/999999/plan")
    assert answer.status_code == 404
    assert answer.text.startswith('<p id="error">')


@pytest.mark.parametrize("path", ["/services/99999999999999999999", "/services/0", "/services/-1", "/services/x"])
def test_a_service_that_cannot_be_is_not_there(french: Visitor, path: str) -> None:
    assert french.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/services/1?tab=%00", "/services/1%00", "/orders/%00", "/invoices/%ff%00"])
def test_text_nobody_typed_is_refused(french: Visitor, path: str) -> None:
    assert french.get(path).status_code in {400, 404}


def test_text_nobody_typed_is_refused_in_a_form_too(client: Visitor) -> None:
    answer = client.send("/login", email="fr@example.com\0", password="x")
    assert answer.status_code == 400
    assert "Rien n&#39;a été modifié" in answer.text


def test_a_body_larger_than_any_form_is_refused(french: Visitor) -> None:
    answer = french.post("/logout", data={"csrf_token": "x" * 10_000_000})
    assert answer.status_code == 413
    assert "Ceci est trop volumineux" in answer.text


def test_an_address_opened_the_wrong_way_says_which_is_right(french: Visitor) -> None:
    answer = french.get("/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "Ceci ne peut se faire ici" in answer.text


def test_a_refusal_has_its_sentence_its_status_and_its_code(trouble: Visitor) -> None:
    for answer in (trouble.get("/refused"), trouble.fragment("/refused")):
        assert answer.status_code == 409
        assert 'data-refusal="quote_changed"' in answer.text
        assert "Le montant a changé depuis que vous l&#39;avez vu." in answer.text


def test_a_fault_asks_nothing_of_the_database_and_says_what_to_do(trouble: Visitor) -> None:
    answer = trouble.get("/broken")
    assert answer.status_code == 500
    assert "consultez vos services avant de réessayer" in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_every_refusal_has_a_sentence_and_a_status() -> None:
    assert set(SENTENCES) == set(Refusal)
    assert {status_of(reason) for reason in Refusal} == {402, 404, 409, 422}


def test_a_page_that_fails_inside_a_service_leads_back_to_it(french: Visitor, address: Address) -> None:
    answer = french.post(f"{address('hosting')}/plan", data={"csrf_token": "stale"})
    assert answer.status_code == 403
    assert f'<a class="btn" href="{address("hosting")}">' in answer.text
