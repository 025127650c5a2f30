"""The cancellation request: choice, review, request and withdrawal, each as a page, a fragment, a refusal, and for a
stranger."""

from __future__ import annotations

import html

import pytest
from sqlalchemy import func, select

from kajoom.domain.service import ServiceStatus
from kajoom.models.cancellation import Cancellation
from kajoom.models.db import db
from kajoom.models.service import service_by_external_id
from tests.conftest import Browser, Statements
from tests.web.conftest import Address
from tests.web.demo_rows import number_of, record_received
from tests.web.pages import hidden_fields, post, post_fragment, refusal_in, value_of

REFUSED = [
    ("cancelling", "cancellation_requested"),
    ("waiting-payment", "change_under_way"),
    ("waiting-person", "change_under_way"),
    ("scheduled", "change_under_way"),
]
"""The services that cannot be cancelled now, and why."""

KEY = "0123456789abcdef0123456789abcdef"


def count_requests() -> int:
    """How many cancellation requests there are."""
    return db.session.scalar(select(func.count()).select_from(Cancellation)) or 0


def set_status(state: str, status: ServiceStatus) -> None:
    """Give a service of the French client another status."""
    service = service_by_external_id(f"demo-fr-{state}")
    assert service is not None
    service.status = status
    db.session.commit()


def review_fields(browser: Browser, service: str, when: str) -> dict[str, str]:
    """The fields that the review sends to request the cancellation."""
    return hidden_fields(browser.get(f"{service}/cancellation/review?when={when}").text, "review")


def request_cancellation(browser: Browser, service: str, when: str = "period_end") -> str:
    """Request the cancellation of a service; the path of its receipt."""
    response = post(browser, f"{service}/cancellation", **review_fields(browser, service, when))
    assert response.status_code == 303
    return response.location


# --- choose ---


def test_choice_is_a_page_of_the_service(french: Browser, address: Address) -> None:
    response = french.get(f"{address('hosting')}/cancellation")
    assert response.status_code == 200
    for element in ("product", "alerts", "choose"):
        assert f' id="{element}"' in response.text
    assert 'name="when" value="period_end" checked' in response.text
    assert 'name="when" value="now">' in response.text


def test_choice_is_a_fragment_with_its_address(french: Browser, address: Address) -> None:
    response = french.fragment(f"{address('hosting')}/cancellation")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="choose"' in response.text
    assert response.headers["HX-Push-Url"] == f"{address('hosting')}/cancellation"


def test_service_without_a_due_date_can_only_end_now(french: Browser, address: Address) -> None:
    page = french.get(f"{address('free')}/cancellation").text
    assert 'value="period_end"' not in page
    assert 'name="when" value="now" checked' in page


@pytest.mark.parametrize(("state", "code"), REFUSED)
def test_refused_choice_says_why_instead_of_the_form(french: Browser, address: Address, state: str, code: str) -> None:
    path = f"{address(state)}/cancellation"
    for response in (french.get(path), french.fragment(path)):
        assert (response.status_code, refusal_in(response.text)) == (200, code)
        assert 'id="choose"' not in response.text


@pytest.mark.parametrize("status", [ServiceStatus.CANCELLED, ServiceStatus.TERMINATED])
def test_ended_service_cannot_be_cancelled(french: Browser, address: Address, status: ServiceStatus) -> None:
    set_status("hosting", status)
    service = address("hosting")
    page, review = french.get(f"{service}/cancellation"), french.get(f"{service}/cancellation/review?when=now")
    request = post(french, f"{service}/cancellation", when="now", key=KEY)
    assert [(response.status_code, refusal_in(response.text)) for response in (page, review, request)] == [
        (200, "not_active"),
        (409, "not_active"),
        (409, "not_active"),
    ]


# --- review ---


@pytest.mark.parametrize(("when", "day"), [("now", "2022-10-17"), ("period_end", "2022-11-01")])
def test_review_shows_the_day_and_the_form_to_send(french: Browser, address: Address, when: str, day: str) -> None:
    response = french.get(f"{address('hosting')}/cancellation/review?when={when}")
    assert response.status_code == 200
    assert ' id="product"' in response.text
    assert value_of(response.text, "effective-on") == day
    fields = hidden_fields(response.text, "review")
    assert sorted(fields) == ["key", "when"]
    assert fields["when"] == when
    assert '<textarea name="reason"' in response.text


def test_review_is_a_fragment_with_its_address(french: Browser, address: Address) -> None:
    response = french.fragment(f"{address('hosting')}/cancellation/review?when=now")
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="review"' in response.text
    assert response.headers["HX-Push-Url"] == f"{address('hosting')}/cancellation/review?when=now"


