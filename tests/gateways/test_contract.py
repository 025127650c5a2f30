"""The contract of the ports: every payment provider and mailer must pass these tests."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.mail import FolderMailer
from kajoom.gateways.ports import (
    ChargeRequest,
    Mailer,
    PaymentProvider,
    ProviderResult,
)
from tests.fake_gateways import FakeMailer, FakeProvider

pytestmark = pytest.mark.slow

A = AttemptStatus


class Providers(NamedTuple):
    """Providers of one kind, one for each behaviour of the contract."""

    accepting: PaymentProvider
    refusing: PaymentProvider
    losing_after: PaymentProvider
    losing_before: PaymentProvider
    pending: PaymentProvider


def charge_of(cents: int = 4172, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="any", amount=Money(cents), invoice="2026-0001", locale="fr")


def demo_store(folder: Path, system: DemoSystem, behaviour: Behaviour) -> DemoStore:
    store = DemoStore(folder / f"{system}-{behaviour}.sqlite")
    store.set_behaviour(system, behaviour, once=True)
    return store


def demonstration_providers(folder: Path) -> Providers:
    behaviours = (Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.LOSE_AFTER, Behaviour.LOSE_BEFORE, Behaviour.PENDING)
    return Providers(*(DemoProvider(demo_store(folder, DemoSystem.PAYMENT, behaviour), 0) for behaviour in behaviours))


def fake_providers(_folder: Path) -> Providers:
    return Providers(
        FakeProvider(),
        FakeProvider(ProviderResult(A.REFUSED, reason="declined")),
        FakeProvider(ProviderResult(A.UNKNOWN)),
        FakeProvider(ProviderResult(A.UNKNOWN), takes_money=False),
        FakeProvider(ProviderResult(A.PENDING)),
    )


@pytest.fixture(params=[demonstration_providers, fake_providers], ids=["demonstration", "fake"])
def providers(request: pytest.FixtureRequest, tmp_path: Path) -> Providers:
    make: Callable[[Path], Providers] = request.param
    return make(tmp_path)


def test_charge_is_captured_with_a_reference(providers: Providers) -> None:
    result = providers.accepting.charge(charge_of())
    assert result.status is A.CAPTURED
    assert result.reference


def test_charge_is_idempotent_by_key(providers: Providers) -> None:
    assert providers.accepting.charge(charge_of()) == providers.accepting.charge(charge_of())


def test_two_keys_are_two_charges(providers: Providers) -> None:
    first = providers.accepting.charge(charge_of(key="k1"))
    assert providers.accepting.charge(charge_of(key="k2")).reference != first.reference


def test_same_key_with_another_amount_is_refused(providers: Providers) -> None:
    providers.accepting.charge(charge_of(4172))
    result = providers.accepting.charge(charge_of(4173))
    assert (result.status, result.reason) == (A.REFUSED, "mismatch")


def test_look_up_with_another_amount_is_unknown(providers: Providers) -> None:
    providers.accepting.charge(charge_of(4172))
    result = providers.accepting.look_up(charge_of(4173))
    assert (result.status, result.reason) == (A.UNKNOWN, "mismatch")


def test_look_up_returns_the_captured_charge(providers: Providers) -> None:
    result = providers.accepting.charge(charge_of())
    assert providers.accepting.look_up(charge_of()) == result


def test_look_up_of_an_unknown_charge_is_refused_as_not_found(providers: Providers) -> None:
    result = providers.accepting.look_up(charge_of())
    assert (result.status, result.reason) == (A.REFUSED, "not_found")


def test_refused_charge_stays_refused_under_its_key(providers: Providers) -> None:
    for request in (providers.refusing.charge, providers.refusing.charge, providers.refusing.look_up):
        result = request(charge_of())
        assert (result.status, result.reason) == (A.REFUSED, "declined")


def test_another_key_may_succeed_after_a_refusal(providers: Providers) -> None:
    providers.refusing.charge(charge_of(key="k1"))
    assert providers.refusing.charge(charge_of(key="k2")).status is A.CAPTURED


def test_response_lost_after_the_charge_is_unknown_until_looked_up(providers: Providers) -> None:
    assert providers.losing_after.charge(charge_of()).status is A.UNKNOWN
    result = providers.losing_after.look_up(charge_of())
    assert result.status is A.CAPTURED
    assert providers.losing_after.charge(charge_of()) == result


def test_response_lost_before_the_charge_takes_no_money(providers: Providers) -> None:
    assert providers.losing_before.charge(charge_of()).status is A.UNKNOWN
    assert providers.losing_before.look_up(charge_of()).reason == "not_found"
    assert providers.losing_before.charge(charge_of()).status is A.CAPTURED


def test_pending_charge_is_captured_when_it_is_looked_up(providers: Providers) -> None:
    assert providers.pending.charge(charge_of()).status is A.PENDING
    assert providers.pending.look_up(charge_of()).status is A.CAPTURED
    assert providers.pending.charge(charge_of()).status is A.CAPTURED


def test_capture_of_a_captured_charge_returns_the_same_result(providers: Providers) -> None:
    result = providers.accepting.charge(charge_of())
    assert providers.accepting.capture(charge_of()) == result


def test_deleting_an_unknown_saved_account_does_nothing(providers: Providers) -> None:
    providers.accepting.delete_saved_account("unknown")
    assert not providers.accepting.has_saved_account("unknown")


@pytest.mark.parametrize("kind", ["folder", "fake"])
def test_mailer_sends_an_email(kind: str, tmp_path: Path) -> None:
    mailer: Mailer = FakeMailer() if kind == "fake" else FolderMailer(tmp_path)
    message = EmailMessage()
    message["Message-ID"] = "<one@example.com>"
    message.set_content("Bonjour")
    mailer.send(message)
    count = len(mailer.sent) if isinstance(mailer, FakeMailer) else len(list(tmp_path.glob("*.eml")))
    assert count == 1
