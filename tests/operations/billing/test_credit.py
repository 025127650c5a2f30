"""Account credit granted and corrected by staff: kept by currency, and never below zero."""

from __future__ import annotations

import pytest

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.client import ERASED_DOMAIN
from kajoom.models.credit import balance_of
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.operations.billing.credit import grant_credit
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import movements_of, nothing_written, rows


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


@pytest.mark.parametrize("amount", ["20.00", "-5.00"])
def test_client_is_written_to(amount: str) -> None:
    client = factories.client()
    factories.credit(client, 1_000)
    grant_credit(client.email, amount, "Panne", AT)
    [message] = [each for each in rows(Message) if each.kind == "email"]
    entry = movements_of(client.id)[0]
    assert message.ids == {"email": "credit_granted", "client": client.id, "entry": entry.id}
    assert (message.client_id, message.run_at) == (client.id, AT)


def test_decision_from_outdated_figures_is_refused() -> None:
    client = factories.client()
    grant_credit(client.email, "20.00", "Panne", AT, seen=0)
    [entry] = movements_of(client.id)
    for seen in (0, entry.id + 1):
        with nothing_written(), pytest.raises(BusinessError) as error:
            grant_credit(client.email, "20.00", "Panne", AT, seen=seen)
        assert error.value.code is StaffRefusal.CHANGED_SINCE
    assert grant_credit(client.email, "5.00", "Panne", AT, seen=entry.id) == Money(25_00)


def test_erased_client_is_refused() -> None:
    client = factories.client()
    client.email = f"erased-1@{ERASED_DOMAIN}"
    db.session.commit()
    with nothing_written(), pytest.raises(BusinessError) as error:
        grant_credit(client.email, "1.00", "x", AT)
    assert error.value.code is StaffRefusal.NO_CLIENT


def test_unknown_client_is_refused() -> None:
    with nothing_written(), pytest.raises(BusinessError) as error:
        grant_credit("nobody@example.com", "1.00", "x", AT)
    assert error.value.code is StaffRefusal.NO_CLIENT
