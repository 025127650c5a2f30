"""A downgrade waits for the next due date unless the client acknowledges that nothing is refunded."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import (
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
    mark_document,
    tab_to,
)

_FR = "demo-fr-hosting"


def open_choice(open_page: OpenPage, live_app: LiveApp, plan: str, when: str = "") -> Page:
    """Open the choice of a service on plan A, with a plan chosen."""
    timing = f"&when={when}" if when else ""
    return open_page("fr", f"{live_app.service_path(_FR)}/plan?plan={plan}&cycle=monthly{timing}")


def test_downgrade_asks_when_and_proposes_the_next_due_date(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app, "b")
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


def test_now_chosen_for_an_upgrade_is_not_kept_for_a_downgrade(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_choice(open_page, live_app, "b", "now")
    expect(page.locator("#when-now")).to_be_checked()
    choose(page, "base")
    expect(page.locator("#when-renewal")).to_be_checked()
    go_on(page)
    expect_address(page, f"{live_app.service_path(_FR)}/plan/review", plan="base", cycle="monthly")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", "2022-11-01")
    expect(page.locator("#acknowledged")).to_have_count(0)


def test_now_is_not_kept_when_continue_is_pressed_before_the_preview_arrives(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    page = open_choice(open_page, live_app, "b", "now")
    page.evaluate(
        """() => {
          document.getElementById("pick-base").click();
          document.querySelector("#quote .btn.go").click();
        }"""
    )
    expect(page.locator("#review")).to_be_visible()
    expect_address(page, f"{live_app.service_path(_FR)}/plan/review", plan="base", cycle="monthly")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", "2022-11-01")


def test_immediate_downgrade_needs_the_acknowledgement_and_links_to_it(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422")
    page = open_choice(open_page, live_app, "base")
    page.locator("#when-now").check()
    expect_address(page, f"{live_app.service_path(_FR)}/plan", plan="base", when="now")
    go_on(page)
    box = page.locator("#acknowledged")
    expect(box).not_to_be_checked()
    page.locator("#review form .btn.go").click()

    notice = page.locator("[data-refusal=not_acknowledged]")
    expect(notice).to_be_focused()
    expect(page).to_have_title("Erreur\N{NO-BREAK SPACE}: exemple.ca · Vérifiez et confirmez votre changement · Kajoom")
    expect(box).to_have_attribute("aria-invalid", "true")
    notice.locator("a").click()
    assert focused(page) == "#acknowledged"
    page.keyboard.press("Space")
    confirm(page)
    expect_status(page, "awaiting_provisioning")
    live_app.work()
    expect_status(page, "completed")
    page.goto(live_app.service_path(_FR))
    expect(page.locator("#product-name")).to_have_text("Forfait de base Hébergement Web")
    expect(page.locator("data#recurring")).to_have_attribute("value", "95.00")


def test_downgrade_is_scheduled_by_keyboard_and_cancelled_from_the_product_page(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    charges = live_app.charges()
    page = open_choice(open_page, live_app, "base")
    mark_document(page)
    tab_to(page, "#quote .btn.go")
    page.keyboard.press("Enter")
    expect(page.locator("#review")).to_be_visible()
    tab_to(page, "#review form .btn.go")
    expect(page.locator(":focus")).to_have_text("Planifier pour le 1er novembre 2022")
    page.keyboard.press("Enter")
    expect_status(page, "scheduled")
    assert focused(page) == "#order-title"
    assert is_same_document(page)
    assert live_app.charges() == charges

    page.goto(live_app.service_path(_FR))
    expect(page.locator("#product-name")).to_have_text("Forfait A Hébergement Web")
    expect(page.locator("#alerts")).to_contain_text("Forfait de base")
    page.get_by_role("button", name=formats(page).gettext("Keep my current plan")).click()
    expect_address(page, f"/orders/{live_app.last_order()}")
    expect_status(page, "cancelled")
    page.goto(f"{live_app.service_path(_FR)}/plan?plan=b&cycle=monthly")
    expect_title(page, "Change plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_plan_too_small_for_the_usage_is_listed_with_the_excess_and_cannot_be_chosen(
    open_page: OpenPage, live_app: LiveApp
) -> None:
    page = open_page("fr", live_app.service_path("demo-fr-over-limits") + "/plan")
    expect(page.locator("#pick-a")).to_be_disabled()
    # 48,200 MB used of 25,600 allowed by A: 22,600 to free, 22.1 GB.
    expect(page.locator("#plan-a .reason").first).to_contain_text("22,1\N{NO-BREAK SPACE}Go")
    expect(page.locator("#pick-c")).to_be_enabled()


def test_downgrade_with_unknown_usage_goes_to_a_person(open_page: OpenPage, live_app: LiveApp) -> None:
    page = open_page("fr", live_app.service_path("demo-fr-usage-unknown") + "/plan?plan=base&cycle=monthly")
    expect(page.locator("#plan-base")).to_contain_text("Effectué par notre équipe")
    expect(page.locator("#quote")).to_contain_text("Effectué par notre équipe")
