"""The store's provider and panel: behaviours, fixed amounts, and state shared between processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.panel_port import PackageChange, PanelAccount, PanelStatus
from kajoom.gateways.ports import ChargeRequest

BOREAL = PanelAccount("", "boreal")


@pytest.fixture
def store(tmp_path: Path) -> DemoStore:
    return DemoStore(tmp_path / "demonstration.sqlite")


def charge(cents: int, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="demonstration", amount=Money(cents), invoice="2026-0001", locale="fr")


def test_behaviour_stays_until_it_is_changed(store: DemoStore) -> None:
    store.set_behaviour(DemoSystem.PAYMENT, Behaviour.REFUSE)
    provider = DemoProvider(store)
    assert [provider.charge(charge(100, key)).status for key in ("a", "b")] == [AttemptStatus.REFUSED] * 2
    store.set_behaviour(DemoSystem.PAYMENT, Behaviour.ACCEPT)
    assert provider.charge(charge(100, "c")).status is AttemptStatus.CAPTURED


def test_behaviour_set_once_applies_to_one_request(store: DemoStore) -> None:
    store.set_behaviour(DemoSystem.PANEL, Behaviour.REFUSE, once=True)
    assert store.next_behaviour(DemoSystem.PANEL) is Behaviour.REFUSE
    assert store.next_behaviour(DemoSystem.PANEL) is Behaviour.ACCEPT


def test_each_system_has_its_own_behaviour(store: DemoStore) -> None:
    store.set_behaviour(DemoSystem.PANEL, Behaviour.REFUSE)
    assert store.next_behaviour(DemoSystem.PAYMENT) is Behaviour.ACCEPT


@pytest.mark.parametrize(
    ("cents", "charged", "looked_up"),
    [
        (1312, AttemptStatus.CAPTURED, AttemptStatus.CAPTURED),
        (1313, AttemptStatus.REFUSED, AttemptStatus.REFUSED),
        (1414, AttemptStatus.UNKNOWN, AttemptStatus.CAPTURED),
    ],
)
def test_fixed_amount_has_its_own_behaviour(
    store: DemoStore, cents: int, charged: AttemptStatus, looked_up: AttemptStatus
) -> None:
    provider = DemoProvider(store)
    assert provider.charge(charge(cents)).status is charged
    assert provider.look_up(charge(cents)).status is looked_up


def test_slow_amount_waits_before_the_charge(store: DemoStore) -> None:
    waited: list[tuple[float, str]] = []

    def wait(seconds: float) -> None:
        waited.append((seconds, DemoProvider(store).look_up(charge(1515)).reason))

    assert DemoProvider(store, 3, wait).charge(charge(1515)).status is AttemptStatus.CAPTURED
    assert waited == [(3, "not_found")]


def test_concurrent_charges_with_one_key_are_one_charge(store: DemoStore) -> None:
    """While the first request is slow, a second process charges the same key: both get the same charge."""
    fast = DemoProvider(store)
    results = []
    slow = DemoProvider(store, 3, lambda _seconds: results.append(fast.charge(charge(100))))
    store.set_behaviour(DemoSystem.PAYMENT, Behaviour.SLOW, once=True)
    results.append(slow.charge(charge(100)))
    assert results[0] == results[1]


def test_slow_panel_waits_before_the_change(store: DemoStore) -> None:
    waited: list[float] = []
    store.set_behaviour(DemoSystem.PANEL, Behaviour.SLOW, once=True)
    panel = DemoPanel(store, 3, waited.append)
    assert panel.change(PackageChange("k", BOREAL, "web-b")).status is PanelStatus.DONE
    assert waited == [3]


def test_state_is_shared_with_another_process(store: DemoStore, tmp_path: Path) -> None:
    DemoProvider(store).charge(charge(100))
    other = DemoProvider(DemoStore(tmp_path / "demonstration.sqlite"))
    assert other.look_up(charge(100)).status is AttemptStatus.CAPTURED


def test_failed_transaction_is_rolled_back(store: DemoStore) -> None:
    def fail() -> None:
        with store.transaction() as file:
            file.execute("REPLACE INTO account VALUES ('boreal', 'web-b')")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert DemoPanel(store).read(BOREAL).package == ""


def test_panel_reports_the_usage_that_an_account_was_given(store: DemoStore) -> None:
    panel = DemoPanel(store)
    assert panel.read(BOREAL).usage == {}
    store.set_usage("boreal", {"disk_mb": 900, "mailboxes": None})
    store.set_usage("boreal", {"disk_mb": 1_000})
    assert panel.read(BOREAL).usage == {"disk_mb": 1_000, "mailboxes": None}
