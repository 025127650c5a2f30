"""A panel in the worker: a limit for each call, and a dead server is not asked by every message."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from threading import Event

import pytest

from kajoom.domain.catalog import Catalog
from kajoom.domain.server import Server
from kajoom.gateways import Gateways
from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.limited_panel import LimitedPanel
from kajoom.gateways.panel_port import (
    PANEL_SECONDS,
    AccountStatus,
    PackageChange,
    Panel,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.webhook import WebhookPanel
from kajoom.gateways.panels.whm import WhmPanel
from kajoom.gateways.servers import ENTRY_POINTS, Servers, panel_kinds
from kajoom.operations.outbox import LEASE
from tests.fake_gateways import FakeMailer, FakePanel, current_time
from tests.gateways.test_paypal_client import FakeMonotonic

ACCOUNT = PanelAccount("s1", "boreal")
CHANGE = PackageChange("k", ACCOUNT, "web-b")


class SilentPanel(FakePanel):
    """A panel that does not answer before ``released`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.released = Event()
        self.calls = 0

    def change(self, change: PackageChange) -> PanelResult:
        self.calls += 1
        self.released.wait(30)
        return super().change(change)

    def read(self, account: PanelAccount) -> PanelReading:
        self.calls += 1
        self.released.wait(30)
        return super().read(account)


class FakeKind:
    """A panel to build; ``built`` are the settings it was built from. It refuses the token "bad"."""

    needs: tuple[str, ...] = ("TOKEN",)

    def __init__(self) -> None:
        self.built: list[PanelSettings] = []

    def __call__(self, settings: PanelSettings) -> Panel:
        if settings.token == "bad":
            raise ValueError("TOKEN must not be bad")
        self.built.append(settings)
        return FakePanel()


@pytest.fixture
def silent() -> Iterator[SilentPanel]:
    panel = SilentPanel()
    yield panel
    panel.released.set()


def servers(kind: FakeKind, secrets: dict[str, str], known: dict[str, Server]) -> Servers:
    return Servers(lambda: Catalog(1, servers=known), secrets, {"fake": kind}, current_time)


def test_three_calls_end_before_the_lease_of_their_message() -> None:
    assert LEASE.total_seconds() > 3 * PANEL_SECONDS


def test_silent_panel_is_waited_for_until_the_limit_and_its_outcome_is_unknown(silent: SilentPanel) -> None:
    limited = LimitedPanel(silent, CircuitBreaker(pause=0), seconds=0.05)
    assert limited.change(CHANGE).status is PanelStatus.UNKNOWN
    assert limited.read(ACCOUNT).status is AccountStatus.UNKNOWN
    assert silent.calls == 2


def test_dead_server_is_asked_again_after_a_pause_and_the_others_at_once(silent: SilentPanel) -> None:
    monotonic, other = FakeMonotonic(), FakePanel()
    breaker = CircuitBreaker(monotonic=monotonic)
    limited = LimitedPanel(silent, breaker, seconds=0.05)
    assert limited.read(ACCOUNT).status is AccountStatus.UNKNOWN
    assert limited.change(CHANGE) == PanelResult(PanelStatus.UNKNOWN, "not asked: the server has not answered")
    assert limited.suspend(ACCOUNT, "k").status is PanelStatus.UNKNOWN
    assert (silent.calls, silent.acts) == (1, [])
    assert LimitedPanel(other, CircuitBreaker(monotonic=monotonic)).change(CHANGE).status is PanelStatus.DONE
    silent.released.set()
    monotonic.seconds += 31
    assert limited.change(CHANGE).status is PanelStatus.DONE


def test_unknown_answer_that_comes_at_once_delays_nobody() -> None:
    panel = FakePanel(PanelResult(PanelStatus.UNKNOWN), takes_effect=False)
    limited = LimitedPanel(panel, CircuitBreaker())
    assert limited.change(CHANGE).status is PanelStatus.UNKNOWN
    assert limited.change(CHANGE).status is PanelStatus.DONE


def test_reading_that_asks_nobody_is_always_given_and_lets_a_dead_server_rest() -> None:
    breaker = CircuitBreaker(monotonic=FakeMonotonic())
    breaker.record(answered=False)
    limited = LimitedPanel(FakePanel(can_read=False), breaker)
    assert limited.read(ACCOUNT) == PanelReading(AccountStatus.UNKNOWN, is_supported=False)
    assert limited.change(CHANGE).reason.startswith("not asked")


def test_each_server_has_its_own_panel_and_breaker() -> None:
    kind = FakeKind()
    known = {name: Server(name, "fake", f"https://{name}.example.com") for name in ("s1", "web-2")}
    secrets = {"S1_TOKEN": "one", "WEB_2_TOKEN": "two", "WEB_2_USER": "reseller"}
    gateways = Gateways(FakePanel(), FakeMailer(), servers=servers(kind, secrets, known))
    for name in ("s1", "web-2", "s1"):
        assert gateways.panel_of(name).change(CHANGE).status is PanelStatus.DONE
    assert [(each.server, each.url, each.token, each.user) for each in kind.built] == [
        ("s1", "https://s1.example.com", "one", ""),
        ("web-2", "https://web-2.example.com", "two", "reseller"),
    ]
    assert len(gateways.breakers) == 2


def test_server_that_the_catalogue_has_changed_is_built_again() -> None:
    kind, known = FakeKind(), {"s1": Server("s1", "fake", "https://old.example.com")}
    built = servers(kind, {"S1_TOKEN": "one"}, known)
    built.panel(built.server("s1"))
    known["s1"] = Server("s1", "fake", "https://new.example.com")
    built.panel(built.server("s1"))
    built.panel(built.server("s1"))
    assert [each.url for each in kind.built] == ["https://old.example.com", "https://new.example.com"]


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (Server("s1", "fake"), "KAJOOM_SERVER_S1_TOKEN is missing"),
        (Server("s1", "gone"), "no panel 'gone' is installed"),
        (Server("s1", "manual"), "manual"),
        (Server("s2", "fake"), "manual"),
    ],
)
def test_server_that_cannot_be_asked_hands_its_changes_to_a_person(server: Server, reason: str) -> None:
    gateways = Gateways(FakePanel(), FakeMailer(), servers=servers(FakeKind(), {}, {server.name: server}))
    assert gateways.panel_of("s1").change(CHANGE) == PanelResult(PanelStatus.REFUSED, reason)


def test_panels_of_installed_packages_are_found_and_replace_no_built_in_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = f"{__name__}:FakeKind"
    names = {"harbour": here, "whm": here, "broken": f"{__name__}:Nothing", "absent": "no_such_package:Panel"}
    found = [EntryPoint(name, value, ENTRY_POINTS) for name, value in names.items()]
    monkeypatch.setattr("kajoom.gateways.servers.entry_points", lambda group: found if group == ENTRY_POINTS else [])
    kinds: dict[str, object] = {**panel_kinds()}
    assert kinds == {"harbour": FakeKind, "webhook": WebhookPanel, "whm": WhmPanel}
    assert "the panel broken cannot be loaded" in caplog.text
    assert "the panel absent cannot be loaded" in caplog.text


def test_host_without_servers_has_one_panel() -> None:
    panel = FakePanel()
    only = Servers(lambda: Catalog(1, panel_without_server="demonstration"), {}, {}, current_time)
    assert Gateways(panel, FakeMailer(), servers=only).panel_of("").change(CHANGE).status is PanelStatus.DONE
    assert panel.requests == [CHANGE]


def test_settings_that_the_panel_refuses_are_its_problem() -> None:
    server = Server("web-2", "fake")
    built = servers(FakeKind(), {"WEB_2_TOKEN": "bad"}, {"web-2": server})
    assert built.problem(server) == "KAJOOM_SERVER_WEB_2_TOKEN must not be bad"
    assert built.problem(Server("s1", "manual")) == ""
