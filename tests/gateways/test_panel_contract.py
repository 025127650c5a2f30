"""The contract of a hosting panel: every adapter must pass these tests, each in its own way of failing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import pytest

from kajoom.gateways.demo.panel import DemoPanel
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    Panel,
    PanelAccount,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.whm import WhmPanel
from tests.fake_gateways import FakePanel, current_time
from tests.paypal.faults import Fault
from tests.whm.server import TOKEN, USER, Account, FakeWhm

pytestmark = pytest.mark.slow

P, S = PanelStatus, AccountStatus
BOREAL, AUSTRAL = PanelAccount("s1", "boreal", "S1"), PanelAccount("s1", "austral", "S2")


class System(Protocol):
    """A panel with the accounts ``boreal`` and ``austral`` on the package "web-a", and what makes it fail once."""

    @property
    def panel(self) -> Panel: ...
    def refuse(self) -> None: ...
    def lose(self, *, after: bool) -> None: ...


class Demonstration:
    def __init__(self, folder: Path) -> None:
        self._store = DemoStore(folder / "demonstration.sqlite")
        self.panel = DemoPanel(self._store, 0)
        for account in (BOREAL, AUSTRAL):
            self.panel.change(change_to("web-a", account))

    def refuse(self) -> None:
        self._store.set_behaviour(DemoSystem.PANEL, Behaviour.REFUSE, once=True)

    def lose(self, *, after: bool) -> None:
        behaviour = Behaviour.LOSE_AFTER if after else Behaviour.LOSE_BEFORE
        self._store.set_behaviour(DemoSystem.PANEL, behaviour, once=True)


class Fake:
    def __init__(self) -> None:
        self.panel = FakePanel()
        self.panel.packages = {"boreal": "web-a", "austral": "web-a"}

    def refuse(self) -> None:
        self.panel.results.append(PanelResult(P.REFUSED, "no"))

    def lose(self, *, after: bool) -> None:
        self.panel.takes_effect = after
        self.panel.results.append(PanelResult(P.UNKNOWN))


@contextmanager
def demonstration(folder: Path) -> Iterator[System]:
    yield Demonstration(folder)


@contextmanager
def fake(_folder: Path) -> Iterator[System]:
    yield Fake()


class Whm:
    def __init__(self, server: FakeWhm) -> None:
        self._server = server
        self.panel = WhmPanel(PanelSettings("s1", server.address, token=TOKEN, user=USER, now=current_time))

    def refuse(self) -> None:
        for function in ("changepackage", "suspendacct", "unsuspendacct", "removeacct"):
            self._server.refuse(function, "Not today.")

    def lose(self, *, after: bool) -> None:
        self._server.faults.plan(Fault.CUT_AFTER if after else Fault.CUT_BEFORE)


@contextmanager
def whm(_folder: Path) -> Iterator[System]:
    accounts = {account.username: Account("web-a") for account in (BOREAL, AUSTRAL)}
    with FakeWhm(accounts, packages={"web-a", "web-b"}) as server:
        yield Whm(server)


SYSTEMS: tuple[Callable[[Path], AbstractContextManager[System]], ...] = (demonstration, fake, whm)


@pytest.fixture(params=SYSTEMS, ids=lambda each: each.__name__)
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    with request.param(tmp_path) as built:
        yield built


def change_to(package: str, account: PanelAccount = BOREAL) -> PackageChange:
    return PackageChange(f"to-{package}-{account.username}", account, package)


def test_package_set_is_read_back(system: System) -> None:
    assert system.panel.read(BOREAL).package == "web-a"
    assert system.panel.change(change_to("web-b")).status is P.DONE
    reading = system.panel.read(BOREAL)
    assert (reading.status, reading.package, reading.is_supported) == (S.ACTIVE, "web-b", True)


def test_package_set_twice_is_harmless(system: System) -> None:
    system.panel.change(change_to("web-b"))
    assert system.panel.change(change_to("web-b")).status is P.DONE
    assert system.panel.read(BOREAL).package == "web-b"


def test_change_affects_only_its_account(system: System) -> None:
    system.panel.change(change_to("web-b"))
    assert system.panel.read(AUSTRAL).package == "web-a"


def test_change_without_an_account_is_refused_with_a_reason(system: System) -> None:
    result = system.panel.change(change_to("web-b", PanelAccount("s1", "")))
    assert result.status is P.REFUSED
    assert result.reason


def test_refused_change_has_no_effect(system: System) -> None:
    system.refuse()
    result = system.panel.change(change_to("web-b"))
    assert result.status is P.REFUSED
    assert result.reason
    assert system.panel.read(BOREAL).package == "web-a"


def test_response_lost_after_the_change_is_found_by_reading_back(system: System) -> None:
    system.lose(after=True)
    assert system.panel.change(change_to("web-b")).status is P.UNKNOWN
    assert system.panel.read(BOREAL).package == "web-b"


def test_response_lost_before_the_change_has_no_effect(system: System) -> None:
    system.lose(after=False)
    assert system.panel.change(change_to("web-b")).status is P.UNKNOWN
    assert system.panel.read(BOREAL).package == "web-a"
    assert system.panel.change(change_to("web-b")).status is P.DONE


def test_account_is_suspended_and_made_active_again(system: System) -> None:
    assert system.panel.suspend(BOREAL, "k1").status is P.DONE
    assert system.panel.read(BOREAL).status is S.SUSPENDED
    assert system.panel.read(AUSTRAL).status is S.ACTIVE
    assert system.panel.unsuspend(BOREAL, "k2").status is P.DONE
    reading = system.panel.read(BOREAL)
    assert (reading.status, reading.package) == (S.ACTIVE, "web-a")


def test_suspending_or_making_active_twice_is_harmless(system: System) -> None:
    for act in (system.panel.suspend, system.panel.unsuspend):
        assert [act(BOREAL, "k").status for _ in range(2)] == [P.DONE, P.DONE]


def test_response_lost_after_a_suspension_is_found_by_reading_back(system: System) -> None:
    system.lose(after=True)
    assert system.panel.suspend(BOREAL, "k1").status is P.UNKNOWN
    assert system.panel.read(BOREAL).status is S.SUSPENDED


def test_terminated_account_is_missing_and_terminating_it_again_is_harmless(system: System) -> None:
    assert system.panel.terminate(BOREAL, "k1").status is P.DONE
    assert system.panel.read(BOREAL).status is S.MISSING
    assert system.panel.terminate(BOREAL, "k1").status is P.DONE
    assert system.panel.read(AUSTRAL).status is S.ACTIVE


def test_refused_termination_deletes_nothing(system: System) -> None:
    system.refuse()
    assert system.panel.terminate(BOREAL, "k1").status is P.REFUSED
    assert system.panel.read(BOREAL).status is S.ACTIVE
