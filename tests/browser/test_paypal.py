"""The way to PayPal and back in a real browser, under the house's own policy, with htmx and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from kajoom import clock
from tests.browser.axe import axe
from tests.browser.conftest import Visit, signed_in
from tests.browser.house import NOON, House
from tests.browser.journey import expect_address, expect_status, spoken
from tests.paypal.server import FakePayPal

_FR = "demo-fr-hosting"


@pytest.fixture(scope="module")
def paypal() -> Iterator[FakePayPal]:
    """PayPal, where payers approve."""
    with FakePayPal() as started:
        yield started


@pytest.fixture(scope="module")
def served(paypal: FakePayPal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house of a host who has an account there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOON)
        account = {"paypal_client_id": "client", "paypal_secret": "secret"}
        house = House(tmp_path_factory.mktemp("house"), paypal_base_url=paypal.address, **account)
    yield house
    house.close()


@pytest.fixture(scope="module")
def sessions(served: House, chromium: Browser) -> dict[str, StorageState]:
    """What the French-speaking client's browser keeps."""
    return {"fr": signed_in(chromium, served.address, "fr")}


def led_away(visit: Visit, house: House, paypal: FakePayPal, scripted: bool) -> Page:
    """Confirm the move from A to B, and arrive where it is to be approved."""
    page = visit("fr", f"{house.service(_FR)}/plan/review?plan=b&cycle=monthly", java_script_enabled=scripted)
    page.locator("#review form .btn.go").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    return page


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_a_change_approved_at_paypal_is_paid_on_coming_back(
    visit: Visit, house: House, paypal: FakePayPal, scripted: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = led_away(visit, house, paypal, scripted)
    page.get_by_role("button", name="Approve").click()
    if not scripted:  # with htmx the page asks by itself
        expect(page.locator("#order")).to_contain_text(spoken(page).say("Your payment is being verified."))
        page.get_by_role("button", name=spoken(page).say("Verify my payment")).click()
    expect_status(page, "awaiting_provisioning")
    expect_address(page, f"/orders/{house.last_order()}")
    assert len(paypal.ledger.captures) == before + 1


@pytest.mark.parametrize("scripted", [True, False], ids=["htmx", "plain"])
def test_who_leaves_paypal_pays_later_another_way(
    visit: Visit, house: House, paypal: FakePayPal, scripted: bool
) -> None:
    before = len(paypal.ledger.captures)
    page = led_away(visit, house, paypal, scripted)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#order .notice").first).to_contain_text("Rien n’a été débité")
    if scripted:
        assert axe(page) == []

    page.get_by_role("button", name="Continuer avec PayPal").click()
    page.wait_for_url(f"{paypal.address}/checkoutnow?token=*")
    page.goto(f"{house.address}/orders/{house.last_order()}")
    page.locator("#order form:has([value=demonstration]) button").click()
    expect_status(page, "awaiting_provisioning")
    assert len(paypal.ledger.captures) == before


def test_going_back_from_paypal_shows_the_change_that_waits(visit: Visit, house: House, paypal: FakePayPal) -> None:
    page = led_away(visit, house, paypal, scripted=True)
    page.goto(f"{house.address}{house.service(_FR)}")
    page.locator(f"a[href*='/orders/{house.last_order()}']").first.click()
    expect_status(page, "awaiting_payment")
    page.get_by_role("button", name=spoken(page).say("Cancel the change")).click()
    expect_status(page, "cancelled")
