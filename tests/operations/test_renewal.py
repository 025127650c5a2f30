"""The invoice of the next period is issued once, at the amount agreed, and being paid it moves the due date."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.cycle import BillingCycle
from kajoom.domain.decision import When
from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.service import ServiceStatus
from kajoom.gateways.null import NullProvider
from kajoom.gateways.ports import PanelAnswer, PanelStatus
from kajoom.models.invoice import Invoice
from kajoom.models.service import Service
from kajoom.operations.cancellation import request_cancellation, withdraw_cancellation
from kajoom.operations.payment import pay
from kajoom.operations.provisioning import record, start_due_order
from kajoom.operations.renewal import issue_renewal
from tests.operations import cast
from tests.operations.cast import ANNUALLY, AT, DUE, MONTHLY, ON
from tests.operations.ledger import nothing_written


def renewed(row: Service) -> Invoice:
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None
    return invoice


def paid(invoice: Invoice) -> None:
    pay(invoice.id, {"null": NullProvider()}, "null", AT)


def test_a_renewal_bills_the_amount_agreed_whatever_the_price_list_says() -> None:
    row = cast.service(recurring_cents=12_345)

    invoice = renewed(row)

    assert (invoice.subtotal_cents, invoice.total) == (12_345, Money(14_193))  # GST 6.17, QST 12.31
    assert [tax["cents"] for tax in invoice.taxes] == [617, 1_231]
    assert (invoice.due_on, invoice.period_start, invoice.period_end) == (DUE, DUE, date(2026, 8, 1))
    assert invoice.order_id is None


def test_a_period_is_billed_once() -> None:
    row = cast.service()
    service_id = row.id
    renewed(row)

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None


def test_a_renewal_paid_moves_the_due_date_by_one_cycle_from_the_anchor_day() -> None:
    row = cast.service(next_due_date=date(2027, 1, 31), anchor_day=31)

    dates = []
    for _ in range(3):
        paid(renewed(row))
        dates.append(row.next_due_date)

    assert dates == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_a_renewal_pays_for_the_period_it_names_even_if_the_cycle_changed_meanwhile() -> None:
    row = cast.service()
    order = cast.confirm(row, "a", ANNUALLY, when=When.RENEWAL)
    invoice = renewed(row)
    start_due_order(order.id, DUE, AT)
    record(order.id, PanelAnswer(PanelStatus.DONE), AT)
    assert row.cycle is ANNUALLY

    paid(invoice)

    assert row.next_due_date == invoice.period_end


@pytest.mark.parametrize(
    "facts",
    [
        {"recurring_cents": 0},
        {"cycle": BillingCycle.FREE, "recurring_cents": 0, "next_due_date": None},
        {"cycle": BillingCycle.ONE_TIME, "next_due_date": None},
        {"status": ServiceStatus.CANCELLED},
        {"status": ServiceStatus.TERMINATED},
        {"status": ServiceStatus.PENDING},
    ],
)
def test_what_has_nothing_to_renew_is_not_billed(facts: dict[str, Any]) -> None:
    service_id = cast.service(**facts).id

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None


def test_a_suspended_service_is_still_billed() -> None:
    assert renewed(cast.service(status=ServiceStatus.SUSPENDED)).status is InvoiceStatus.OPEN


def test_a_renewal_is_taxed_by_the_rates_of_its_own_day() -> None:
    row = cast.service(cast.client(province="NS"), next_due_date=date(2025, 4, 1))

    assert [(tax["name"], tax["percent"]) for tax in renewed(row).taxes] == [("HST", "14")]


def test_after_a_change_there_is_one_amount_and_one_line_at_the_renewal() -> None:
    row = cast.service()
    cast.credit(row.client, 100_000)
    record(cast.confirm(row, "b").id, PanelAnswer(PanelStatus.DONE), AT)

    [line] = renewed(row).lines

    assert (line["code"], line["cents"]) == ("renewal", 22_500)
    assert (row.cycle, row.recurring_cents) == (MONTHLY, 22_500)


def test_a_service_whose_end_is_requested_is_not_billed_beyond_it_unless_the_request_is_taken_back() -> None:
    row = cast.service()
    service_id, when = row.id, CancellationWhen.PERIOD_END
    sent = request_cancellation(row.client_id, row.id, when, reason="", key="k", locale="fr", on=ON, at=AT)
    client_id, reference = row.client_id, sent.reference

    with nothing_written():
        assert issue_renewal(service_id, ON, AT) is None
    withdraw_cancellation(client_id, reference, AT)

    assert renewed(row).due_on == DUE
