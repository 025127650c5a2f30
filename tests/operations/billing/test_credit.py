"""Account credit granted and corrected by staff: kept by currency, and never below zero."""

from __future__ import annotations

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.credit import balance_of
from kajoom.operations.billing.credit import grant_credit
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import movements_of, nothing_written


def test_granted_credit_is_recorded_with_the_note_of_staff() -> None:
    client = factories.client()

    assert grant_credit(client.email, "20.00", "Panne du 3 juin", AT) == Money(20_00)

    (entry,) = movements_of(client.id)
    assert (entry.amount, entry.reason, entry.note) == (Money(20_00), CreditReason.GRANTED, "Panne du 3 juin")


def test_credit_can_be_corrected_down_to_zero_and_not_below() -> None:
    client = factories.client()
    grant_credit(client.email, "20.00", "Panne", AT)
    with nothing_written(), pytest.raises(BusinessError) as error:
        grant_credit(client.email, "-20.01", "Erreur", AT)
    assert (error.value.code, error.value.details["balance"]) == (StaffRefusal.BALANCE_TOO_LOW, Money(20_00))

    assert grant_credit(client.email, "-20.00", "Erreur", AT) == Money(0)
    assert movements_of(client.id)[0].reason is CreditReason.CORRECTED


def test_each_currency_has_its_own_balance() -> None:
    client = factories.client()
    grant_credit(client.email, "20.00", "Panne", AT)
    grant_credit(client.email, "5.00", "Outage", AT, "USD")
    assert (balance_of(client.id, "CAD"), balance_of(client.id, "USD")) == (Money(20_00), Money(5_00, "USD"))


@pytest.mark.parametrize("amount", ["0", "twenty", "1.005", ""])
def test_invalid_amount_is_refused(amount: str) -> None:
    client = factories.client()
    with nothing_written(), pytest.raises(BusinessError) as error:
        grant_credit(client.email, amount, "x", AT)
    assert error.value.code is StaffRefusal.NOT_AN_AMOUNT


def test_unknown_client_is_refused() -> None:
    with nothing_written(), pytest.raises(BusinessError) as error:
        grant_credit("nobody@example.com", "1.00", "x", AT)
    assert error.value.code is StaffRefusal.NO_CLIENT
