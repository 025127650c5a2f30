"""A service that has ended: it offers no change and no cancellation, on its page and at their addresses."""

from __future__ import annotations

import pytest

from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.service import Service, service_by_external_id
from kajoom.operations.billing.renewals import issue_renewal
from kajoom.operations.orders.end_service import end_service_as_staff
from tests.conftest import Browser
from tests.web.conftest import NOON, Address
from tests.web.pages import hidden_fields, post, post_fragment, refusal_in

TODAY = NOON.date()


def service(state: str = "hosting") -> Service:
    row = service_by_external_id(f"demo-fr-{state}")
    assert row is not None
    return row


def end(state: str = "hosting") -> None:
    end_service_as_staff(service(state).external_id, "Essai.", "staff:anna", TODAY, NOON)


@pytest.mark.parametrize("status", [ServiceStatus.TERMINATED, ServiceStatus.CANCELLED])
def test_page_offers_neither_a_change_nor_a_cancellation(
    french: Browser, address: Address, status: ServiceStatus
) -> None:
    assert 'id="upgrade"' in french.get(address("hosting")).text
    service().status = status
    db.session.commit()
    page = french.get(address("hosting")).text

    assert 'id="upgrade"' not in page
    assert "/plan" not in page
    assert "/cancellation" not in page
    assert "Ce service a pris fin." in page


@pytest.mark.parametrize(
    ("path", "review"), [("plan", "plan/review?plan=b&cycle=monthly"), ("cancellation", "cancellation/review?when=now")]
)
def test_its_addresses_say_that_it_is_not_active(french: Browser, address: Address, path: str, review: str) -> None:
    form = hidden_fields(french.get(f"{address('hosting')}/{review}").text, "review")
    end()

    response = french.get(f"{address('hosting')}/{path}")
    assert (response.status_code, refusal_in(response.text)) == (200, "not_active")
    assert "Ce service a pris fin." in response.text.partition('id="blocked"')[2]
    response = post(french, f"{address('hosting')}/{path}", **form)
    assert (response.status_code, refusal_in(response.text)) == (409, "not_active")


def test_its_open_renewal_cannot_be_paid(french: Browser, address: Address) -> None:
    row = service()
    invoice = issue_renewal(row.id, TODAY, NOON)
    assert invoice is not None
    number = invoice.number
    assert f'action="/invoices/{number}/payment"' in french.get(f"/invoices/{number}").text
    end()

    assert f'action="/invoices/{number}/payment"' not in french.get(f"/invoices/{number}").text
    assert post(french, f"/invoices/{number}/payment", method="demonstration").status_code == 409


def test_its_closed_change_says_why(french: Browser, address: Address) -> None:
    end("waiting-person")
    page = french.get(address("waiting-person")).text
    order = page.partition('href="/orders/')[2].partition('"')[0]

    assert "Le service a pris fin." in french.get(f"/orders/{order}").text


def test_review_says_what_the_group_deletes_and_what_becomes_credit(french: Browser, address: Address) -> None:
    hosting = french.get(f"{address('hosting')}/cancellation/review?when=now").text
    domain = french.get(f"{address('no-change')}/cancellation/review?when=now").text

    assert "supprimés 30 jours plus tard" in hosting
    assert "Rien n’est supprimé" in domain
    assert "30 jours" not in domain
    assert "courriels et bases de données" not in domain


def test_ending_it_now_takes_its_offers_off_the_page_that_is_open(french: Browser, address: Address) -> None:
    form = hidden_fields(french.get(f"{address('hosting')}/cancellation/review?when=now").text, "review")
    fragment = post_fragment(french, f"{address('hosting')}/cancellation", **form).text
    assert 'data-hx-target="#overview"' in fragment
    assert 'id="upgrade"' not in fragment
    assert f"{address('hosting')}/cancellation" not in fragment
    assert "Ce service a pris fin." in fragment
