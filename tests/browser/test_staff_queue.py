"""The tasks of staff in a browser: with htmx and the keyboard, and without JavaScript."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from sqlalchemy import select

from kajoom.domain.order import OrderStatus
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.task import Task
from tests.browser.conftest import OpenPage
from tests.browser.live_app import LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import is_same_document, mark_document, tab_to


def references(live_app: LiveApp) -> list[str]:
    """The changes with an open task, the oldest first."""
    with live_app.app_context():
        query = select(Order.reference).join(Task).where(Task.closed_at.is_(None)).order_by(Task.opened_at, Task.id)
        return list(db.session.scalars(query))


def status_of(live_app: LiveApp, reference: str) -> OrderStatus:
    with live_app.app_context():
        return db.session.scalars(select(Order.status).where(Order.reference == reference)).one()


def row(reference: str) -> str:
    """The selector of a change’s row."""
    return f'[data-order="{reference}"]'


def press_done(page: Page, reference: str) -> None:
    """Press *Done*, then answer the question that it asks."""
    page.locator(f"{row(reference)} summary").click()
    page.locator(row(reference)).get_by_role("button", name="Yes, it’s done").click()


def test_question_before_done_can_be_left(open_page: OpenPage, live_app: LiveApp) -> None:
    first = references(live_app)[0]
    page = open_page("staff", "/staff?lang=en")
    summary = page.locator(f"{row(first)} summary")
    summary.click()
    expect(page.locator(f"{row(first)} button.go")).to_be_visible()
    summary.click()
    expect(page.locator(f"{row(first)} button.go")).to_be_hidden()
    assert status_of(live_app, first) is OrderStatus.AWAITING_PROVISIONING


def test_row_leaves_by_keyboard_and_the_next_one_takes_the_focus(open_page: OpenPage, live_app: LiveApp) -> None:
    first, second = references(live_app)[:2]
    page = open_page("staff", "/staff?lang=en")
    mark_document(page)
    tab_to(page, f"{row(first)} summary")
    page.keyboard.press("Enter")
    expect(page.locator(row(first))).to_contain_text("The client is sent an e-mail at once.")
    tab_to(page, f"{row(first)} button.go")
    page.keyboard.press("Enter")

    expect(page.locator(row(first))).to_have_count(0)
    expect(page.locator("#status")).to_have_text(f"{first} is operational. The client was sent an e-mail.")
    expect(page.locator(f"{row(second)} h2 a")).to_be_focused()
    assert is_same_document(page)
    assert status_of(live_app, first) is OrderStatus.COMPLETED


def test_two_people_press_done_and_the_second_reads_that_it_is_done(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 409")
    first = references(live_app)[0]
    pages = [open_page("staff", "/staff?lang=en") for _ in range(2)]
    for page in pages:
        press_done(page, first)
        expect(page.locator(row(first))).to_have_count(0)
    expect(pages[1].locator("[data-refusal=too_late]")).to_contain_text(f"{first} is already operational.")


def test_wrong_day_stands_at_its_field(open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors) -> None:
    page_errors.expect("HTTP 422")
    first = references(live_app)[0]
    page = open_page("staff", "/staff?lang=en")
    page.locator(f"{row(first)} summary").click()
    page.locator(f"{row(first)} [name=on]").fill("2022-10-18")
    page.locator(f"{row(first)} button.go").click()
    expect(page.locator(f"{row(first)} [name=on]")).to_have_value("2022-10-18")
    expect(page.locator(f"{row(first)} .field-error")).to_have_text("This day is in the future.")
    expect(page.locator(".summary")).to_be_focused()


def test_refusal_keeps_its_page_until_there_is_a_reason(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422")
    first = references(live_app)[0]
    page = open_page("staff", "/staff?lang=en")
    page.locator(row(first)).get_by_role("link", name="Can’t be done").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator("[data-refusal=no_reason]")).to_be_focused()
    page.get_by_label("Reason").fill("Le serveur est plein.")
    page.get_by_role("button", name="Confirm").click()
    page.wait_for_url("**/staff")
    expect(page.locator(".act-done")).to_have_text(re.compile(f"{first} is refused"))


def test_tasks_are_closed_without_javascript(open_page: OpenPage, live_app: LiveApp) -> None:
    first, second = references(live_app)[:2]
    page = open_page("staff", "/staff?lang=en", java_script_enabled=False)
    page.locator(row(first)).get_by_role("button", name="I’ll do it").click()
    expect(page.locator(row(first))).to_contain_text("You are working on it.")
    press_done(page, first)
    expect(page.locator(".act-done")).to_contain_text(f"{first} is operational.")
    page.locator(row(second)).get_by_role("link", name="Can’t be done").click()
    page.get_by_label("Reason").fill("The server is full.")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".act-done")).to_contain_text(f"{second} is refused.")
    expect(page.locator(row(second))).to_have_count(0)
