"""A payment that is refused or whose answer is lost can be repeated, and charges once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kajoom.gateways.demo.store import Behaviour
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import confirm, expect_address, expect_status, expect_title, focused, formats

_FR = "demo-fr-hosting"
_PAID = ("captured", 4172)
SCRIPTED = pytest.mark.parametrize("javascript", [True, False], ids=["htmx", "plain"])


def confirm_change(open_page: OpenPage, live_app: LiveApp, plan: str = "b", *, javascript: bool = True) -> Page:
    """Confirm the change from A to a plan."""
    address = f"{live_app.service_path(_FR)}/plan/review?plan={plan}&cycle=monthly"
    page = open_page("fr", address, java_script_enabled=javascript)
    confirm(page)
    return page


@SCRIPTED
def test_refused_payment_is_shown_charges_nothing_and_can_be_repeated(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, javascript: bool
) -> None:
    page_errors.expect("HTTP 402")
    live_app.set_provider_behaviour(Behaviour.REFUSE)
    page = confirm_change(open_page, live_app, javascript=javascript)
    expect(page.locator("[data-refusal=payment_refused]")).to_be_focused()
    expect_status(page, "awaiting_payment")
    assert _PAID not in live_app.charges()

    page.get_by_role("button", name="Payer 41,72\N{NO-BREAK SPACE}$").click()
    expect_status(page, "awaiting_provisioning")
    expect_address(page, f"/orders/{live_app.last_order()}")
    assert live_app.charges()[-1] == _PAID
    live_app.work()
    if not javascript:
        page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "completed")


def test_another_plan_can_be_chosen_after_a_refused_payment(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 402")
    live_app.set_provider_behaviour(Behaviour.REFUSE)
    page = confirm_change(open_page, live_app)
    page.get_by_role("button", name=formats(page).gettext("Cancel and choose another plan")).click()
    expect_address(page, live_app.service_path(_FR) + "/plan")
    expect_title(page, "Change plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_payment_with_a_lost_answer_is_verified_and_the_page_updates(open_page: OpenPage, live_app: LiveApp) -> None:
    live_app.set_provider_behaviour(Behaviour.LOSE_AFTER)
    page = confirm_change(open_page, live_app)
    expect(page.locator("[data-refusal=payment_pending]")).to_contain_text("en cours de vérification")
    expect_status(page, "awaiting_payment")
    live_app.work(timedelta(minutes=2))
    expect_status(page, "completed")
    expect(page.locator("[data-refusal]")).to_have_count(0)
    assert live_app.charges().count(_PAID) == 1


def test_payment_that_never_reached_the_provider_is_refused_and_can_be_repeated(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    live_app.set_provider_behaviour(Behaviour.LOSE_BEFORE)
    page = confirm_change(open_page, live_app)
    expect(page.locator("[data-refusal=payment_pending]")).to_be_visible()
    live_app.work(timedelta(minutes=2))
    expect(page.locator("[data-refusal=payment_refused]")).to_be_visible()
    page.get_by_role("button", name="Payer 41,72\N{NO-BREAK SPACE}$").click()
    expect_status(page, "awaiting_provisioning")
    assert live_app.charges().count(_PAID) == 1


def test_change_that_needs_a_person_shows_the_delay_until_staff_complete_it(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    page = open_page("fr", f"{live_app.service_path(_FR)}/plan/review?plan=c&cycle=monthly")
    expect(page.locator("#review")).to_contain_text("1 jour ouvrable")
    confirm(page)
    expect(page.locator("#order")).to_contain_text("1 jour ouvrable")
    live_app.work()
    page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "awaiting_provisioning")
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")

    live_app.mark_operational(live_app.last_order())
    page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "completed")
    expect(page.locator("#product-name")).to_have_text("Forfait C Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "350.00")


def test_product_card_shows_the_new_plan_once_it_is_operational(open_page: OpenPage, live_app: LiveApp) -> None:
    page = confirm_change(open_page, live_app)
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")
    live_app.work()
    expect_status(page, "completed")
    expect(page.locator("#product-name")).to_have_text("Forfait B Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "225.00")
    expect(page.locator("#order tr.sum")).to_contain_text("Montant payé")
    expect(page.locator("#order tr.sum data")).to_have_attribute("value", "41.72")
    assert focused(page) == "#order-title"


def test_overdue_renewal_is_paid_and_leads_back_to_the_choice(open_page: OpenPage, live_app: LiveApp) -> None:
    service = live_app.service_path("demo-fr-overdue")
    page = open_page("fr", service + "/plan")
    expect(page.locator("#blocked")).to_be_visible()
    page.locator("#blocked").get_by_role("link", name=formats(page).gettext("Pay the invoice")).click()
    page.get_by_role("button", name="Payer 109,23\N{NO-BREAK SPACE}$").click()
    expect_address(page, service + "/plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()
