"""Every letter, in each language, says the invoice's own figures and nothing in the other language."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from html.parser import HTMLParser

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.payment import PaymentChoice
from kajoom.gateways import Gateways
from kajoom.models.invoice import invoice_of_order
from kajoom.operations.orders.cancellation import request_cancellation, withdraw_cancellation
from kajoom.operations.orders.close import cancel_order, expire_order
from kajoom.operations.orders.provisioning import mark_refused
from kajoom.operations.payments import pay
from kajoom.worker.email_samples import AT, SELLER, sample
from kajoom.worker.emails import EMAILS, STAFF_EMAILS, write
from tests import factories
from tests.architecture.files import ROOT
from tests.fake_gateways import FakeMailer
from tests.worker_runs import drain

pytestmark = pytest.mark.usefixtures("app")
ENGLISH = re.compile(r"\b(the|your|you|has|have|is|be|from|with|not|and|will|been|see|write|change of|before)\b", re.I)
FRENCH = re.compile(r"\b(le|la|les|votre|vous|est|une|avec|dès|pour|facture|demande|prochain|numéro)\b", re.I)


class Formats(HTMLParser):
    """What a page says, without its marks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in {"style", "title"}

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.said.append(data.strip())


def opened(email: EmailMessage) -> EmailMessage:
    """The letter as a client's program reads it."""
    return message_from_bytes(email.as_bytes(), policy=modern)


def text_of(email: EmailMessage) -> str:
    part = email.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def page_of(email: EmailMessage) -> str:
    part = email.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def sample_letter(name: str, lang: str) -> EmailMessage:
    return opened(write(name, sample(name, lang), f"{name}-CH-2022-000001", AT, SELLER))


every_letter = pytest.mark.parametrize("name", EMAILS)
each_language = pytest.mark.parametrize("lang", ["fr", "en"])


@every_letter
@each_language
def test_letter_is_whole(name: str, lang: str) -> None:
    email = sample_letter(name, lang)
    assert email["Subject"]
    assert email["From"] == email["Reply-To"] == "Kajoom <facturation@example.com>"
    assert email["To"] == (email["From"] if name in STAFF_EMAILS else "Camille Tremblay <camille@example.com>")
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["Content-Language"] == f"{lang}-CA"
    assert email["Date"].datetime == AT
    assert [part.get_content_type() for part in email.iter_parts()] == ["text/plain", "text/html"]
    assert f'<html lang="{lang}-CA">' in page_of(email)
    assert "https://clients.example.com/" in text_of(email)


@every_letter
def test_french_letter_says_nothing_in_english(name: str) -> None:
    email = sample_letter(name, "fr")
    assert not ENGLISH.findall(f"{email['Subject']}\n{text_of(email)}\n{' '.join(Formats(page_of(email)).said)}")


@every_letter
def test_english_letter_says_nothing_in_french(name: str) -> None:
    email = sample_letter(name, "en")
    assert not FRENCH.findall(f"{email['Subject']}\n{text_of(email)}\n{' '.join(Formats(page_of(email)).said)}")


@every_letter
@each_language
def test_page_and_text_say_the_same(name: str, lang: str) -> None:
    email = sample_letter(name, lang)
    page = " ".join(Formats(page_of(email)).said)
    link = re.compile(r"https://\S+")
    for paragraph in text_of(email).split("\n"):
        if paragraph.startswith(("- ", "  ", "--")) or link.match(paragraph):
            continue  # figures, compared below; the signature's mark; and the links, which a page wears on its words
        assert paragraph in page
    assert set(link.findall(text_of(email))) == set(re.findall(r'href="([^"]+)"', page_of(email)))


def test_every_email_has_one_template() -> None:
    names = {path.stem for path in (ROOT / "templates" / "email").iterdir() if not path.name.startswith("_")}
    assert names == set(EMAILS)


def test_lines_come_before_the_taxes_and_the_taxes_before_the_total() -> None:
    """75,00 × 15 / 31 = 36,29; TPS 1,81; TVQ 3,62; in all 41,72, of which 10,00 from account credit."""
    text = text_of(sample_letter("change_requested", "fr"))
    amounts = ["36,29", "36,29", "1,81", "3,62", "41,72", "10,00", "31,72"]
    table = "".join(line for line in text.split("\n") if line.startswith(("- ", "  ")))
    assert re.findall(r"(\d+,\d\d)\N{NO-BREAK SPACE}\$", table) == amounts
    cells = re.findall(r"<td>([^<]+)</td>", page_of(sample_letter("change_requested", "fr")))
    assert [cell.split("\N{NO-BREAK SPACE}")[0] for cell in cells] == amounts
    assert "2022-10-17 au 2022-10-31 (15 jours sur 31)" in text


def test_name_of_a_client_cannot_write_a_header_or_a_page() -> None:
    context = sample("operational", "fr")
    context.client.name = "Camille\r\nBcc: all@example.com <script>"
    email = write("operational", context, "k", AT, SELLER)
    assert email["Bcc"] is None
    assert "<script>" not in page_of(email)


