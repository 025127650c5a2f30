"""What any provider, panel and mailer behind our ports must do, asked of those that come in the box."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.mail import FolderMailer
from kajoom.gateways.ports import (
    ChargeRequest,
    Mailer,
    PackageChange,
    Panel,
    PanelResult,
    PanelStatus,
    PaymentProvider,
    ProviderResult,
)
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider

A, P = AttemptStatus, PanelStatus


class Providers(NamedTuple):
    """A kind of provider, in each of the moods the contract speaks of."""

    willing: PaymentProvider
    refusing: PaymentProvider
    losing_after: PaymentProvider
    losing_before: PaymentProvider
    pending: PaymentProvider


class Panels(NamedTuple):
    """A kind of panel, in each of the moods the contract speaks of."""

    willing: Panel
    refusing: Panel
    losing_after: Panel
    losing_before: Panel
    pending: Panel


def charge_of(cents: int = 4172, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="any", amount=Money(cents), invoice="2026-0001", locale="fr")


def change_to(package: str, username: str = "boreal") -> PackageChange:
    return PackageChange(key=f"to-{package}", username=username, package=package)


def demonstration_in(folder: Path, door: DemoSystem, behaviour: Behaviour) -> DemoStore:
    demonstration = DemoStore(folder / f"{door}-{behaviour}.sqlite")
    demonstration.set_behaviour(door, behaviour, once=True)
    return demonstration


def demonstration_providers(folder: Path) -> Providers:
    moods = (Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.LOSE_AFTER, Behaviour.LOSE_BEFORE, Behaviour.PENDING)
    return Providers(*(DemoProvider(demonstration_in(folder, DemoSystem.PAYMENT, mood), 0) for mood in moods))


def null_providers(_folder: Path) -> Providers:
    return Providers(
        FakeProvider(),
        FakeProvider(ProviderResult(A.REFUSED, reason="declined")),
        FakeProvider(ProviderResult(A.UNKNOWN)),
        FakeProvider(ProviderResult(A.UNKNOWN), takes_money=False),
        FakeProvider(ProviderResult(A.PENDING)),
    )


def demonstration_panels(folder: Path) -> Panels:
    moods = (Behaviour.ACCEPT, Behaviour.REFUSE, Behaviour.LOSE_AFTER, Behaviour.LOSE_BEFORE, Behaviour.PENDING)
    return Panels(*(DemoPanel(demonstration_in(folder, DemoSystem.PANEL, mood), 0) for mood in moods))


def null_panels(_folder: Path) -> Panels:
    return Panels(
        FakePanel(),
        FakePanel(PanelResult(P.REFUSED, "no")),
        FakePanel(PanelResult(P.UNKNOWN)),
        FakePanel(PanelResult(P.UNKNOWN), takes_effect=False),
        FakePanel(PanelResult(P.PENDING)),
    )


@pytest.fixture(params=[demonstration_providers, null_providers], ids=["demonstration", "null"])
def providers(request: pytest.FixtureRequest, tmp_path: Path) -> Providers:
    make: Callable[[Path], Providers] = request.param
    return make(tmp_path)


@pytest.fixture(params=[demonstration_panels, null_panels], ids=["demonstration", "null"])
def panels(request: pytest.FixtureRequest, tmp_path: Path) -> Panels:
    make: Callable[[Path], Panels] = request.param
    return make(tmp_path)


def test_charge_is_captured_with_a_reference(providers: Providers) -> None:
    result = providers.willing.charge(charge_of())
    assert result.status is A.CAPTURED
    assert result.reference


def test_charge_asked_twice_is_carried_out_once(providers: Providers) -> None:
    assert providers.willing.charge(charge_of()) == providers.willing.charge(charge_of())


def test_two_keys_are_two_charges(providers: Providers) -> None:
    first = providers.willing.charge(charge_of(key="k1"))
    assert providers.willing.charge(charge_of(key="k2")).reference != first.reference


def test_same_key_with_another_amount_is_refused(providers: Providers) -> None:
    providers.willing.charge(charge_of(4172))
    result = providers.willing.charge(charge_of(4173))
    assert (result.status, result.reason) == (A.REFUSED, "mismatch")


def test_look_up_of_another_amount_is_not_known(providers: Providers) -> None:
    providers.willing.charge(charge_of(4172))
    result = providers.willing.look_up(charge_of(4173))
    assert (result.status, result.reason) == (A.UNKNOWN, "mismatch")


def test_look_up_finds_what_was_captured(providers: Providers) -> None:
    result = providers.willing.charge(charge_of())
    assert providers.willing.look_up(charge_of()) == result


def test_look_up_of_a_charge_never_seen_is_refused_as_not_found(providers: Providers) -> None:
    result = providers.willing.look_up(charge_of())
    assert (result.status, result.reason) == (A.REFUSED, "not_found")


def test_refused_charge_stays_refused_under_its_key(providers: Providers) -> None:
    for ask in (providers.refusing.charge, providers.refusing.charge, providers.refusing.look_up):
        result = ask(charge_of())
        assert (result.status, result.reason) == (A.REFUSED, "declined")


def test_another_key_may_succeed_after_a_refusal(providers: Providers) -> None:
    providers.refusing.charge(charge_of(key="k1"))
    assert providers.refusing.charge(charge_of(key="k2")).status is A.CAPTURED


def test_answer_lost_after_the_deed_is_unknown_until_looked_up(providers: Providers) -> None:
    assert providers.losing_after.charge(charge_of()).status is A.UNKNOWN
    found = providers.losing_after.look_up(charge_of())
    assert found.status is A.CAPTURED
    assert providers.losing_after.charge(charge_of()) == found


def test_answer_lost_before_the_deed_leaves_nothing_behind(providers: Providers) -> None:
    assert providers.losing_before.charge(charge_of()).status is A.UNKNOWN
    assert providers.losing_before.look_up(charge_of()).reason == "not_found"
    assert providers.losing_before.charge(charge_of()).status is A.CAPTURED


def test_pending_charge_is_captured_when_it_is_looked_up(providers: Providers) -> None:
    assert providers.pending.charge(charge_of()).status is A.PENDING
    assert providers.pending.look_up(charge_of()).status is A.CAPTURED
    assert providers.pending.charge(charge_of()).status is A.CAPTURED


def test_money_asked_for_again_is_the_same_money(providers: Providers) -> None:
    result = providers.willing.charge(charge_of())
    assert providers.willing.capture(charge_of()) == result


def test_an_account_nobody_saved_is_not_kept_and_forgetting_it_is_harmless(providers: Providers) -> None:
    providers.willing.delete_saved_account("nobody's")
    assert not providers.willing.has_saved_account("nobody's")


def test_package_applied_is_read_back(panels: Panels) -> None:
    assert panels.willing.check(change_to("web-b")).status is P.DONE
    assert panels.willing.apply(change_to("web-b")).status is P.DONE
    assert panels.willing.read("boreal") == "web-b"


def test_package_set_twice_is_harmless(panels: Panels) -> None:
    panels.willing.apply(change_to("web-b"))
    assert panels.willing.apply(change_to("web-b")).status is P.DONE
    assert panels.willing.read("boreal") == "web-b"


def test_account_never_changed_is_not_known(panels: Panels) -> None:
    assert panels.willing.read("boreal") is None


def test_accounts_do_not_mix(panels: Panels) -> None:
    panels.willing.apply(change_to("web-b", "boreal"))
    panels.willing.apply(change_to("web-c", "austral"))
    assert panels.willing.read("boreal") == "web-b"


def test_change_that_names_no_account_is_refused_with_a_reason(panels: Panels) -> None:
    result = panels.willing.check(change_to("web-b", username=""))
    assert result.status is P.REFUSED
    assert result.reason


def test_refused_change_touches_nothing(panels: Panels) -> None:
    result = panels.refusing.apply(change_to("web-b"))
    assert result.status is P.REFUSED
    assert result.reason
    assert panels.refusing.read("boreal") is None


def test_answer_lost_after_the_change_is_told_by_reading_back(panels: Panels) -> None:
    assert panels.losing_after.apply(change_to("web-b")).status is P.UNKNOWN
    assert panels.losing_after.read("boreal") == "web-b"


def test_answer_lost_before_the_change_leaves_the_account_as_it_was(panels: Panels) -> None:
    assert panels.losing_before.apply(change_to("web-b")).status is P.UNKNOWN
    assert panels.losing_before.read("boreal") is None
    assert panels.losing_before.apply(change_to("web-b")).status is P.DONE


def test_pending_change_is_done_when_asked_again(panels: Panels) -> None:
    assert panels.pending.apply(change_to("web-b")).status is P.PENDING
    assert panels.pending.read("boreal") is None
    assert panels.pending.apply(change_to("web-b")).status is P.DONE
    assert panels.pending.read("boreal") == "web-b"


@pytest.mark.parametrize("kind", ["folder", "null"])
def test_mailer_takes_a_letter_and_says_nothing(kind: str, tmp_path: Path) -> None:
    mailer: Mailer = FakeMailer() if kind == "null" else FolderMailer(tmp_path)
    message = EmailMessage()
    message["Message-ID"] = "<one@example.com>"
    message.set_content("Bonjour")
    mailer.send(message)
    kept = len(mailer.sent) if isinstance(mailer, FakeMailer) else len(list(tmp_path.glob("*.eml")))
    assert kept == 1
