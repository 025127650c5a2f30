"""The daily reconciliation: differences with the provider are found both ways and kept until they are explained."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import pytest

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import Capture, ChargeRequest, ProviderResult, ProviderUnavailable
from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.payment import Payment
from kajoom.models.reconciliation import Difference, open_differences
from kajoom.operations.payments.reconciliation import explain, reconcile
from tests.factories import AT, ON
from tests.operations.ledger_checks import nothing_written, rows
from tests.operations.pending_payments import (
    LATER,
    NoTransactionProvider,
    last_attempt,
    pay_with,
    settle_as_worker,
    unpaid_order,
)

D = DifferenceKind


class ReportingProvider(NoTransactionProvider):
    """A provider that captures at ``AT`` and reports its captures outside any database transaction."""

    def __init__(self, *results: ProviderResult) -> None:
        super().__init__(*results, at=AT)
        self.is_unavailable = False
        self.asked: list[date] = []

    def captures(self, day: date) -> Iterable[Capture]:
        assert not db.session().in_transaction()
        if self.is_unavailable:
            raise ProviderUnavailable
        self.asked.append(day)
        return super().captures(day)


def open_differences_after(
    provider: ReportingProvider, day: date = ON, at: datetime = LATER
) -> list[tuple[DifferenceKind, Money | None, Money | None]]:
    """Reconcile a day; the open differences after it."""
    reconcile({"fake": provider}, day, max(at, datetime.combine(day, time(), UTC)))
    return [(each.kind, each.taken, each.recorded) for each in open_differences()]


def test_day_without_differences_stores_nothing() -> None:
    provider = ReportingProvider()
    pay_with(unpaid_order()[1], provider)
    assert open_differences_after(provider) == []
    assert rows(Difference) == []


def test_captured_but_unrecorded_payment_is_a_difference_until_it_is_settled() -> None:
    provider, (_, invoice) = ReportingProvider(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, provider)

    assert open_differences_after(provider) == [(D.NOT_IN_LEDGER, Money(43_12), None)]
    (difference,) = rows(Difference)
    assert (difference.invoice, difference.day) == (invoice.number, ON)
    alerts = [message.ids["about"] for message in rows(Message) if message.ids.get("alert") == "difference"]
    assert alerts == ["fake"]

    settle_as_worker(invoice, provider)
    assert open_differences_after(provider, ON + timedelta(days=1)) == []
    assert rows(Difference)[0].resolved_at is not None


def test_recorded_payment_that_the_provider_does_not_have_is_a_difference() -> None:
    provider, (_, invoice) = ReportingProvider(), unpaid_order()
    pay_with(invoice, provider)
    provider.ledger.clear()
    assert open_differences_after(provider) == [(D.NOT_AT_PROVIDER, None, Money(43_12))]


def test_two_amounts_for_one_reference_are_a_difference() -> None:
    provider, (_, invoice) = ReportingProvider(), unpaid_order()
    pay_with(invoice, provider)
    charge, result = provider.ledger[last_attempt(invoice).key]
    db.session.query(Payment).one().cents = 43_11
    db.session.commit()
    assert (charge.amount, result.status) == (Money(43_12), AttemptStatus.CAPTURED)
    assert open_differences_after(provider) == [(D.OTHER_AMOUNT, Money(43_12), Money(43_11))]


def test_payment_recorded_on_the_next_day_is_no_difference() -> None:
    provider, (_, invoice) = ReportingProvider(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, provider)
    settle_as_worker(invoice, provider)
    db.session.query(Payment).one().received_at = AT + timedelta(days=1)
    db.session.commit()
    assert open_differences_after(provider, ON + timedelta(days=1)) == []
    assert open_differences_after(provider) == []


def test_day_compared_twice_stores_a_difference_once() -> None:
    provider, (_, invoice) = ReportingProvider(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, provider)
    open_differences_after(provider)
    with nothing_written():
        reconcile({"fake": provider}, ON, LATER)


def test_explained_difference_stays_resolved() -> None:
    provider, (_, invoice) = ReportingProvider(), unpaid_order()
    pay_with(invoice, provider)
    provider.ledger.clear()
    open_differences_after(provider)
    (difference,) = rows(Difference)

    assert explain(difference.reference, "a test of the sandbox", "staff:lea", LATER) == 1

    assert open_differences_after(provider) == []
    assert difference.note == "staff:lea: a test of the sandbox"


def test_difference_that_disappears_and_comes_back_is_open_again() -> None:
    provider, (_, invoice) = ReportingProvider(), unpaid_order()
    pay_with(invoice, provider)
    ledger = dict(provider.ledger)
    provider.ledger.clear()
    open_differences_after(provider)
    provider.ledger.update(ledger)
    assert open_differences_after(provider) == []
    provider.ledger.clear()
    assert open_differences_after(provider) == [(D.NOT_AT_PROVIDER, None, Money(43_12))]


def test_unavailable_provider_is_named_and_nothing_is_stored() -> None:
    provider = ReportingProvider()
    pay_with(unpaid_order()[1], provider)
    provider.ledger.clear()
    provider.is_unavailable = True
    with nothing_written():
        assert reconcile({"fake": provider, "other": ReportingProvider()}, ON, LATER) == ["fake"]


def test_reference_without_an_open_difference_cannot_be_explained() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        explain("nothing", "x", "staff:lea", LATER)
    assert raised.value.code is StaffRefusal.NO_DIFFERENCE


class ReviewingProvider(ReportingProvider):
    """A provider that holds captures for review: they are pending until they are in ``completed``."""

    def __init__(self) -> None:
        super().__init__(ProviderResult(AttemptStatus.PENDING, "ref"))
        self.completed: set[str] = set()

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        is_completed = charge.key in self.completed
        return super().look_up(charge) if is_completed else ProviderResult(AttemptStatus.PENDING, "ref")

    def complete(self, key: str) -> None:
        """The review ends well: the report shows the money on the day of the capture."""
        self.completed.add(key)
        charge = self.ledger[key][0]
        self.ledger[key] = charge, ProviderResult(AttemptStatus.CAPTURED, "ref", f"fake-{key}")


def test_capture_completed_on_the_fifth_day_is_found_by_the_report() -> None:
    provider, (_, invoice) = ReviewingProvider(), unpaid_order()
    pay_with(invoice, provider)
    key = last_attempt(invoice).key
    for days in range(1, 5):
        assert open_differences_after(provider, ON + timedelta(days=days), AT + timedelta(days=days + 1)) == []
    provider.complete(key)

    found = open_differences_after(provider, ON + timedelta(days=5), AT + timedelta(days=6))

    assert found == [(D.NOT_IN_LEDGER, Money(43_12), None)]
    message = message_by_key(f"settle-{key}-fake-{key}")
    assert message is not None
    assert message.run_at == AT + timedelta(days=6)
    assert settle_as_worker(invoice, provider)
    assert open_differences_after(provider, ON + timedelta(days=6), AT + timedelta(days=7)) == []
    assert invoice.status is InvoiceStatus.PAID


def test_day_of_a_settled_attempt_is_not_asked_for_again() -> None:
    provider, (_, invoice) = ReportingProvider(), unpaid_order()
    pay_with(invoice, provider)
    open_differences_after(provider, ON + timedelta(days=9), AT + timedelta(days=10))
    assert provider.asked == [ON + timedelta(days=day) for day in (8, 9, 10)]


def test_day_that_has_not_begun_is_not_asked_for() -> None:
    provider = ReportingProvider()
    pay_with(unpaid_order()[1], provider)
    assert open_differences_after(provider, ON) == []
    assert provider.asked == [ON - timedelta(days=1), ON]
    with nothing_written(), pytest.raises(BusinessError) as raised:
        reconcile({"fake": provider}, ON + timedelta(days=1), LATER)
    assert raised.value.code is StaffRefusal.NOT_YET


@pytest.mark.parametrize("seconds_before_midnight", [1, 59])
def test_request_just_before_midnight_is_looked_for_on_the_next_day_too(seconds_before_midnight: int) -> None:
    provider, (_, invoice) = ReviewingProvider(), unpaid_order()
    midnight = datetime.combine(ON + timedelta(days=1), time(), UTC)
    pay_with(invoice, provider, midnight - timedelta(seconds=seconds_before_midnight))
    open_differences_after(provider, ON + timedelta(days=9), AT + timedelta(days=10))
    assert provider.asked == [ON + timedelta(days=day) for day in (-1, 0, 1, 2, 8, 9, 10)]