def test_review_leads_to_the_unpaid_invoice(french: Browser, address: Address) -> None:
    page = french.get(f"{address('unpaid-renewal')}/cancellation/review?when=period_end").text
    rules = page.partition('<ul class="rules">')[2].partition("</ul>")[0]
    assert 'href="/invoices/' in rules


@pytest.mark.parametrize("when", ["now", "period_end"])
def test_review_says_that_a_renewal_of_a_later_period_is_voided(french: Browser, address: Address, when: str) -> None:
    number = number_of("unpaid-renewal")
    record_received(number, "20.00")

    page = html.unescape(french.get(f"{address('unpaid-renewal')}/cancellation/review?when={when}").text)

    assert f"La facture {number}, pour la période qui commence le 25\xa0octobre 2022, sera annulée" in page
    assert "Le montant de 20,00\xa0$ déjà versé devient un crédit au compte." in page
    assert ("le service prendra plutôt fin le 25\xa0novembre 2022" in page) is (when == "period_end")


def test_review_says_that_a_renewal_of_a_period_that_has_begun_stays_to_be_paid(
    french: Browser, address: Address
) -> None:
    page = html.unescape(french.get(f"{address('overdue')}/cancellation/review?when=now").text)

    assert f"La facture {number_of('overdue')}, pour une période déjà commencée, reste à payer\xa0: 109,23" in page


@pytest.mark.parametrize("query", ["", "when=", "when=later", "when=now&when=now"])
def test_invalid_day_is_not_reviewed(french: Browser, address: Address, query: str) -> None:
    path = f"{address('hosting')}/cancellation/review?{query}"
    for response in (french.get(path), french.fragment(path)):
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")


@pytest.mark.parametrize(("state", "code"), REFUSED)
def test_refused_cancellation_is_not_reviewed(french: Browser, address: Address, state: str, code: str) -> None:
    path = f"{address(state)}/cancellation/review?when=now"
    for response in (french.get(path), french.fragment(path)):
        assert (response.status_code, refusal_in(response.text)) == (409, code)


# --- send ---


