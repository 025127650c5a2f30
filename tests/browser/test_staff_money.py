"""Credit, refunds, payments and what is stuck in a browser: with htmx and the keyboard, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from kajoom.domain.reconciliation import DifferenceKind
from kajoom.models.client import client_by_email
from kajoom.models.credit import balance_of
from kajoom.models.db import Base, db
from kajoom.models.invoice import invoice_by_number
from kajoom.models.outbox import Message
from kajoom.models.reconciliation import Difference
from kajoom.models.refund import RefundAttempt
from kajoom.models.webhook_event import WebhookEvent
from kajoom.operations.orders.provisioning import mark_refused
from tests.browser.conftest import OpenPage
from tests.browser.live_app import NOON, LiveApp
from tests.browser.page_errors import PageErrors
from tests.browser.steps import is_same_document, mark_document, tab_to
from tests.web.demo_rows import number_of, reference_of


@pytest.fixture
def credit_path(live_app: LiveApp) -> str:
    """The page of the French-speaking client's credit."""
    with live_app.app_context():
        return f"/staff/clients/{_client_id()}/credit"


@pytest.fixture
def refundable(live_app: LiveApp) -> str:
    """The invoice of a change that the provider took the money of, and that was then refused."""
    with live_app.app_context():
        reference, number = reference_of("waiting-person"), number_of("waiting-person")
        db.session.rollback()
        mark_refused(reference, "Le serveur est plein.", "staff:lea", NOON.date(), NOON)
        return number


@pytest.fixture
def unpaid(live_app: LiveApp) -> str:
    """The number of an unpaid renewal."""
    with live_app.app_context():
        return number_of("unpaid-renewal")


@pytest.fixture
def stuck(live_app: LiveApp, unpaid: str) -> None:
    """A job that was given up, a payment that is missing here, and a dispute."""
    with live_app.app_context():
        error = {"attempts": 20, "last_error": "MailRefused: 550", "failing_since": NOON, "dead_at": NOON}
        db.session.add(Message(kind="email", key="dead", ids={}, run_at=NOON, **error))
        taken = {"day": NOON.date(), "currency": "CAD", "found_at": NOON, "invoice": unpaid, "taken_cents": 100}
        kind = DifferenceKind.NOT_IN_LEDGER
        db.session.add(Difference(provider="paypal", reference="PP-1", kind=kind, **taken))
        event = {"provider": "paypal", "attempt_key": "", "provider_ref": "PP-D-1", "received_at": NOON}
        db.session.add(WebhookEvent(id="WH-1", kind="CUSTOMER.DISPUTE.CREATED", **event))
        db.session.commit()


def _client_id() -> int:
    client = client_by_email("fr@example.com")
    assert client is not None
    return client.id


def credit_of(live_app: LiveApp) -> str:
    """The French-speaking client's credit now."""
    with live_app.app_context():
        return str(balance_of(_client_id(), "CAD"))


def done(page: Page) -> str:
    """What the page says was just done."""
    return page.locator(".act-done").inner_text()


def field(page: Page, place: str, name: str) -> str:
    """The selector of a field's name in a place."""
    return f"{place} [name={name}]"


# --- credit and refunds ---


