"""PayPal refunds and PayPal's transaction report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.paypal import reports
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.paypal.reports import captures_in
from kajoom.gateways.ports import ProviderResult, ProviderUnavailable, Refund
from tests.gateways.test_paypal import CHARGE, approved_charge, captured_amounts, finish
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN


def frozen(moment: datetime) -> Callable[[], datetime]:
    """Return a clock that always returns ``moment``."""
    return lambda: moment


def test_partial_refund_sent_twice_is_made_once(paypal: PayPalProvider, fake: FakePayPal) -> None:
    capture = finish(paypal, approved_charge(paypal, fake)).reference
    refund = Refund(key="r1", reference=capture, amount=Money(1000), invoice="2026-000001")
    fake.faults.plan(Fault.CUT_AFTER, "/refund")

    assert paypal.refund(refund).status is UNKNOWN
    result = paypal.refund(refund)

    assert (result.status, result.reference) == (CAPTURED, next(iter(fake.ledger.refunds)))
    assert captured_amounts(fake) == {CHARGE.key: Decimal("31.72")}


def test_refund_over_the_captured_amount_is_refused(paypal: PayPalProvider, fake: FakePayPal) -> None:
    capture = finish(paypal, approved_charge(paypal, fake)).reference
    result = paypal.refund(Refund(key="r1", reference=capture, amount=Money(4173), invoice="2026-000001"))
    assert result == ProviderResult(REFUSED, reason="REFUND_AMOUNT_EXCEEDED")


def test_report_of_a_day_has_the_captures_of_that_day_in_utc(
    paypal: PayPalProvider, fake: FakePayPal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_PAGE_SIZE", 2)
    days = [datetime(2026, 6, 15, 23, 59, 59, tzinfo=UTC), *[datetime(2026, 6, 16, tzinfo=UTC)] * 3]
    days += [datetime(2026, 6, 16, 23, 59, 59, tzinfo=UTC), datetime(2026, 6, 17, tzinfo=UTC)]
    references = []
    for number, moment in enumerate(days):
        fake.ledger.now = frozen(moment)
        references.append(finish(paypal, approved_charge(paypal, fake, replace(CHARGE, key=f"{number:08d}"))).reference)
    fake.ledger.now = frozen(days[1] + timedelta(hours=1))
    paypal.refund(Refund(key="r1", reference=references[1], amount=Money(4172), invoice="2026-000001"))

    report = list(paypal.captures(date(2026, 6, 16)))

    assert [each.reference for each in report] == references[1:5]
    assert {(each.invoice, each.amount) for each in report} == {("2026-000001", Money(4172))}
    assert [each.key for each in report] == [f"{number:08d}" for number in range(1, 5)]
    assert [each.at for each in report] == days[1:5]


def test_unavailable_report_is_an_error(paypal: PayPalProvider, fake: FakePayPal) -> None:
    fake.faults.plan(Fault.ERROR_BEFORE, "reporting")
    with pytest.raises(ProviderUnavailable):
        list(paypal.captures(date(2026, 6, 16)))


@pytest.mark.parametrize(
    ("code", "status", "value", "is_reported"),
    [
        ("T0006", "S", "41.72", True),
        ("T0006", "F", "41.72", True),
        ("T0006", "V", "41.72", True),
        ("T0006", "P", "41.72", False),
        ("T0006", "D", "41.72", False),
        ("T0006", "S", "-41.72", False),
        ("T1201", "S", "41.72", False),
        ("T0006", "S", "much", False),
    ],
)
def test_only_settled_payments_are_reported(code: str, status: str, value: str, is_reported: bool) -> None:
    info = {
        "transaction_id": "T1",
        "transaction_event_code": code,
        "transaction_status": status,
        "transaction_amount": {"currency_code": "CAD", "value": value},
        "transaction_initiation_date": "2026-06-16T12:00:00Z",
    }
    assert bool(list(captures_in({"transaction_details": [{"transaction_info": info}]}))) is is_reported


def test_report_without_transactions_is_empty() -> None:
    assert list(captures_in({})) == []
