"""A confirmation is valid for the quoted figures and for one form; any other is refused and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from kajoom.domain.decision import When
from kajoom.domain.order import OrderStatus
from kajoom.domain.quote import Quote
from kajoom.domain.refusal import BusinessError, Refusal
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.orders.close import cancel_order
from tests import factories
from tests.factories import ANNUALLY, AT, MONTHLY, ON
from tests.operations.ledger_checks import nothing_written
from tests.operations.orders.order_setup import place_upgrade


def raise_price(_row: Service) -> None:
    plan = factories.plan_row("b")
    next(price for price in plan.prices if price.cycle is MONTHLY).cents += 1
    factories.reload_catalogue()


def lower_recurring_amount(row: Service) -> None:
    row.recurring_cents -= 2
    db.session.commit()


def add_credit(row: Service) -> None:
    factories.credit(row.client, 1)


def change_province(row: Service) -> None:
    row.client.province = "ON"
    db.session.commit()


@pytest.mark.parametrize("change", [raise_price, lower_recurring_amount, add_credit, change_province])
def test_changed_figures_are_refused_with_the_new_quote(change: Callable[[Service], None]) -> None:
    row = factories.service()
    quote = factories.price(row, "b")
    change(row)

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "b", digest=quote.digest)
    new_quote = error.value.details["quote"]

    assert error.value.code is Refusal.QUOTE_CHANGED
    assert isinstance(new_quote, Quote)
    assert new_quote.due_today != quote.due_today
    assert factories.confirm(row, "b", digest=new_quote.digest).due_today == new_quote.due_today


def test_quote_of_the_day_before_is_refused() -> None:
    row = factories.service()
    yesterdays_quote = factories.price(row, "b", on=ON - timedelta(days=1))

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "b", digest=yesterdays_quote.digest)

    assert error.value.code is Refusal.QUOTE_CHANGED


@pytest.mark.parametrize("digest", ["", "0-" + "0" * 32, "not a digest"])
def test_forged_digest_is_refused(digest: str) -> None:
    row = factories.service()

    with nothing_written(), pytest.raises(BusinessError) as error:
        place_upgrade(row.client_id, row.id, digest)

    assert error.value.code is Refusal.QUOTE_CHANGED


def test_service_of_another_client_is_not_found() -> None:
    row, stranger = factories.service(), factories.client()

    with nothing_written(), pytest.raises(LookupError):
        place_upgrade(stranger.id, row.id, "any digest")


def test_form_sent_twice_makes_one_order() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest

    first = factories.confirm(row, "b", digest=digest, key="form")
    with nothing_written():
        again = factories.confirm(row, "b", digest=digest, key="form")

    assert again.reference == first.reference


def test_form_sent_after_its_order_ended_returns_that_order() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest
    first = factories.confirm(row, "b", digest=digest, key="form")
    cancel_order(row.client_id, first.reference, ON, AT)

    assert factories.confirm(row, "b", digest=digest, key="form").status is OrderStatus.CANCELLED


def test_key_of_another_choice_service_or_client_is_refused() -> None:
    row = factories.service()
    sibling, stranger = factories.service(row.client), factories.service()
    digest = factories.price(row, "base").digest
    digest_for_now = factories.price(row, "base", when=When.NOW).digest
    factories.confirm(row, "base", digest=digest, key="form")

    others = [
        (row, "b", MONTHLY, None, digest),
        (row, "base", ANNUALLY, None, digest),
        (row, "base", MONTHLY, When.NOW, digest_for_now),
        (sibling, "base", MONTHLY, None, digest),
        (stranger, "base", MONTHLY, None, digest),
    ]
    for service, plan, cycle, when, other_digest in others:
        with nothing_written(), pytest.raises(BusinessError) as error:
            factories.confirm(service, plan, cycle, when, digest=other_digest, key="form")
        assert error.value.code is Refusal.KEY_REUSED
