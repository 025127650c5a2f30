"""Two-step verification in a browser, with and without JavaScript: set up, signed in with, recovered from, removed."""

from __future__ import annotations

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Page, expect

from tests.browser.axe import axe
from tests.browser.chromium import PASSWORD
from tests.browser.conftest import OpenPage
from tests.browser.live_app import NOON
from tests.browser.page_errors import PageErrors


def sign_in(page: Page) -> None:
    """Sign out, and give the password again, up to the second step."""
    page.get_by_role("button", name="Fermer la session").click()
    page.locator("#email").fill("fr@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    page.wait_for_url("**/login/code")


@pytest.mark.parametrize(("javascript", "scheme"), [(True, "light"), (False, "dark")])
def test_second_factor_is_set_up_used_and_removed(
    open_page: OpenPage, page_errors: PageErrors, javascript: bool, scheme: str
) -> None:
    page_errors.expect("HTTP 422")
    size = {"width": 360, "height": 780}
    options = {"java_script_enabled": javascript, "color_scheme": scheme, "viewport": size, "locale": "fr-CA"}
    page = open_page("fr", "/account", **options)

    def check() -> None:
        page.wait_for_load_state()  # after a click the new document may have no element yet
        if javascript:
            assert axe(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name="Activer la vérification en deux étapes").click()
    check()
    page.get_by_role("link", name="Activer la vérification en deux étapes").click()
    expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    key = (page.locator("#factor-key").text_content() or "").replace(" ", "")
    page.locator("#code").fill("000000")
    page.get_by_role("button", name="Confirmer").click()
    expect(page.locator(".summary")).to_contain_text("Le code est incorrect")
    assert (page.locator("#factor-key").text_content() or "").replace(" ", "") == key
    check()
    page.locator("#code").fill(str(TOTP(key).generate(time=NOON).token))
    page.get_by_role("button", name="Confirmer").click()
    expect(page.locator(".codes code")).to_have_count(10)
    check()
    code = page.locator(".codes code").first.text_content() or ""

    sign_in(page)
    page.locator("#code").fill(str(TOTP(key).generate(time=NOON).token))  # has confirmed the setup
    page.locator("#code").press("Enter")
    expect(page.locator(".summary")).to_contain_text("a déjà servi")
    check()
    page.get_by_role("link", name="Vous n’avez pas votre téléphone?").click()
    check()
    page.locator("#code").fill(code.lower())
    page.locator("#code").press("Enter")
    page.wait_for_url("**/services")
    expect(page.locator(".notice").first).to_contain_text("Vous avez utilisé un code de récupération")

    page.goto("/account/factors")
    page.get_by_role("button", name="Désactiver la vérification en deux étapes").click()
    expect(page.locator(".notice").first).to_contain_text("est désactivée")
