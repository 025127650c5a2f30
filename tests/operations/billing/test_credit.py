"""Account credit is a ledger that only grows: granted, used first, spent once, and never below zero."""

from __future__ import annotations

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.credit import balance_of, movements_of
from kajoom.operations.billing.credit import grant_credit
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written


def test_credit_granted_is_the_clients_with_what_staff_wrote() -> None:
    holder = factories.client()

    assert grant_credit(holder.email, "20.00", "Panne du 3 juin", AT) == Money(20_00)

    (entry,) = movements_of(holder.id)
    assert (entry.amount, entry.reason, entry.note) == (Money(20_00), CreditReason.GRANTED, "Panne du 3 juin")


def test_credit_may_be_taken_back_down_to_nothing_and_no_further() -> None:
    holder = factories.client()
    grant_credit(holder.email, "20.00", "Panne", AT)
    with nothing_written(), pytest.raises(BusinessError) as raised:
        grant_credit(holder.email, "-20.01", "Erreur", AT)
    assert (raised.value.code, raised.value.details["balance"]) == (StaffRefusal.BALANCE_TOO_LOW, Money(20_00))

    assert grant_credit(holder.email, "-20.00", "Erreur", AT) == Money(0)
    assert movements_of(holder.id)[0].reason is CreditReason.CORRECTED


def test_currencies_are_counted_apart() -> None:
    holder = factories.client()
    grant_credit(holder.email, "20.00", "Panne", AT)
    grant_credit(holder.email, "5.00", "Outage", AT, "USD")
    assert (balance_of(holder.id, "CAD"), balance_of(holder.id, "USD")) == (Money(20_00), Money(5_00, "USD"))


@pytest.mark.parametrize("amount", ["0", "twenty", "1.005", ""])
def test_what_is_no_amount_is_objected_to(amount: str) -> None:
    holder = factories.client()
    with nothing_written(), pytest.raises(BusinessError) as raised:
        grant_credit(holder.email, amount, "x", AT)
    assert raised.value.code is StaffRefusal.NOT_AN_AMOUNT


def test_a_client_who_is_not_there_is_said_so() -> None:
    with nothing_written(), pytest.raises(BusinessError) as raised:
        grant_credit("nobody@example.com", "1.00", "x", AT)
    assert raised.value.code is StaffRefusal.NO_CLIENT
