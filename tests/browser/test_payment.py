"""A payment that is refused or unheard of leaves a way on, takes nothing twice, and is told as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kajoom.gateways.demo.store import Behaviour
from tests.browser.conftest import Visit
from tests.browser.journey import confirm, expect_address, expect_status, expect_title, focused, formats
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"
_PAID = ("captured", 4172)
SCRIPTED = pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])


def confirmed(visit: Visit, house: LiveApp, plan: str = "b", *, scripted: bool = True) -> Page:
    """The move from A to a plan, confirmed."""
    address = f"{house.service(_FR)}/plan/review?plan={plan}&cycle=monthly"
    page = visit("fr", address, java_script_enabled=scripted)
    confirm(page)
    return page


@SCRIPTED
def test_a_refused_payment_says_so_charges_nothing_and_can_be_made_again(
    visit: Visit, house: LiveApp, watch: Watch, scripted: bool
) -> None:
    watch.provokes("answer 402")
    house.provider(Behaviour.REFUSE)
    page = confirmed(visit, house, scripted=scripted)
    expect(page.locator("[data-refusal=payment_refused]")).to_be_focused()
    expect_status(page, "awaiting_payment")
    assert _PAID not in house.charges()

    page.get_by_role("button", name="Payer 41,72\N{NO-BREAK SPACE}$").click()
    expect_status(page, "awaiting_provisioning")
    expect_address(page, f"/orders/{house.last_order()}")
    assert house.charges()[-1] == _PAID
    house.work()
    if not scripted:
        page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "completed")


def test_after_a_refused_payment_another_plan_can_be_chosen_at_once(visit: Visit, house: LiveApp, watch: Watch) -> None:
    watch.provokes("answer 402")
    house.provider(Behaviour.REFUSE)
    page = confirmed(visit, house)
    page.get_by_role("button", name=formats(page).gettext("Choose another plan")).click()
    expect_address(page, house.service(_FR) + "/plan")
    expect_title(page, "Change plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_a_payment_whose_answer_is_lost_is_being_verified_and_the_page_follows_it(visit: Visit, house: LiveApp) -> None:
    house.provider(Behaviour.LOSE_AFTER)
    page = confirmed(visit, house)
    expect(page.locator("[data-refusal=payment_pending]")).to_contain_text("en cours de vérification")
    expect_status(page, "awaiting_payment")
    house.work(timedelta(minutes=2))
    expect_status(page, "completed")
    expect(page.locator("[data-refusal]")).to_have_count(0)
    assert house.charges().count(_PAID) == 1


def test_a_payment_that_never_arrived_is_known_to_be_refused_and_can_be_made_again(
    visit: Visit, house: LiveApp
) -> None:
    house.provider(Behaviour.LOSE_BEFORE)
    page = confirmed(visit, house)
    expect(page.locator("[data-refusal=payment_pending]")).to_be_visible()
    house.work(timedelta(minutes=2))
    expect(page.locator("[data-refusal=payment_refused]")).to_be_visible()
    page.get_by_role("button", name="Payer 41,72\N{NO-BREAK SPACE}$").click()
    expect_status(page, "awaiting_provisioning")
    assert house.charges().count(_PAID) == 1


def test_a_move_that_needs_a_person_announces_the_delay_waits_and_ends_when_staff_say_so(
    visit: Visit, house: LiveApp
) -> None:
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=c&cycle=monthly")
    expect(page.locator("#review")).to_contain_text("habituellement 1 jour ouvrable")
    confirm(page)
    expect(page.locator("#order")).to_contain_text("habituellement 1 jour ouvrable")
    house.work()
    page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "awaiting_provisioning")
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")

    house.mark_operational(house.last_order())
    page.get_by_role("link", name=formats(page).gettext("Refresh")).click()
    expect_status(page, "completed")
    expect(page.locator("#product-name")).to_have_text("Forfait C Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "350.00")


def test_the_product_card_shows_the_new_plan_as_soon_as_the_page_says_operational(visit: Visit, house: LiveApp) -> None:
    page = confirmed(visit, house)
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")
    house.work()
    expect_status(page, "completed")
    expect(page.locator("#product-name")).to_have_text("Forfait B Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "225.00")
    expect(page.locator("#order tr.sum")).to_contain_text("Solde")
    expect(page.locator("#order tr.sum data")).to_have_attribute("value", "0.00")
    assert focused(page) == "#order-title"


def test_an_unpaid_renewal_names_its_invoice_and_paying_it_leads_back_to_the_choice(
    visit: Visit, house: LiveApp
) -> None:
    service = house.service("demo-fr-unpaid-renewal")
    page = visit("fr", service + "/plan")
    expect(page.locator("[data-refusal=unpaid_invoice]")).to_be_visible()
    page.locator("#blocked").get_by_role("link", name=formats(page).gettext("Pay the invoice")).click()
    page.get_by_role("button", name="Payer 172,46\N{NO-BREAK SPACE}$").click()
    expect_address(page, service + "/plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()
