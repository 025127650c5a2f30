"""The contract of refunds and reports: every payment provider must pass these tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import Capture, ChargeRequest, PaymentProvider, ProviderResult, Refund
from tests.fake_gateways import FakeProvider

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN


class ProviderSetup(NamedTuple):
    """A provider, and a function that loses its next response, after the effect (``True``) or before it."""

    provider: PaymentProvider
    lose: Callable[[bool], None]


def demonstration_setup(folder: Path) -> ProviderSetup:
    store = DemoStore(folder / "demonstration.sqlite")

    def lose(after: bool) -> None:
        store.set_behaviour(DemoSystem.PAYMENT, Behaviour.LOSE_AFTER if after else Behaviour.LOSE_BEFORE, once=True)

    return ProviderSetup(DemoProvider(store, 0), lose)


def fake_setup(_folder: Path) -> ProviderSetup:
    provider = FakeProvider(at=datetime.now(UTC))

    def lose(after: bool) -> None:
        provider.results.append(ProviderResult(UNKNOWN))
        provider.takes_money = after

    return ProviderSetup(provider, lose)


@pytest.fixture(params=[demonstration_setup, fake_setup], ids=["demonstration", "fake"])
def setup(request: pytest.FixtureRequest, tmp_path: Path) -> ProviderSetup:
    make: Callable[[Path], ProviderSetup] = request.param
    return make(tmp_path)


def charge_of(cents: int = 4172, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="any", amount=Money(cents), invoice="2026-0001", locale="fr")


def captured(setup: ProviderSetup, cents: int = 4172) -> str:
    """Charge ``cents`` and return the reference of the payment."""
    return setup.provider.charge(charge_of(cents)).reference


def refund_of(reference: str, cents: int, key: str = "r1") -> Refund:
    return Refund(key=key, reference=reference, amount=Money(cents), invoice="2026-0001")


def recent_captures(setup: ProviderSetup) -> list[Capture]:
    """Return the captures of yesterday and today: a test may start before midnight and end after it."""
    today = datetime.now(UTC).date()
    return [each for day in (today - timedelta(days=1), today) for each in setup.provider.captures(day)]


def test_refund_has_a_reference(setup: ProviderSetup) -> None:
    result = setup.provider.refund(refund_of(captured(setup), 4172))
    assert result.status is CAPTURED
    assert result.reference


def test_refund_is_idempotent_by_key(setup: ProviderSetup) -> None:
    reference = captured(setup)
    first = setup.provider.refund(refund_of(reference, 3000))
    assert setup.provider.refund(refund_of(reference, 3000)) == first
    assert setup.provider.refund(refund_of(reference, 1172, "r2")).status is CAPTURED


def test_refunds_over_the_captured_amount_are_refused(setup: ProviderSetup) -> None:
    reference = captured(setup)
    setup.provider.refund(refund_of(reference, 3000))
    assert setup.provider.refund(refund_of(reference, 1173, "r2")).status is REFUSED


def test_refund_of_an_unknown_payment_is_refused(setup: ProviderSetup) -> None:
    result = setup.provider.refund(refund_of("nothing", 100))
    assert (result.status, result.reason) == (REFUSED, "not_found")


@pytest.mark.parametrize("after", [True, False])
def test_lost_refund_is_found_by_sending_it_again(setup: ProviderSetup, after: bool) -> None:
    reference = captured(setup)
    setup.lose(after)
    assert setup.provider.refund(refund_of(reference, 4172)).status is UNKNOWN
    assert setup.provider.refund(refund_of(reference, 4172)).status is CAPTURED
    assert setup.provider.refund(refund_of(reference, 1, "r2")).status is REFUSED


def test_capture_is_reported_once_with_its_ids(setup: ProviderSetup) -> None:
    before = datetime.now(UTC)
    reference = captured(setup)
    setup.provider.charge(charge_of())
    (capture,) = recent_captures(setup)
    assert (capture.reference, capture.key, capture.invoice) == (reference, "k1", "2026-0001")
    assert capture.amount == Money(4172)
    assert abs(capture.at - before) < timedelta(minutes=1)


def test_capture_whose_response_was_lost_is_reported(setup: ProviderSetup) -> None:
    setup.lose(True)
    setup.provider.charge(charge_of())
    assert [capture.key for capture in recent_captures(setup)] == ["k1"]


def test_charge_without_effect_is_not_reported(setup: ProviderSetup) -> None:
    setup.lose(False)
    setup.provider.charge(charge_of())
    assert recent_captures(setup) == []


def test_report_of_another_day_is_empty(setup: ProviderSetup) -> None:
    captured(setup)
    assert list(setup.provider.captures(datetime.now(UTC).date() - timedelta(days=3))) == []
