"""What is wrong with a form: first in the title, in a summary that takes the focus, and at the field."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from tests.conftest import Browser, SignIn
from tests.web.conftest import Address
from tests.web.pages import hidden_fields, post, refusal_in

Send = Callable[[Browser, str], TestResponse]
TITLES = {"fr": "Erreur\N{NO-BREAK SPACE}: ", "en": "Error: "}


def confirm_without_the_tick(browser: Browser, service: str) -> TestResponse:
    """Confirm a move to a lower plan, now, without acknowledging that nothing is refunded."""
    review = browser.get(f"{service}/plan/review?plan=base&cycle=monthly&when=now").text
    return post(browser, f"{service}/plan", **hidden_fields(review, "review"))


def cancel_with_a_long_reason(browser: Browser, service: str) -> TestResponse:
    """Request a cancellation with a reason that is longer than its field allows."""
    review = browser.get(f"{service}/cancellation/review?when=now").text
    fields = hidden_fields(review, "review")
    return post(browser, f"{service}/cancellation", **{**fields, "reason": "Trop cher. " * 200})


def sign_in_with_a_wrong_password(browser: Browser, _service: str) -> TestResponse:
    """Sign in again, with a wrong password."""
    post(browser, "/logout")
    return browser.send("/login", email="fr@example.com", password="not the password")


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    ("send", "field"),
    [
        (confirm_without_the_tick, "acknowledged"),
        (cancel_with_a_long_reason, "reason"),
        (sign_in_with_a_wrong_password, "email"),
    ],
)
def test_error_is_in_the_title_in_a_focused_summary_and_at_the_field(
    signed_in: SignIn, address: Address, language: str, send: Send, field: str
) -> None:
    browser = signed_in(f"{language}@example.com")
    service = address("hosting", language)
    browser.get(f"/services?lang={language}")
    response = send(browser, service)
    page = response.text

    assert response.status_code == 422
    assert re.findall("<title>(.*?)</title>", page)[0].startswith(TITLES[language])
    assert len(re.findall(r" autofocus", page)) == 1
    assert re.search(rf'tabindex="-1" autofocus.*?<a href="#{field}">', page, re.DOTALL)
    control = re.findall(rf'<(?:input|textarea) [^>]*id="{field}"[^>]*>', page)[0]
    assert f' aria-invalid="true" aria-describedby="{field}-error"' in control
    assert re.search(rf'id="{field}-error">.*?<span>[^<]+</span>', page)


def test_reason_that_is_too_long_is_not_lost(french: Browser, address: Address) -> None:
    response = cancel_with_a_long_reason(french, address("hosting"))
    assert refusal_in(response.text) == "too_long"
    assert "Trop cher. " * 200 in response.text


@pytest.mark.parametrize("path", ["/plan?plan=zzz", "/plan/review?plan=b", "/cancellation/review?when=never"])
def test_title_of_every_refusal_begins_with_error(french: Browser, address: Address, path: str) -> None:
    for response in (french.get(address("hosting") + path), french.fragment(address("hosting") + path)):
        assert response.status_code >= 400
        assert re.findall("<title>(.*?)</title>", response.text)[0].startswith(TITLES["fr"])
