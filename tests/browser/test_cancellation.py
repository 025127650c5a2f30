"""A cancellation is two clicks away, sent only once it was reviewed, and can be taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kajoom.models.cancellation import Cancellation
from tests.browser.conftest import Visit
from tests.browser.journey import HOSTING, expect_address, expect_title, focused, formats, is_same_document, mark
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import Watch


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_a_request_is_reviewed_sent_dated_and_withdrawn(
    visit: Visit, house: LiveApp, language: str, scripted: bool
) -> None:
    service = house.service(HOSTING[language])
    due = "2022-11-01" if language == "fr" else "2022-10-29"
    requests = house.count(Cancellation)
    page = visit(language, service, java_script_enabled=scripted)
    said = formats(page)

    page.get_by_role("link", name=said.gettext("Cancellation request"), exact=True).click()
    expect_address(page, f"{service}/cancellation")
    expect_title(page, "Cancellation request")
    if scripted:
        mark(page)
    expect(page.locator("[name=when][value=period_end]")).to_be_checked()
    page.get_by_role("button", name=said.gettext("Continue"), exact=True).click()
    expect_address(page, f"{service}/cancellation/review", when="period_end")
    expect_title(page, "Review your cancellation request")
    expect(page.locator("time#effective-on")).to_have_attribute("datetime", due)
    assert house.count(Cancellation) == requests

    page.get_by_role("button", name=said.gettext("End the service on %(date)s", date=due)).click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "open")
    expect(page.locator("#cancellation-title")).to_contain_text(due)
    expect(page.locator("#cancellation")).to_contain_text("RS-2022-")
    expect(page.locator("#cancellation")).to_contain_text("12\N{NO-BREAK SPACE}h" if language == "fr" else "12:00")
    assert house.count(Cancellation) == requests + 1
    if scripted:
        assert focused(page) == "#cancellation-title"

    page.get_by_role("button", name=said.gettext("Withdraw my request")).click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "withdrawn")
    expect(page.locator("#alert-cancellation")).to_have_count(0)
    if scripted:
        assert is_same_document(page)
    page.goto(f"{service}/plan")
    expect(page.locator("#quote .btn.go")).to_be_visible()


def test_with_a_request_open_the_product_offers_only_its_withdrawal(visit: Visit, house: LiveApp) -> None:
    service = house.service("demo-fr-cancelling")
    page = visit("fr", service)
    expect(page.locator("#alert-cancellation")).to_be_visible()
    page.locator("#upgrade").click()
    render_blocked = page.locator("[data-refusal=cancellation_requested]")
    expect(render_blocked).to_be_visible()
    expect(page.locator("#blocked-title")).to_be_focused()
    page.goto(f"{service}/cancellation")
    expect(render_blocked).to_be_visible()
    render_blocked.get_by_role("button", name="Retirer ma demande").click()
    expect(page.locator("#cancellation-status")).to_have_attribute("data-status", "withdrawn")
    expect(page.locator("#alert-cancellation")).to_have_count(0)


def test_a_change_under_way_must_be_cancelled_before_the_service(visit: Visit, house: LiveApp, watch: Watch) -> None:
    watch.provokes("answer 409")
    service = house.service("demo-fr-waiting-payment")
    page = visit("fr", f"{service}/cancellation/review?when=period_end")
    expect(page.locator("[data-refusal=change_under_way]")).to_be_visible()
    page.get_by_role("link", name="Voir le changement en cours").click()
    page.get_by_role("button", name="Annuler le changement").click()
    expect(page.locator("#order-status")).to_have_attribute("data-status", "cancelled")
    page.goto(f"{service}/cancellation")
    expect(page.locator("#choose-title")).to_be_visible()


def test_a_service_ended_now_says_that_it_cannot_be_taken_back(visit: Visit, house: LiveApp) -> None:
    page = visit("fr", house.service(HOSTING["fr"]) + "/cancellation/review?when=now")
    expect(page.locator("#review")).to_contain_text("ne peut être repris")
    page.get_by_role("button", name="Mettre fin au service maintenant").click()
    expect(page.locator("#cancellation")).to_be_visible()
    expect(page.get_by_role("button", name="Retirer ma demande")).to_have_count(0)
