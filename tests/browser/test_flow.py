"""From the product page to an operational service, by keyboard and without JavaScript, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from kajoom.domain.payment_method import BUILT_IN
from kajoom.i18n.formats import Formats
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.steps import (
    HOSTING,
    expect_address,
    expect_status,
    expect_status_message,
    expect_title,
    figures,
    focused,
    formats,
    is_same_document,
    mark_document,
    tab_to,
)

# From A (150.00) to B (225.00), due on 1 November: 75.00 × 15 days of 31 = 36.29; GST 1.81; QST 3.62; total 41.72.
FR_FIGURES = {"subtotal": "36.29", "gst": "1.81", "qst": "3.62", "total": "41.72"}
# The English client's service falls due on the 29th: 75.00 × 12 days of 30 = 30.00; GST 1.50; QST 2.99; total 34.49.
EN_FIGURES = {"subtotal": "30.00", "gst": "1.50", "qst": "2.99", "total": "34.49"}
FIGURES = {"fr": FR_FIGURES, "en": EN_FIGURES}
AMOUNT = {"fr": "41,72\N{NO-BREAK SPACE}$", "en": "$34.49"}
PLAN = {"fr": "Forfait B", "en": "Plan B"}
MONTHLY = {"fr": "mensuel", "en": "monthly"}
OPERATIONAL = {"fr": "opérationnel", "en": "operational"}
LANGUAGES = pytest.mark.parametrize("language", ["fr", "en"])


def confirm_button(texts: Formats, language: str) -> str:
    """What the button of the review says in a language."""
    how = texts.localized(BUILT_IN["demonstration"].how)
    return texts.gettext("Confirm and pay %(amount)s %(how)s", amount=AMOUNT[language], how=how)


@LANGUAGES
def test_change_is_made_by_keyboard_without_a_reload(open_page: OpenPage, live_app: LiveApp, language: str) -> None:
    service = live_app.service_path(HOSTING[language])
    page = open_page(language, service)
    texts = formats(page)
    mark_document(page)
    expect_title(page, "Manage product")

    tab_to(page, "#upgrade")
    page.keyboard.press("Enter")
    expect_address(page, f"{service}/plan", plan="b", cycle="monthly")
    expect_title(page, "Change plan")
    assert focused(page) == "#choose-title"

    tab_to(page, "[name=plan]")
    assert focused(page) == "#pick-b"
    page.keyboard.press("ArrowDown")
    expect_address(page, f"{service}/plan", plan="c")
    assert focused(page) == "#pick-c"
    page.keyboard.press("ArrowUp")
    expect_address(page, f"{service}/plan", plan="b")
    expect_status_message(
        page,
        "Preview: %(plan)s, %(cycle)s. Due today: %(amount)s, taxes included.",
        plan=PLAN[language],
        cycle=MONTHLY[language],
        amount=AMOUNT[language],
    )
    assert focused(page) == "#pick-b"
    assert figures(page, *FIGURES[language], "due-today") == {
        **FIGURES[language],
        "due-today": FIGURES[language]["total"],
    }

    tab_to(page, "#quote .btn.go")
    page.keyboard.press("Enter")
    expect_address(page, f"{service}/plan/review", plan="b", cycle="monthly")
    expect_title(page, "Review and confirm your change")
    assert focused(page) == "#review-title"
    assert figures(page, *FIGURES[language]) == FIGURES[language]

    tab_to(page, "#review form .btn.go")
    expect(page.locator(":focus")).to_have_text(confirm_button(texts, language))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/orders/CH-2022-\d{6}$"))
    reference = live_app.last_order()
    expect_address(page, f"/orders/{reference}")
    expect_title(page, "Change of plan %(reference)s", reference=reference)
    assert focused(page) == "#order-title"
    assert figures(page, *FIGURES[language]) == FIGURES[language]
    expect_status(page, "awaiting_provisioning")

    live_app.work()
    expect_status(page, "completed")
    expect_status_message(page, "Your change of plan: %(status)s.", status=OPERATIONAL[language])
    assert focused(page) == "#order-title"
    assert is_same_document(page)


@LANGUAGES
def test_change_is_made_without_javascript(open_page: OpenPage, live_app: LiveApp, language: str) -> None:
    service = live_app.service_path(HOSTING[language])
    page = open_page(language, service, java_script_enabled=False)
    texts = formats(page)

    page.locator("#upgrade").click()
    expect_address(page, f"{service}/plan")
    expect_title(page, "Change plan")
    page.locator("#pick-c").check()
    page.get_by_role("button", name=texts.gettext("Calculate the price")).click()
    expect_address(page, f"{service}/plan", plan="c", cycle="monthly")
    expect(page.locator("#pick-c")).to_be_checked()
    page.locator("#pick-b").check()

    page.get_by_role("button", name=texts.gettext("Continue"), exact=True).click()
    expect_address(page, f"{service}/plan/review", plan="b", cycle="monthly")
    expect_title(page, "Review and confirm your change")
    assert figures(page, *FIGURES[language]) == FIGURES[language]

    page.get_by_role("button", name=confirm_button(texts, language)).click()
    reference = live_app.last_order()
    expect_address(page, f"/orders/{reference}")
    expect_title(page, "Change of plan %(reference)s", reference=reference)
    expect_status(page, "awaiting_provisioning")

    live_app.work()
    page.get_by_role("link", name=texts.gettext("Refresh")).click()
    expect_status(page, "completed")
    assert live_app.charges()[-1] == ("captured", int(FIGURES[language]["total"].replace(".", "")))
