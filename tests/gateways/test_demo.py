"""The demonstration can be told what to do next, by a switch or by the amount, and forgets nothing when killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.provider import DemoProvider
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.ports import ChargeRequest, PackageChange, PanelStatus


@pytest.fixture
def demonstration(tmp_path: Path) -> DemoStore:
    return DemoStore(tmp_path / "demonstration.sqlite")


def charge(cents: int, key: str = "k1") -> ChargeRequest:
    return ChargeRequest(key=key, provider="demonstration", amount=Money(cents), invoice="2026-0001", locale="fr")


def test_switch_stays_until_it_is_changed(demonstration: DemoStore) -> None:
    demonstration.set_behaviour(DemoSystem.PAYMENT, Behaviour.REFUSE)
    provider = DemoProvider(demonstration)
    assert [provider.charge(charge(100, key)).status for key in ("a", "b")] == [AttemptStatus.REFUSED] * 2
    demonstration.set_behaviour(DemoSystem.PAYMENT, Behaviour.ACCEPT)
    assert provider.charge(charge(100, "c")).status is AttemptStatus.CAPTURED


def test_switch_for_one_time_is_used_up(demonstration: DemoStore) -> None:
    demonstration.set_behaviour(DemoSystem.PANEL, Behaviour.REFUSE, once=True)
    assert demonstration.next_behaviour(DemoSystem.PANEL) is Behaviour.REFUSE
    assert demonstration.next_behaviour(DemoSystem.PANEL) is Behaviour.ACCEPT


def test_doors_have_a_switch_each(demonstration: DemoStore) -> None:
    demonstration.set_behaviour(DemoSystem.PANEL, Behaviour.REFUSE)
    assert demonstration.next_behaviour(DemoSystem.PAYMENT) is Behaviour.ACCEPT


@pytest.mark.parametrize(
    ("cents", "told", "found"),
    [
        (1312, AttemptStatus.CAPTURED, AttemptStatus.CAPTURED),
        (1313, AttemptStatus.REFUSED, AttemptStatus.REFUSED),
        (1414, AttemptStatus.UNKNOWN, AttemptStatus.CAPTURED),
    ],
)
def test_amount_chooses_by_itself(
    demonstration: DemoStore, cents: int, told: AttemptStatus, found: AttemptStatus
) -> None:
    provider = DemoProvider(demonstration)
    assert provider.charge(charge(cents)).status is told
    assert provider.look_up(charge(cents)).status is found


def test_slow_amount_waits_before_it_takes_the_money(demonstration: DemoStore) -> None:
    waited: list[tuple[float, str]] = []

    def wait(seconds: float) -> None:
        waited.append((seconds, DemoProvider(demonstration).look_up(charge(1515)).reason))

    assert DemoProvider(demonstration, 3, wait).charge(charge(1515)).status is AttemptStatus.CAPTURED
    assert waited == [(3, "not_found")]


def test_charge_made_twice_at_once_is_one_charge(demonstration: DemoStore) -> None:
    """While the first is slow a second process takes the same key: both are told of the one charge."""
    fast = DemoProvider(demonstration)
    told = []
    slow = DemoProvider(demonstration, 3, lambda _seconds: told.append(fast.charge(charge(100))))
    demonstration.set_behaviour(DemoSystem.PAYMENT, Behaviour.SLOW, once=True)
    told.append(slow.charge(charge(100)))
    assert told[0] == told[1]


def test_slow_panel_waits_before_it_acts(demonstration: DemoStore) -> None:
    waited: list[float] = []
    demonstration.set_behaviour(DemoSystem.PANEL, Behaviour.SLOW, once=True)
    panel = DemoPanel(demonstration, 3, waited.append)
    assert panel.apply(PackageChange("k", "boreal", "web-b")).status is PanelStatus.DONE
    assert waited == [3]


def test_another_process_finds_what_this_one_did(demonstration: DemoStore, tmp_path: Path) -> None:
    DemoProvider(demonstration).charge(charge(100))
    again = DemoProvider(DemoStore(tmp_path / "demonstration.sqlite"))
    assert again.look_up(charge(100)).status is AttemptStatus.CAPTURED


def test_deed_that_fails_midway_leaves_nothing(demonstration: DemoStore) -> None:
    def fail() -> None:
        with demonstration.transaction() as file:
            file.execute("REPLACE INTO account VALUES ('boreal', 'web-b')")
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        fail()
    assert DemoPanel(demonstration).read("boreal") is None
