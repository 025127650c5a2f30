"""A confirmation holds for the figures that were seen and for one form; for any others nothing is written."""

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
from kajoom.operations.orders.place import Confirmation, place_order
from kajoom.operations.orders.quotes import Choice
from tests import factories
from tests.factories import ANNUALLY, AT, MONTHLY, ON
from tests.operations.ledger_checks import nothing_written


def dearer(_row: Service) -> None:
    plan = factories.plan_row("b")
    next(price for price in plan.prices if price.cycle is MONTHLY).cents += 1
    factories.reload_catalogue()


def otherwise_billed(row: Service) -> None:
    row.recurring_cents -= 2
    db.session.commit()


def credited(row: Service) -> None:
    factories.credit(row.client, 1)


def moved(row: Service) -> None:
    row.client.province = "ON"
    db.session.commit()


@pytest.mark.parametrize("change", [dearer, otherwise_billed, credited, moved])
def test_a_cent_of_difference_writes_nothing_and_shows_the_new_price(change: Callable[[Service], None]) -> None:
    row = factories.service()
    seen = factories.price(row, "b")
    change(row)

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "b", digest=seen.digest)
    fresh = error.value.details["quote"]

    assert error.value.code is Refusal.QUOTE_CHANGED
    assert isinstance(fresh, Quote)
    assert fresh.due_today != seen.due_today
    assert factories.confirm(row, "b", digest=fresh.digest).due_today == fresh.due_today


def test_the_price_seen_yesterday_is_not_that_of_today() -> None:
    row = factories.service()
    seen = factories.price(row, "b", on=ON - timedelta(days=1))

    with nothing_written(), pytest.raises(BusinessError) as error:
        factories.confirm(row, "b", digest=seen.digest)

    assert error.value.code is Refusal.QUOTE_CHANGED


@pytest.mark.parametrize("digest", ["", "0-" + "0" * 32, "not a digest"])
def test_a_forged_digest_writes_nothing(digest: str) -> None:
    row = factories.service()

    with nothing_written(), pytest.raises(BusinessError) as error:
        place_order(
            row.client_id,
            row.id,
            Choice("b", MONTHLY),
            Confirmation(digest, "k"),
            locale="fr",
            on=ON,
            at=AT,
            days_to_pay=7,
        )

    assert error.value.code is Refusal.QUOTE_CHANGED


def test_a_strangers_service_is_not_found_and_nothing_is_written() -> None:
    row, stranger = factories.service(), factories.client()

    with nothing_written(), pytest.raises(LookupError):
        place_order(
            stranger.id, row.id, Choice("b", MONTHLY), Confirmation("d", "k"), locale="fr", on=ON, at=AT, days_to_pay=7
        )


def test_the_same_form_sent_twice_is_one_order() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest

    first = factories.confirm(row, "b", digest=digest, key="form")
    with nothing_written():
        again = factories.confirm(row, "b", digest=digest, key="form")

    assert again.reference == first.reference


def test_the_same_form_sent_after_its_order_ended_still_finds_it() -> None:
    row = factories.service()
    digest = factories.price(row, "b").digest
    first = factories.confirm(row, "b", digest=digest, key="form")
    cancel_order(row.client_id, first.reference, ON, AT)

    assert factories.confirm(row, "b", digest=digest, key="form").status is OrderStatus.CANCELLED


def test_a_key_is_for_one_choice_one_service_and_one_client() -> None:
    row = factories.service()
    sibling, stranger = factories.service(row.client), factories.service()
    digest = factories.price(row, "base").digest
    at_once = factories.price(row, "base", when=When.NOW).digest
    factories.confirm(row, "base", digest=digest, key="form")

    others = [
        (row, "b", MONTHLY, None, digest),
        (row, "base", ANNUALLY, None, digest),
        (row, "base", MONTHLY, When.NOW, at_once),
        (sibling, "base", MONTHLY, None, digest),
        (stranger, "base", MONTHLY, None, digest),
    ]
    for service, plan, cycle, when, seen in others:
        with nothing_written(), pytest.raises(BusinessError) as error:
            factories.confirm(service, plan, cycle, when, digest=seen, key="form")
        assert error.value.code is Refusal.KEY_REUSED
