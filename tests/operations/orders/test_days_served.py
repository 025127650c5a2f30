"""An upgrade charged by the day that is in force later than it was priced: the days before are credited."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import ChargePolicy, When
from kajoom.domain.money import Money
from kajoom.domain.order import OrderStatus
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.catalog import ProductGroup
from kajoom.models.credit import balance_of
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.service import Service
from kajoom.operations.orders.place import place_order
from kajoom.operations.orders.placed import Confirmation
from kajoom.operations.orders.provisioning import mark_operational, mark_refused, record_panel_result
from kajoom.operations.orders.quotes import Choice
from kajoom.operations.payments.receipts import OfflinePayment, record_offline_payment
from tests import factories
from tests.factories import ANNUALLY, MONTHLY
from tests.operations.ledger_checks import movements_of, nothing_written, rows
from tests.operations.renewal_setup import DONE

PRICED_ON, DUE = date(2022, 10, 17), date(2022, 11, 1)
STAFF = "staff:lea"


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 16, tzinfo=UTC)


def october_service(plan: str = "a", **more: Any) -> Service:
    return factories.service(plan=plan, next_due_date=DUE, **more)


def paid_order(
    plan: str = "b", cycle: BillingCycle = MONTHLY, when: When | None = None, row: Service | None = None
) -> Order:
    """A change ordered on 17 October, paid at once by Interac if anything is due."""
    row = row or october_service()
    choice, digest = Choice(plan, cycle, when), factories.price(row, plan, cycle, when, PRICED_ON).digest
    order = place_order(
        row.client_id,
        row.id,
        choice,
        Confirmation(digest, f"key-{row.id}", acknowledged=True),
        locale="fr",
        on=PRICED_ON,
        at=noon(PRICED_ON),
        days_to_pay=14,
    ).order
    if order.due_today:
        receive(order, PRICED_ON)
    return order


def receive(order: Order, on: date) -> None:
    payment = OfflinePayment(str(order.due_today), on, noon(on), f"CA{order.id}", "interac")
    record_offline_payment(factories.invoice_for(order).number, payment, on, STAFF, noon(on))


def credited(order: Order, day: date) -> list[list[int]]:
    """Subtotal, GST, QST and total of the credit notes once the change is in force on a day."""
    record_panel_result(order.id, DONE, noon(day))
    assert order.status is OrderStatus.COMPLETED
    return [[note.subtotal_cents, *(tax["cents"] for tax in note.taxes), note.total_cents] for note in rows(CreditNote)]


@pytest.mark.parametrize(
    ("day", "amounts"),
    [
        (date(2022, 10, 17), []),
        (date(2022, 10, 18), [[-242, -12, -24, -278]]),
        (date(2022, 10, 24), [[-1_694, -85, -169, -1_948]]),  # 36.29 less 19.35, 8 of 31 days
        (date(2022, 10, 31), [[-3_387, -169, -338, -3_894]]),
        (date(2022, 11, 1), [[-3_629, -181, -362, -4_172]]),
        (date(2022, 12, 24), [[-3_629, -181, -362, -4_172]]),
    ],
)
def test_days_before_the_panel_reads_back_are_credited(day: date, amounts: list[list[int]]) -> None:
    order = paid_order()
    assert credited(order, day) == amounts
    entries = [entry for entry in movements_of(order.client_id) if entry.credit_note_id is not None]
    assert [entry.cents for entry in entries] == [-each[-1] for each in amounts]


def test_credit_note_names_the_days_and_the_change() -> None:
    order = paid_order()
    credited(order, date(2022, 10, 24))
    [note] = rows(CreditNote)
    params = note.lines[0]["params"]
    assert (note.reason, note.issued_on, note.lines[0]["code"]) == (
        "days_not_served",
        date(2022, 10, 24),
        "days_not_served",
    )
    assert (params["start"], params["last"], params["days"], params["of_days"]) == ("2022-10-17", "2022-10-23", 7, 31)


def test_second_panel_result_credits_nothing_more() -> None:
    order = paid_order()
    credited(order, date(2022, 10, 24))
    order_id = order.id
    with nothing_written():
        record_panel_result(order_id, DONE, noon(date(2022, 10, 31)))


def test_order_paid_by_account_credit_is_credited_too() -> None:
    row = october_service()
    factories.credit(row.client, 4_172)
    order = paid_order(row=row)
    assert credited(order, date(2022, 10, 24)) == [[-1_694, -85, -169, -1_948]]
    assert balance_of(order.client_id, "CAD") == Money(1_948)


def test_prices_changed_since_the_order_do_not_count() -> None:
    order = paid_order()
    order.service.recurring_cents = 1
    for price in factories.plan_row("b").prices:
        price.cents *= 2
    factories.reload_catalogue()
    assert credited(order, date(2022, 10, 24)) == [[-1_694, -85, -169, -1_948]]


def test_period_paid_ahead_is_credited_across_cycles() -> None:
    """Paid to 1 December: 15/31 + 1 cycle of 75.00 is 111.29; from 10 November 21/30 is 52.50."""
    row = factories.service(next_due_date=date(2022, 12, 1))
    order = paid_order(row=row)
    assert order.figures["subtotal"] == 11_129
    assert credited(order, date(2022, 11, 10))[0][0] == -(11_129 - 5_250)
    assert rows(CreditNote)[0].lines[0]["params"]["days"] is None


def test_upgrade_from_a_price_of_zero_with_a_due_date_is_credited() -> None:
    """225.00 x 15/31 is 108.87, x 8/31 is 58.06."""
    order = paid_order(row=october_service(recurring_cents=0))
    assert order.figures["subtotal"] == 10_887
    assert credited(order, date(2022, 10, 24))[0][0] == -(10_887 - 5_806)


def full_period() -> Order:
    db.session.query(ProductGroup).filter_by(code="hosting").one().charge = ChargePolicy.FULL_PERIOD
    factories.reload_catalogue()
    return paid_order()


@pytest.mark.parametrize(
    "change",
    [
        full_period,
        lambda: paid_order("b", ANNUALLY),
        lambda: paid_order("base", when=When.NOW),
        lambda: paid_order("b", row=factories.service(cycle=BillingCycle.FREE, recurring_cents=0, next_due_date=None)),
    ],
    ids=["full period", "longer cycle", "downgrade", "free"],
)
def test_other_changes_are_not_credited(change: object) -> None:
    order = change()  # type: ignore[operator]
    assert "prorated" not in order.figures
    assert credited(order, date(2022, 10, 24)) == []


def test_order_placed_before_its_price_was_frozen_is_not_credited() -> None:
    order = paid_order()
    order.figures = {name: value for name, value in order.figures.items() if name != "prorated"}
    db.session.commit()
    assert credited(order, date(2022, 10, 24)) == []


def mark(order: Order, day: date | None, today: date) -> None:
    mark_operational(order.reference, STAFF, today, noon(today), day)


def test_day_that_staff_give_decides() -> None:
    order = paid_order("c")
    mark(order, date(2022, 10, 24), today=date(2022, 10, 31))
    [note] = rows(CreditNote)
    # (350.00 - 150.00) x 15/31 is 96.77, x 8/31 is 51.61.
    assert (note.subtotal_cents, note.issued_on) == (-4_516, date(2022, 10, 31))


def test_today_is_the_day_that_staff_give_by_default() -> None:
    order = paid_order("c")
    mark(order, None, today=date(2022, 10, 24))
    assert rows(CreditNote)[0].subtotal_cents == -4_516


def refusal_of(order: Order, day: date, today: date) -> StrEnum:
    reference, at = order.reference, noon(today)
    with nothing_written(), pytest.raises(BusinessError) as raised:
        mark_operational(reference, STAFF, today, at, day)
    return raised.value.code


def test_day_in_the_future_or_before_the_order_or_its_payment_is_refused() -> None:
    row = october_service(payment_method="interac")
    choice, digest = Choice("c", MONTHLY), factories.price(row, "c", on=PRICED_ON).digest
    order = place_order(
        row.client_id, row.id, choice, Confirmation(digest, "key"), locale="fr", on=PRICED_ON, at=noon(PRICED_ON),
        days_to_pay=14,
    ).order  # fmt: skip
    receive(order, date(2022, 10, 20))
    today = date(2022, 10, 24)

    assert refusal_of(order, date(2022, 10, 25), today) is StaffRefusal.NOT_YET
    assert refusal_of(order, date(2022, 10, 16), today) is StaffRefusal.BEFORE_ORDER
    assert refusal_of(order, date(2022, 10, 19), today) is StaffRefusal.BEFORE_PAYMENT
    mark(order, date(2022, 10, 20), today)
    assert order.status is OrderStatus.COMPLETED


def test_change_refused_after_its_days_cannot_be_credited_twice() -> None:
    order = paid_order("c")
    mark_refused(order.reference, "full", STAFF, date(2022, 10, 24), noon(date(2022, 10, 24)))
    reference, at = order.reference, noon(date(2022, 10, 25))
    with nothing_written(), pytest.raises(BusinessError):
        mark_operational(reference, STAFF, date(2022, 10, 25), at)
    assert [note.total_cents for note in rows(CreditNote)] == [-order.total_cents]