def test_request_leads_to_its_receipt(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    assert receipt.startswith("/cancellations/RS-2022-")
    page = french.get(receipt).text
    assert 'id="cancellation-status" data-status="open"' in page
    assert 'datetime="2022-11-01"' in page
    assert f'action="{receipt}/withdraw"' in page


def test_request_from_a_panel_shows_its_receipt_in_it(french: Browser, address: Address) -> None:
    service = address("hosting")
    response = post_fragment(french, f"{service}/cancellation", **review_fields(french, service, "now"))
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="cancellation"' in response.text
    assert 'id="cancellation-status" data-status="done"' in response.text
    assert '<hx-partial data-hx-target="#product"' in response.text
    assert '<hx-partial data-hx-target="#alerts"' in response.text
    assert response.headers["HX-Push-Url"].startswith("/cancellations/RS-2022-")


def test_reason_is_kept_without_spaces_around_it(french: Browser, address: Address) -> None:
    service = address("hosting")
    fields = review_fields(french, service, "now")
    post(french, f"{service}/cancellation", **fields, reason="  Trop cher.\n")
    assert db.session.scalar(select(Cancellation.reason).where(Cancellation.key == fields["key"])) == "Trop cher."


def test_same_form_sent_twice_makes_one_request(french: Browser, address: Address) -> None:
    service, before = address("hosting"), count_requests()
    fields = review_fields(french, service, "period_end")
    first, second = (post(french, f"{service}/cancellation", **fields) for _ in range(2))
    assert first.location == second.location
    assert count_requests() == before + 1


@pytest.mark.parametrize("changes", [{"when": ""}, {"when": "later"}, {"key": ""}, {"key": "short"}], ids=str)
def test_invalid_request_is_refused(french: Browser, address: Address, changes: dict[str, str]) -> None:
    before = count_requests()
    for send in (post, post_fragment):
        response = send(french, f"{address('hosting')}/cancellation", **{"when": "now", "key": KEY, **changes})
        assert (response.status_code, refusal_in(response.text)) == (422, "unreadable")
    assert count_requests() == before


@pytest.mark.parametrize(("state", "code"), REFUSED)
def test_service_that_cannot_be_cancelled_makes_no_request(
    french: Browser, address: Address, state: str, code: str
) -> None:
    before = count_requests()
    for send in (post, post_fragment):
        response = send(french, f"{address(state)}/cancellation", when="now", key=KEY)
        assert (response.status_code, refusal_in(response.text)) == (409, code)
    assert count_requests() == before


def test_key_of_another_request_is_refused(french: Browser, address: Address) -> None:
    fields = review_fields(french, address("hosting"), "period_end")
    post(french, f"{address('hosting')}/cancellation", **fields)
    before = count_requests()
    response = post(french, f"{address('yearly')}/cancellation", **fields)
    assert (response.status_code, refusal_in(response.text)) == (409, "key_reused")
    assert count_requests() == before


def test_request_without_a_csrf_token_is_refused(french: Browser, address: Address) -> None:
    before = count_requests()
    response = french.post(f"{address('hosting')}/cancellation", data={"when": "now", "key": KEY})
    assert response.status_code == 403
    assert count_requests() == before


# --- show ---


def test_receipt_is_a_fragment_too(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    response = french.fragment(receipt)
    assert response.status_code == 200
    assert "<!doctype" not in response.text
    assert '<section id="cancellation"' in response.text
    assert response.headers["HX-Push-Url"] == receipt


def test_unknown_request_is_not_found(french: Browser) -> None:
    assert french.get("/cancellations/RS-2022-999999").status_code == 404
    assert french.fragment("/cancellations/RS-2022-999999").status_code == 404
    assert post(french, "/cancellations/RS-2022-999999/withdraw").status_code == 404


# --- withdraw ---


def test_withdrawal_leads_back_to_the_receipt(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    response = post(french, f"{receipt}/withdraw")
    assert (response.status_code, response.location) == (303, receipt)
    page = french.get(receipt).text
    assert 'id="cancellation-status" data-status="withdrawn"' in page
    assert f"{receipt}/withdraw" not in page


def test_withdrawal_from_a_panel_shows_the_receipt_in_it(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    response = post_fragment(french, f"{receipt}/withdraw")
    assert response.status_code == 200
    assert 'id="cancellation-status" data-status="withdrawn"' in response.text
    assert '<hx-partial data-hx-target="#alerts"' in response.text
    assert response.headers["HX-Push-Url"] == receipt


def test_withdrawing_twice_is_not_an_error(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    assert [post(french, f"{receipt}/withdraw").status_code for _ in range(2)] == [303, 303]


def test_request_that_ended_the_service_cannot_be_withdrawn(french: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"), "now")
    for send in (post, post_fragment):
        response = send(french, f"{receipt}/withdraw")
        assert (response.status_code, refusal_in(response.text)) == (409, "too_late")
        assert 'id="cancellation-status" data-status="done"' in response.text


# --- strangers ---


@pytest.mark.parametrize("path", ["/cancellation", "/cancellation/review?when=now"])
def test_service_of_another_client_is_not_found(french: Browser, address: Address, path: str) -> None:
    path = address("hosting", "en") + path
    assert [french.get(path).status_code, french.fragment(path).status_code] == [404, 404]


def test_service_of_another_client_cannot_be_cancelled(french: Browser, address: Address) -> None:
    before = count_requests()
    path = f"{address('hosting', 'en')}/cancellation"
    for send in (post, post_fragment):
        assert send(french, path, when="now", key=KEY).status_code == 404
    assert count_requests() == before


def test_request_of_another_client_is_not_found(french: Browser, english: Browser, address: Address) -> None:
    receipt = request_cancellation(french, address("hosting"))
    assert [english.get(receipt).status_code, english.fragment(receipt).status_code] == [404, 404]
    assert [send(english, f"{receipt}/withdraw").status_code for send in (post, post_fragment)] == [404, 404]
    assert 'data-status="open"' in french.get(receipt).text


@pytest.mark.parametrize("path", ["/cancellation", "/cancellation/review?when=now"])
def test_signed_out_visitor_must_sign_in(client: Browser, address: Address, path: str) -> None:
    path = address("hosting") + path
    page, fragment = client.get(path), client.fragment(path)
    assert (page.status_code, page.location.partition("?")[0]) == (303, "/login")
    assert (fragment.status_code, fragment.text) == (401, "")
    assert fragment.headers["HX-Redirect"] == f"{page.location}&reason=expired"


def test_signed_out_visitor_neither_requests_nor_withdraws(client: Browser, french: Browser, address: Address) -> None:
    receipt, before = request_cancellation(french, address("hosting")), count_requests()
    for path in (f"{address('yearly')}/cancellation", receipt, f"{receipt}/withdraw"):
        assert client.send(path, when="now", key=KEY).status_code in {303, 405}
    assert client.get(receipt).status_code == 303
    assert count_requests() == before
    assert 'data-status="open"' in french.get(receipt).text


def test_receipt_runs_six_statements(french: Browser, address: Address, statements: Statements) -> None:
    receipt = request_cancellation(french, address("hosting"))
    french.get(receipt)
    with statements() as executed:
        french.get(receipt)
    assert len(executed) <= 6, "\n\n".join(executed)
