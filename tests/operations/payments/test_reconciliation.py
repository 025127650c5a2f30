"""The provider's account of a day and ours are compared both ways, and what differs is kept until it is explained."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.gateways.ports import Capture, ProviderResult, ProviderUnavailable
from kajoom.models.db import db
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


class Till(NoTransactionProvider):
    """A provider that captures on the day of these tests, and can be asked while nothing is open in the database."""

    def __init__(self, *results: ProviderResult) -> None:
        super().__init__(*results, at=AT)
        self.is_silent = False

    def captures(self, day: date) -> Iterable[Capture]:
        assert not db.session().in_transaction()
        if self.is_silent:
            raise ProviderUnavailable
        return super().captures(day)


def compared(till: Till, day: date = ON) -> list[tuple[DifferenceKind, Money | None, Money | None]]:
    """What stands open once a day has been compared."""
    reconcile({"fake": till}, day, LATER)
    return [(each.kind, each.taken, each.recorded) for each in open_differences()]


def test_a_day_on_which_all_agrees_leaves_no_row() -> None:
    till = Till()
    pay_with(unpaid_order()[1], till)
    assert compared(till) == []
    assert rows(Difference) == []


def test_money_taken_and_never_recorded_is_found_and_goes_once_it_is_settled() -> None:
    till, (_, invoice) = Till(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, till)

    assert compared(till) == [(D.NOT_IN_LEDGER, Money(43_12), None)]
    (difference,) = rows(Difference)
    assert (difference.invoice, difference.day) == (invoice.number, ON)

    settle_as_worker(invoice, till)
    assert compared(till, ON + timedelta(days=1)) == []
    assert rows(Difference)[0].resolved_at == LATER


def test_money_recorded_that_the_provider_does_not_know_is_found() -> None:
    till, (_, invoice) = Till(), unpaid_order()
    pay_with(invoice, till)
    till.ledger.clear()
    assert compared(till) == [(D.NOT_AT_PROVIDER, None, Money(43_12))]


def test_two_amounts_for_one_reference_are_found() -> None:
    till, (_, invoice) = Till(), unpaid_order()
    pay_with(invoice, till)
    charge, result = till.ledger[last_attempt(invoice).key]
    db.session.query(Payment).one().cents = 43_11
    db.session.commit()
    assert (charge.amount, result.status) == (Money(43_12), AttemptStatus.CAPTURED)
    assert compared(till) == [(D.OTHER_AMOUNT, Money(43_12), Money(43_11))]


def test_an_answer_heard_on_the_next_day_is_no_difference() -> None:
    till, (_, invoice) = Till(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, till)
    settle_as_worker(invoice, till)
    db.session.query(Payment).one().received_at = AT + timedelta(days=1)
    db.session.commit()
    assert compared(till, ON + timedelta(days=1)) == []
    assert compared(till) == []


def test_a_day_compared_twice_keeps_one_row() -> None:
    till, (_, invoice) = Till(ProviderResult(AttemptStatus.UNKNOWN)), unpaid_order()
    pay_with(invoice, till)
    compared(till)
    with nothing_written():
        reconcile({"fake": till}, ON, LATER)


def test_what_staff_explained_stays_explained() -> None:
    till, (_, invoice) = Till(), unpaid_order()
    pay_with(invoice, till)
    till.ledger.clear()
    compared(till)
    (difference,) = rows(Difference)

    assert explain(difference.reference, "a test of the sandbox", "staff:lea", LATER) == 1

    assert compared(till) == []
    assert difference.note == "staff:lea: a test of the sandbox"


def test_what_goes_by_itself_and_comes_back_is_open_again() -> None:
    till, (_, invoice) = Till(), unpaid_order()
    pay_with(invoice, till)
    kept = dict(till.ledger)
    till.ledger.clear()
    compared(till)
    till.ledger.update(kept)
    assert compared(till) == []
    till.ledger.clear()
    assert compared(till) == [(D.NOT_AT_PROVIDER, None, Money(43_12))]


def test_a_provider_that_does_not_answer_is_named_and_nothing_is_concluded() -> None:
    till = Till()
    pay_with(unpaid_order()[1], till)
    till.ledger.clear()
    till.is_silent = True
    with nothing_written():
        assert reconcile({"fake": till, "other": Till()}, ON, LATER) == ["fake"]


def test_a_reference_that_is_not_open_cannot_be_explained() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        explain("nothing", "x", "staff:lea", LATER)
    assert raised.value.code is StaffRefusal.NO_DIFFERENCE