def test_credit_is_given_by_keyboard_and_the_form_is_shown_again_with_what_is_wrong(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, credit_path: str
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", f"{credit_path}?lang=fr")
    mark_document(page)
    tab_to(page, "#amount")
    page.keyboard.type("20,00")
    page.keyboard.press("Enter")
    expect(page.locator("[data-refusal=no_reason]")).to_be_focused()
    expect(page.locator("#amount")).to_have_value("20,00")
    assert is_same_document(page)
    tab_to(page, "#reason")
    page.keyboard.type("Panne du 3 octobre")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{credit_path}")
    assert "20,00 $ CAD a été ajouté au crédit au compte" in done(page).replace("\u00a0", " ")
    expect(page.locator("#account-credit")).to_have_attribute("value", "20.00")
    assert credit_of(live_app) == "20.00"


def test_second_of_two_people_gives_nothing(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, credit_path: str
) -> None:
    page_errors.expect("HTTP 409")
    pages = [open_page("staff", f"{credit_path}?lang=en") for _ in range(2)]
    for page in pages:
        page.locator("#amount").fill("20")
        page.locator("#reason").fill("Outage")
        page.locator("#credit .go").click()
        expect(page.locator("#account-credit")).to_have_attribute("value", "20.00")
    expect(pages[1].locator("[data-refusal=changed_since]")).to_be_focused()
    assert credit_of(live_app) == "20.00"


def test_payment_is_refunded_after_a_question(
    open_page: OpenPage, live_app: LiveApp, credit_path: str, refundable: str
) -> None:
    page = open_page("staff", f"{credit_path}?lang=en")
    row = page.locator(f'[data-invoice="{refundable}"]')
    tab_to(page, f'[data-invoice="{refundable}"] summary')
    page.keyboard.press("Enter")
    expect(row).to_contain_text("A refund can’t be undone.")
    tab_to(page, f'[data-invoice="{refundable}"] button')
    page.keyboard.press("Enter")
    expect(row.locator("[data-refund=done]")).to_be_visible()
    assert f"of invoice {refundable} was sent back" in done(page)
    assert (live_app.count(RefundAttempt), credit_of(live_app)) == (1, "0.00")


def test_credit_and_refunds_without_javascript(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, credit_path: str, refundable: str
) -> None:
    page_errors.expect("HTTP 422", "HTTP 409")
    page = open_page("staff", "/staff/search?q=fr@example.com&lang=en", java_script_enabled=False)
    page.get_by_role("link", name="Françoise Tremblay").first.click()
    page.get_by_role("link", name="Credit and refunds").click()
    other = open_page("staff", f"{credit_path}?lang=en", java_script_enabled=False)
    page.locator("#credit .go").click()
    expect(page.locator("[data-refusal=not_an_amount]")).to_be_visible()
    page.locator("#amount").fill("5")
    page.locator("#reason").fill("Outage")
    page.locator("#credit .go").click()
    assert "$5.00 CAD was added to the account credit" in done(page)
    other.locator(f'[data-invoice="{refundable}"] summary').click()
    other.locator(f'[data-invoice="{refundable}"] button').click()
    expect(other.locator("[data-refusal=changed_since]")).to_be_visible()
    page.locator(f'[data-invoice="{refundable}"] summary').click()
    page.locator(f'[data-invoice="{refundable}"] button').click()
    assert f"of invoice {refundable} was sent back" in done(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Credit").click()
    expect(page.locator("[data-client]")).to_have_count(1)
    expect(page.locator("[data-refund=done]")).to_have_count(1)
    assert credit_of(live_app) == "5.00"


# --- payments to confirm ---


def balance_of_invoice(live_app: LiveApp, number: str) -> str:
    with live_app.app_context():
        invoice = invoice_by_number(number)
        assert invoice is not None
        return str(invoice.balance)


def test_payment_is_recorded_by_keyboard_after_a_correction(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, unpaid: str
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/payments?lang=en")
    tab_to(page, "#q")
    page.keyboard.type(unpaid)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/payments?q=*")
    mark_document(page)
    row = f'[data-invoice="{unpaid}"]'
    page.locator(field(page, row, "method")).select_option("interac")
    tab_to(page, field(page, row, "reference"))
    page.keyboard.press("Enter")
    expect(page.locator(".summary")).to_be_focused()
    assert is_same_document(page)
    page.locator(f"{row} .field-error").wait_for()
    tab_to(page, field(page, row, "reference"))
    page.keyboard.type("CA99")
    page.keyboard.press("Enter")
    expect(page.locator(".act-done")).to_contain_text(f"invoice {unpaid} is paid in full.")
    assert balance_of_invoice(live_app, unpaid) == "0.00"


def test_payment_is_recorded_without_javascript(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, unpaid: str
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", f"/staff/payments?q={unpaid}&lang=fr", java_script_enabled=False)
    row = f'[data-invoice="{unpaid}"]'
    page.locator(field(page, row, "amount")).fill("10,00")
    page.locator(f"{row} .go").click()
    expect(page.locator(f"{row} .field-error")).to_be_visible()
    expect(page.locator(field(page, row, "amount"))).to_have_value("10,00")
    page.locator(field(page, row, "method")).select_option("interac")
    page.locator(field(page, row, "reference")).fill("CA99")
    page.locator(f"{row} .go").click()
    assert "10,00 $ CAD" in done(page).replace("\u00a0", " ")
    page.locator(f"{row} .what p a").click()
    expect(page.locator("#client")).to_be_visible()


# --- what is stuck ---


def count_open(live_app: LiveApp, table: type[Base], column: str) -> int:
    with live_app.app_context():
        query = select(func.count()).select_from(table).where(getattr(table, column).is_(None))
        return db.session.scalar(query) or 0


@pytest.mark.usefixtures("stuck")
def test_job_is_discarded_and_a_difference_recorded_by_keyboard(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors, unpaid: str
) -> None:
    page_errors.expect("HTTP 422")
    page = open_page("staff", "/staff/jobs?lang=en")
    mark_document(page)
    tab_to(page, "[data-job] summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-job] [name=reason]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-refusal=no_reason]")).to_be_focused()
    assert is_same_document(page)
    tab_to(page, "[data-job] [name=reason]")
    page.keyboard.type("Wrong address")
    page.keyboard.press("Enter")
    expect(page.locator(".act-done")).to_contain_text("was discarded")
    expect(page.locator("[data-job]")).to_have_count(0)

    tab_to(page, "[data-difference] summary")
    page.keyboard.press("Enter")
    tab_to(page, "[data-difference] [name=number]")
    page.keyboard.press("Enter")
    expect(page.locator(".act-done")).to_contain_text(f"$1.00 CAD was recorded for invoice {unpaid}")
    expect(page.locator("[data-difference]")).to_have_count(0)
    assert count_open(live_app, Difference, "resolved_at") == 0


@pytest.mark.usefixtures("stuck")
def test_difference_is_explained_and_a_notice_closed_without_javascript(
    open_page: OpenPage, live_app: LiveApp, page_errors: PageErrors
) -> None:
    page_errors.expect("HTTP 422", "HTTP 409")
    pages = [open_page("staff", "/staff/jobs?lang=en", java_script_enabled=False) for _ in range(2)]
    for page in pages:
        explain = page.locator("[data-difference] details", has_text=re.compile("^\\s*Explain"))
        explain.locator("summary").click()
        explain.locator("[name=note]").fill("A test of the sandbox")
        explain.get_by_role("button", name="Close this difference").click()
    assert "PP-1 is explained" in done(pages[0])
    expect(pages[1].locator("[data-refusal=no_difference]")).to_be_visible()
    page = pages[0]
    page.locator("[data-notice] summary").click()
    page.locator("[data-notice] button").click()
    expect(page.locator("[data-notice] .field-error")).to_be_visible()
    page.locator("[data-notice] [name=note]").fill("Answered PayPal")
    page.locator("[data-notice] button").click()
    expect(page.locator("[data-notice]")).to_have_count(0)
    page.locator("[data-job]").get_by_role("button", name="Try again now").click()
    assert "will be tried again" in done(page)
    assert count_open(live_app, WebhookEvent, "closed_at") == 0
