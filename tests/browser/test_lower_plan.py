"""A lower plan waits for the next due date unless the client gives up, in so many words, what is already paid."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.journey import (
    choose,
    confirm,
    expect_address,
    expect_status,
    expect_title,
    figures,
    focused,
    formats,
    go_on,
    is_same_document,
    mark,
    tab_to,
)
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch

_FR = "demo-fr-hosting"


def chooser(visit: Visit, house: LiveApp, plan: str, when: str = "") -> Page:
    """The choice of the reference service, on A, with a plan chosen."""
    asked = f"&when={when}" if when else ""
    return visit("fr", f"{house.service(_FR)}/plan?plan={plan}&cycle=monthly{asked}")


def test_a_lower_plan_asks_when_and_proposes_the_next_due_date(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house, "b")
    choose(page, "base")
    expect(page.locator("#when")).to_be_visible()
    expect(page.locator("#when-renewal")).to_be_checked()
    expect(page.locator("#when-now")).not_to_be_checked()
    expect(page.locator("#when")).to_contain_text("sans remboursement")
    # 95.00 with 4.75 and 9.48 of taxes, in place of 150.00 with 7.50 and 14.96.
    assert figures(page, "due-today", "renewal-before", "renewal-after") == {
        "due-today": "0.00",
        "renewal-before": "172.46",
        "renewal-after": "109.23",
    }
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", "2022-11-01")


def test_now_said_of_a_higher_plan_is_not_carried_over_to_a_lower_one(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house, "b", "now")
    expect(page.locator("#when-now")).to_be_checked()
    choose(page, "base")
    expect(page.locator("#when-renewal")).to_be_checked()
    go_on(page)
    expect_address(page, f"{house.service(_FR)}/plan/review", plan="base", cycle="monthly")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", "2022-11-01")
    expect(page.locator("#acknowledged")).to_have_count(0)


def test_now_is_not_carried_over_even_when_going_on_outruns_the_preview(visit: Visit, house: LiveApp) -> None:
    page = chooser(visit, house, "b", "now")
    page.evaluate(
        """() => {
          document.getElementById("pick-base").click();
          document.querySelector("#quote .btn.go").click();
        }"""
    )
    expect(page.locator("#review")).to_be_visible()
    expect_address(page, f"{house.service(_FR)}/plan/review", plan="base", cycle="monthly")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", "2022-11-01")


def test_now_for_a_lower_plan_needs_the_box_ticked_and_says_where_it_is(
    visit: Visit, house: LiveApp, watch: Watch
) -> None:
    watch.provokes("answer 422")
    page = chooser(visit, house, "base")
    page.locator("#when-now").check()
    expect_address(page, f"{house.service(_FR)}/plan", plan="base", when="now")
    go_on(page)
    box = page.locator("#acknowledged")
    expect(box).not_to_be_checked()
    page.locator("#review form .btn.go").click()

    notice = page.locator("[data-refusal=not_acknowledged]")
    expect(notice).to_be_focused()
    expect(page).to_have_title("Erreur\N{NO-BREAK SPACE}: Vérifiez et confirmez votre changement · Kajoom")
    expect(box).to_have_attribute("aria-invalid", "true")
    notice.locator("a").click()
    assert focused(page) == "#acknowledged"
    page.keyboard.press("Space")
    confirm(page)
    expect_status(page, "awaiting_provisioning")
    house.work()
    expect_status(page, "completed")
    page.goto(house.service(_FR))
    expect(page.locator("#product-name")).to_have_text("Forfait de base Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "95.00")


def test_a_change_is_scheduled_by_keyboard_then_given_up_from_the_product_page(visit: Visit, house: LiveApp) -> None:
    charges = house.charges()
    page = chooser(visit, house, "base")
    mark(page)
    tab_to(page, "#quote .btn.go")
    page.keyboard.press("Enter")
    expect(page.locator("#review")).to_be_visible()
    tab_to(page, "#review form .btn.go")
    expect(page.locator(":focus")).to_have_text("Planifier pour le 2022-11-01")
    page.keyboard.press("Enter")
    expect_status(page, "scheduled")
    assert focused(page) == "#order-title"
    assert is_same_document(page)
    assert house.charges() == charges

    page.goto(house.service(_FR))
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")
    expect(page.locator("#alerts")).to_contain_text("Forfait de base")
    page.get_by_role("button", name=formats(page).gettext("Keep my current plan")).click()
    expect_address(page, f"/orders/{house.last_order()}")
    expect_status(page, "cancelled")
    page.goto(f"{house.service(_FR)}/plan?plan=b&cycle=monthly")
    expect_title(page, "Change plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_a_plan_that_what_is_used_does_not_fit_is_listed_with_the_space_to_free_and_cannot_be_chosen(
    visit: Visit, house: LiveApp
) -> None:
    page = visit("fr", house.service("demo-fr-over-limits") + "/plan")
    expect(page.locator("#pick-a")).to_be_disabled()
    # 48,200 MB used of 25,600 allowed by A: 22,600 to free, 22.1 GB.
    expect(page.locator("#plan-a .reason").first).to_contain_text("22,1\N{NO-BREAK SPACE}Go")
    expect(page.locator("#pick-c")).to_be_enabled()


def test_a_lower_plan_whose_use_is_unknown_goes_to_a_person(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service("demo-fr-usage-unknown") + "/plan?plan=base&cycle=monthly")
    expect(page.locator("#plan-base")).to_contain_text("Une personne doit intervenir")
    expect(page.locator("#quote")).to_contain_text("inconnu")
