"""What every e-mail has: the service first, one button, the host's logo and contact, the same figures in both parts."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage
from html import unescape

import pytest
from flask import Flask

from kajoom.domain.brand import PNG, SVG, Brand, Logo
from kajoom.gateways import Gateways
from kajoom.models.catalog import CatalogVersion, catalog
from kajoom.models.db import db
from kajoom.worker.email_context import SAYING_CREDITED, EmailContext
from kajoom.worker.email_kinds import EMAILS
from kajoom.worker.email_samples import AT, SELLER, sample
from kajoom.worker.email_staff import STAFF_EMAILS
from kajoom.worker.emails import write
from tests import factories
from tests.architecture.files import ROOT
from tests.catalog_cache import forget_catalog
from tests.fake_gateways import FakeMailer
from tests.pictures import png
from tests.worker.email_parts import html_of, parse, text_of
from tests.worker.paid_orders import pay_order
from tests.worker_runs import drain

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.slow]

ABOUT_A_CHANGE = [
    "change_requested", "payment_received", "scheduled", "person_on_it", "operational", "needs_review", "refused",
    "expired", "cancelled", "payment_partial", "reminder", "change_late", "staff_task",
]  # fmt: skip
every_email = pytest.mark.parametrize("name", EMAILS)
every_language = pytest.mark.parametrize("lang", ["fr", "en"])


def sample_email(name: str, lang: str) -> EmailMessage:
    return parse(write(name, sample(name, lang), "key", AT, SELLER))


def first_sentences(email: EmailMessage) -> str:
    """The paragraph after the greeting, or the first one of an e-mail without."""
    paragraphs = text_of(email).split("\n\n")
    return paragraphs[1] if re.match("Bonjour|Hello", paragraphs[0]) else paragraphs[0]


def numbers(text: str) -> list[str]:
    """Every number that a reader sees, in order of size; not those of links, addresses or styles."""
    text = re.sub(r"https?://\S+", " ", text)
    return sorted(re.findall(r"\d[\d.,]*\d|\d", text))


def visible(page: str) -> str:
    """The text of the HTML part, without the line that only lists of e-mails show."""
    page = re.sub(r"(?s)<(style|title)\b.*?</\1>|<div style=\"display: none.*?</div>|<h1.*?</h1>", " ", page)
    return unescape(re.sub(r"<p class=\"site\".*?</p>|<[^>]*>", " ", page))


@every_email
@every_language
def test_subject_and_first_sentence_begin_with_the_service(name: str, lang: str) -> None:
    context = sample(name, lang)
    email = sample_email(name, lang)
    if not isinstance(context, EmailContext):
        return
    start = "boreal.example.com\N{NO-BREAK SPACE}: " if lang == "fr" else "boreal.example.com: "
    assert str(email["Subject"]).startswith(start)
    assert first_sentences(email).startswith(start)


@pytest.mark.parametrize("name", ABOUT_A_CHANGE)
@every_language
def test_first_sentence_about_a_change_names_both_plans(name: str, lang: str) -> None:
    first = first_sentences(sample_email(name, lang))
    plan = "Forfait" if lang == "fr" else "Plan"
    assert f"{plan} A" in first
    assert f"{plan} B" in first


@every_email
@every_language
def test_email_has_one_button_and_no_other_link_to_the_site(name: str, lang: str) -> None:
    page = html_of(sample_email(name, lang))
    links = 3 if name == "staff_digest" else 1  # the digest is about several pages of staff
    assert page.count('class="button"') == 1
    assert len(re.findall(r'href="http', page)) == links
    assert len(re.findall("https?://", text_of(sample_email(name, lang)))) == links


@every_email
@every_language
def test_both_parts_have_the_same_numbers(name: str, lang: str) -> None:
    email = sample_email(name, lang)
    assert numbers(visible(html_of(email))) == numbers(text_of(email))


@every_email
def test_logo_is_a_part_of_the_email_and_nothing_is_fetched(name: str) -> None:
    email = sample_email(name, "fr")
    page = html_of(email)
    [image] = [part for part in email.walk() if part.get_content_type() == "image/png"]
    assert image["Content-Disposition"] == "inline"
    assert re.findall(r'\b(?:src|background)="([^"]*)"', page) == [f"cid:{str(image['Content-ID']).strip('<>')}"]
    assert not re.search(r"@import|url\(|<link|<script", page)
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "prefers-color-scheme: dark" in page


def look(app: Flask, brand: Brand) -> None:
    """Give the catalogue in memory another look."""
    app.extensions["catalog"] = replace(catalog(), brand=brand)


def test_email_has_the_logo_and_the_colour_of_the_host(app: Flask) -> None:
    wide, symbol = Logo(PNG, png(300, 60), 300, 60), Logo(PNG, png(48, 48), 48, 48)
    try:
        look(app, Brand("#ffd400", wide))
        page = html_of(sample_email("operational", "fr"))
        assert f'width="240" height="48" alt="{SELLER["name"]}"' in page
        assert 'class="name"' not in page
        assert 'bgcolor="#ffd400"' in page
        assert "padding: 12px 24px; color: #000000" in page
        look(app, Brand("", symbol))
        page = html_of(sample_email("operational", "fr"))
        assert 'width="48" height="48" alt=""' in page
        assert 'class="name"' in page
    finally:
        forget_catalog()


def test_logo_of_emails_is_a_png(app: Flask) -> None:
    drawn, symbol = Logo(SVG, b"<svg/>", 300, 60), Logo(PNG, png(48, 48), 48, 48)
    try:
        look(app, Brand("", drawn))
        email = sample_email("operational", "fr")
        assert "image/png" not in {part.get_content_type() for part in email.walk()}
        assert "<img" not in html_of(email)
        look(app, Brand("", drawn, symbol))
        [image] = [part for part in sample_email("operational", "fr").walk() if part.get_content_type() == "image/png"]
        assert image.get_content() == symbol.content
    finally:
        forget_catalog()


@every_email
@every_language
def test_email_names_the_host_alone(name: str, lang: str) -> None:
    seller = {**SELLER, "name": "Nordique", "email": "bonjour@nordique.example"}
    assert "kajoom" not in write(name, sample(name, lang), "key", AT, seller).as_string().lower()


@every_email
def test_email_has_the_name_and_contact_of_the_host_in_both_parts(name: str) -> None:
    email = sample_email(name, "fr")
    expected = [SELLER["name"], *SELLER["address"]]
    if name not in STAFF_EMAILS:
        expected += [SELLER["email"], SELLER["phone"]]
    for part in (text_of(email), unescape(html_of(email))):
        assert [each for each in expected if str(each) not in part] == []


def test_french_plan_name_that_is_no_noun_agrees_with_its_sentence() -> None:
    context = sample("operational", "fr")
    assert isinstance(context, EmailContext)
    assert context.order is not None
    names, context.order.to_plan.name = context.order.to_plan.name, {"fr": "Pro", "en": "Pro"}
    try:
        email = parse(write("operational", context, "key", AT, SELLER))
    finally:
        context.order.to_plan.name = names
    assert "votre forfait est passé du Forfait A au forfait Pro" in str(email["Subject"])


def test_each_member_of_the_staff_is_written_to_in_their_language(gateways: Gateways, mailer: FakeMailer) -> None:
    english = factories.client(locale="en", role="agent")
    group = "team@example.com"  # an address without an account has the language of the catalogue
    db.session.query(CatalogVersion).one().staff = {"notify": [group, english.email], "locale": "fr"}
    db.session.commit()
    forget_catalog()
    pay_order(factories.confirm(factories.service(), "c", method="paypal"), gateways)

    drain(gateways, factories.AT)

    to_staff = [email for email in mailer.sent if str(email["Message-ID"]).startswith("<staff")]
    assert {str(email["To"]): email["Content-Language"] for email in to_staff} == {
        group: "fr-CA",
        english.email: "en-CA",
    }
    assert len(to_staff) == len({email["Message-ID"] for email in to_staff}) == 2


@every_language
def test_email_about_a_task_opens_it_in_the_list_and_names_no_command(lang: str) -> None:
    email, context = sample_email("staff_task", lang), sample("staff_task", lang)
    assert isinstance(context, EmailContext)
    assert context.order is not None

    for text in (text_of(email), html_of(email)):
        assert "/staff#task-3" in text
        assert context.order.reference in text
        assert "flask staff" not in text


@every_language
@pytest.mark.parametrize("name", ["operational", "renewal_invoice"])
def test_dates_are_not_broken_at_their_hyphens(name: str, lang: str) -> None:
    body = html_of(sample_email(name, lang)).partition("<h1")[2]
    rest = re.sub(r'<span style="white-space: nowrap;">[0-9-]+</span>', " ", body)

    assert rest != body
    assert not re.search(r"\d{4}-\d{2}-\d{2}", re.sub(r"<[^>]*>", " ", rest))


def test_credited_amount_is_read_for_the_kinds_that_say_it() -> None:
    folder = ROOT / "templates" / "email"
    sources = {path.stem: path.read_text() for path in folder.glob("*.jinja")}
    says = {name for name, source in sources.items() if re.search(r"(?:\bif |\bnot |=)credited\b", source)}
    says |= {name for name, source in sources.items() if any(f"email/{part}.jinja" in source for part in says)}
    assert {name for name in says if not name.startswith("_")} - {"service_ended"} == SAYING_CREDITED
