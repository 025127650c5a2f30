"""Every e-mail, in both languages: headers, the same contents in HTML and text, and the amounts of the invoice."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.gateways import Gateways
from kajoom.models.client import ERASED_DOMAIN
from kajoom.models.db import db
from kajoom.operations.orders.cancellation import request_cancellation, withdraw_cancellation
from kajoom.operations.orders.close import cancel_order, expire_order
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.worker.email_kinds import EMAILS
from kajoom.worker.email_samples import AT, SELLER, client_sample, sample
from kajoom.worker.email_staff import STAFF_EMAILS
from kajoom.worker.emails import write
from tests import factories
from tests.architecture.files import ROOT
from tests.fake_gateways import FakeMailer
from tests.worker.email_parts import dollars, french_amounts, html_of, parse, text_of
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
ENGLISH = re.compile(r"\b(the|your|you|has|have|is|be|from|with|not|and|will|been|see|write|change of|before)\b", re.I)
FRENCH = re.compile(r"\b(le|la|les|votre|vous|est|une|avec|dès|pour|facture|demande|prochain|numéro)\b", re.I)


class VisibleText(HTMLParser):
    """The pieces of text that a reader of an HTML page sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.parts.append(data.strip())


def sample_email(name: str, lang: str) -> EmailMessage:
    return parse(write(name, sample(name, lang), f"{name}-CH-2022-000001", AT, SELLER))


every_email = pytest.mark.parametrize("name", EMAILS)
every_language = pytest.mark.parametrize("lang", ["fr", "en"])


@pytest.mark.slow
@every_email
@every_language
def test_email_has_its_headers_and_both_parts(name: str, lang: str) -> None:
    email = sample_email(name, lang)
    assert email["Subject"]
    assert email["From"] == email["Reply-To"] == "Kajoom <facturation@example.com>"
    client = "Camille Tremblay <camille@example.com>"
    assert email["To"] == ("facturation@example.com" if name in STAFF_EMAILS else client)
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Content-Language"] == f"{lang}-CA"
    assert email["Date"].datetime == AT
    assert [part.get_content_type() for part in email.iter_parts()] == ["text/plain", "multipart/related"]
    assert f'<html lang="{lang}-CA">' in html_of(email)
    assert "https://clients.example.com/" in text_of(email)


@every_email
def test_french_email_has_no_english_words(name: str) -> None:
    email = sample_email(name, "fr")
    assert not ENGLISH.findall(f"{email['Subject']}\n{text_of(email)}\n{' '.join(VisibleText(html_of(email)).parts)}")


@pytest.mark.slow
@every_email
def test_english_email_has_no_french_words(name: str) -> None:
    email = sample_email(name, "en")
    assert not FRENCH.findall(f"{email['Subject']}\n{text_of(email)}\n{' '.join(VisibleText(html_of(email)).parts)}")


@pytest.mark.slow
@every_email
@every_language
def test_html_and_text_have_the_same_contents(name: str, lang: str) -> None:
    email = sample_email(name, lang)
    html_text = " ".join(VisibleText(html_of(email)).parts)
    link = re.compile(r"https://\S+")
    text = re.sub(r"\N{NO-BREAK SPACE}?:\n(?=https://)", "\n", text_of(email))  # the button has no colon
    for paragraph in text.split("\n"):
        if paragraph.startswith(("- ", "  ", "--")) or link.match(paragraph):
            continue  # amounts, which another test compares; the signature's mark; links, which HTML has as attributes
        assert paragraph in html_text
    assert set(link.findall(text_of(email))) == set(re.findall(r'href="(http[^"]+)"', html_of(email)))


def test_every_email_has_one_template() -> None:
    names = {path.stem for path in (ROOT / "templates" / "email").iterdir() if not path.name.startswith("_")}
    assert names == set(EMAILS)


def test_amounts_are_lines_then_taxes_then_total_and_credit() -> None:
    """75.00 × 15 / 31 = 36.29; GST 1.81; QST 3.62; total 41.72, of which 10.00 is account credit and 31.72 due."""
    text = text_of(sample_email("change_requested", "fr"))
    amounts = ["36,29", "36,29", "1,81", "3,62", "41,72", "−10,00", "31,72"]
    table = "".join(line for line in text.split("\n") if line.startswith(("- ", "  ")))
    assert re.findall(r"(−?\d+,\d\d)\N{NO-BREAK SPACE}\$", table) == amounts
    cells = re.findall(r'<td class="amount"[^>]*>([^<]+)</td>', html_of(sample_email("change_requested", "fr")))
    assert [cell.split("\N{NO-BREAK SPACE}")[0] for cell in cells] == amounts
    assert "2022-10-17 au 2022-10-31 (15 jours sur 31)" in text


def test_client_name_cannot_inject_a_header_or_html() -> None:
    context = client_sample("operational", "fr")
    context.client.name = "Camille\r\nBcc: all@example.com <script>"
    email = write("operational", context, "k", AT, SELLER)
    assert email["Bcc"] is None
    assert "<script>" not in html_of(email)