def test_key_of_a_message_makes_a_message_id_that_any_server_takes() -> None:
    email = write("payment_late", sample("payment_late", "fr"), "payment_late-demo:a b/é", AT, SELLER)
    assert email["Message-ID"] == "<payment-late-demo-a-b--@example.com>"


def sent(mailer: FakeMailer, doors: Gateways) -> EmailMessage:
    """The last letter that what is due sends."""
    assert drain(doors, factories.AT)
    return opened(mailer.sent[-1])


def numbers_in(text: str) -> set[str]:
    return {found.replace(",", ".") for found in re.findall(r"(\d+,\d\d)\N{NO-BREAK SPACE}\$", text)}


def test_amounts_of_a_letter_are_those_of_its_invoice(doors: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    text = text_of(sent(mailer, doors))
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    owed = [invoice.subtotal_cents, invoice.total_cents, *(tax["cents"] for tax in invoice.taxes)]
    assert {f"{cents // 100}.{cents % 100:02d}" for cents in owed} <= numbers_in(text)
    assert invoice.number in text
    assert f"https://clients.example.com/orders/{order.reference}" in text


def test_letter_follows_the_language_its_client_chose(doors: Gateways, mailer: FakeMailer) -> None:
    factories.confirm(factories.service(factories.client(locale="en")))
    assert sent(mailer, doors)["Content-Language"] == "en-CA"


def test_change_scheduled_says_its_day_and_the_next_renewal(doors: Gateways, mailer: FakeMailer) -> None:
    """95,00 with TPS 4,75 and TVQ 9,48 is 109,23."""
    factories.confirm(factories.service(), "base")
    email = sent(mailer, doors)
    assert email["Subject"] == "Changement de forfait prévu le 1er\N{NO-BREAK SPACE}juillet 2026"
    assert "109.23" in numbers_in(text_of(email))


def test_change_cancelled_gives_back_the_credit_it_used(doors: Gateways, mailer: FakeMailer) -> None:
    row = factories.service()
    factories.credit(row.client, 1000)
    order = factories.confirm(row)
    cancel_order(order.client_id, order.reference, factories.ON, factories.AT)
    email = sent(mailer, doors)
    assert order.reference in email["Subject"]
    assert numbers_in(text_of(email)) == {"10.00"}


def test_change_that_expired_says_until_when_it_could_be_paid(doors: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service())
    expire_order(order.id, factories.AT)
    assert "23\N{NO-BREAK SPACE}juin 2026" in text_of(sent(mailer, doors))


def test_change_refused_says_why_and_what_became_credit(doors: Gateways, mailer: FakeMailer) -> None:
    order = factories.confirm(factories.service(), "c")
    invoice = invoice_of_order(order.id)
    assert invoice is not None
    pay.pay(invoice.id, doors.payments, PaymentChoice("null"), factories.AT)
    drain(doors, factories.AT)
    mark_refused(order.reference, "Plus de place sur ce serveur.", "staff", factories.ON, factories.AT)
    text = text_of(sent(mailer, doors))
    assert "Plus de place sur ce serveur." in text
    assert numbers_in(text) == {str(invoice.total)}


def test_cancellation_is_acknowledged_with_its_number_day_and_hour(doors: Gateways, mailer: FakeMailer) -> None:
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
    text = text_of(sent(mailer, doors))
    assert request.reference in text
    assert "16\N{NO-BREAK SPACE}juin 2026 à 11\N{NO-BREAK SPACE}h" in text
    assert "1er\N{NO-BREAK SPACE}juillet 2026" in text
    withdraw_cancellation(row.client_id, request.reference, factories.AT)
    assert "retirée" in sent(mailer, doors)["Subject"]


def test_every_letter_that_a_deed_asks_for_can_be_written() -> None:
    """The names of the letters are codes in the deeds; each one is among those that are kept."""
    asked = set()
    for path in (ROOT / "kajoom" / "operations").rglob("*.py"):
        asked |= set(re.findall(r'email="(\w+)"', path.read_text()))
    assert asked
    assert asked <= set(EMAILS)


def test_texts_are_escaped_in_html_and_not_in_plain_text() -> None:
    context = sample("change_requested", "en")
    assert context.order is not None
    context.client.name = "Tremblay & <b>Co</b>"
    context.order.from_plan.name = {"fr": "<i>A</i>", "en": "<i>A</i>"}
    try:
        email = write("change_requested", context, "key", AT, SELLER)
    finally:
        context.order.from_plan.name = {"fr": "Forfait A", "en": "Plan A"}
    assert "Tremblay & <b>Co</b>" in text_of(email)
    assert "Tremblay &amp; &lt;b&gt;Co&lt;/b&gt;" in page_of(email)
    assert "&lt;i&gt;A&lt;/i&gt;" in page_of(email)
    assert "<i>A</i>" not in page_of(email)