def test_message_id_has_only_safe_characters_of_the_key() -> None:
    email = write("payment_late", sample("payment_late", "fr"), "payment_late-demo:a b/é", AT, SELLER)
    assert email["Message-ID"] == "<payment-late-demo-a-b--@example.com>"


def last_email(mailer: FakeMailer, gateways: Gateways) -> EmailMessage:
    """Handle the due messages; the last e-mail sent."""
    assert drain(gateways, factories.AT)
    return parse(mailer.sent[-1])


def test_email_has_the_amounts_of_its_invoice(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    text = text_of(last_email(mailer, gateways))
    invoice = factories.invoice_for(order)
    expected = [invoice.subtotal_cents, invoice.total_cents, *(tax["cents"] for tax in invoice.taxes)]
    assert {dollars(cents) for cents in expected} <= french_amounts(text)
    assert invoice.number in text
    assert f"https://clients.example.com/orders/{order.reference}" in text


def test_nothing_is_written_to_an_erased_client(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    order.client.email = f"erased-1@{ERASED_DOMAIN}"
    db.session.commit()
    drain(gateways, factories.AT)
    assert mailer.sent == []


def test_email_is_in_the_language_of_the_client(gateways: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service(factories.client(locale="en")))
    assert last_email(mailer, gateways)["Content-Language"] == "en-CA"


def test_scheduled_change_email_has_its_day_and_the_next_renewal(gateways: Gateways, mailer: FakeMailer) -> None:
    """95.00 with GST 4.75 and QST 9.48 is 109.23."""
    factories.confirm(factories.service(), "base")
    email = last_email(mailer, gateways)
    assert str(email["Subject"]).endswith(
        "votre passage au Forfait BASE est prévu le 1er\N{NO-BREAK SPACE}juillet 2026"
    )
    assert "109.23" in french_amounts(text_of(email))


def test_cancelled_change_email_has_the_credit_returned(gateways: Gateways, mailer: FakeMailer) -> None:
    row = factories.service()
    factories.credit(row.client, 1000)
    order = factories.confirm(row)
    cancel_order(order.client_id, order.reference, factories.ON, factories.AT)
    email = last_email(mailer, gateways)
    assert order.reference in text_of(email)
    assert french_amounts(text_of(email)) == {"10.00"}


def test_expired_change_email_has_its_last_day_to_pay(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    expire_order(order.id, factories.ON, factories.AT)
    assert "23\N{NO-BREAK SPACE}juin 2026" in text_of(last_email(mailer, gateways))


def test_refused_change_email_has_its_reason_and_credit(gateways: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service(), "c")
    invoice = pay_order(order, gateways)
    drain(gateways, factories.AT)
    mark_refused(order.reference, "Plus de place sur ce serveur.", "staff", factories.ON, factories.AT)
    text = text_of(last_email(mailer, gateways))
    assert "Plus de place sur ce serveur." in text
    assert french_amounts(text) == {"100.00", "5.00", "9.98", str(invoice.total)}  # the credit note's
    assert "NC-2026-0001" in text


def test_cancellation_email_has_its_number_day_and_hour(gateways: Gateways, mailer: FakeMailer) -> None:
    row = factories.service()
    request = request_cancellation(
        row.client_id,
        row.id,
        CancellationWhen.PERIOD_END,
        reason="",
        key="k",
        locale="fr",
        on=factories.ON,
        at=factories.AT,
    )
    text = text_of(last_email(mailer, gateways))
    assert request.reference in text
    assert "16\N{NO-BREAK SPACE}juin 2026 à 11\N{NO-BREAK SPACE}h" in text
    assert "1er\N{NO-BREAK SPACE}juillet 2026" in text
    withdraw_cancellation(row.client_id, request.reference, factories.AT)
    assert "retirée" in last_email(mailer, gateways)["Subject"]


def test_every_email_queued_by_operations_exists() -> None:
    """The names of the e-mails that the operations enqueue are all in ``EMAILS``."""
    queued: set[str] = set()
    for path in (ROOT / "kajoom" / "operations").rglob("*.py"):
        queued |= set(re.findall(r'email="(\w+)"', path.read_text()))
    assert queued
    assert queued <= set(EMAILS)


def test_texts_are_escaped_in_html_and_not_in_plain_text() -> None:
    context = client_sample("change_requested", "en")
    assert context.order is not None
    context.client.name = "Tremblay & <b>Co</b>"
    context.order.from_plan.name = {"fr": "<i>A</i>", "en": "<i>A</i>"}
    try:
        email = write("change_requested", context, "key", AT, SELLER)
    finally:
        context.order.from_plan.name = {"fr": "Forfait A", "en": "Plan A"}
    assert "Tremblay & <b>Co</b>" in text_of(email)
    assert "Tremblay &amp; &lt;b&gt;Co&lt;/b&gt;" in html_of(email)
    assert "&lt;i&gt;A&lt;/i&gt;" in html_of(email)
    assert "<i>A</i>" not in html_of(email)
