"""The adapter to WHM against a stand-in over real HTTP: what is done, refused, unknown, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.limited_panel import LimitedPanel
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    Panel,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.whm import WhmPanel
from kajoom.worker import provisioning
from tests.fake_gateways import current_time
from tests.paypal.faults import Fault
from tests.whm.server import TOKEN, USER, Account, FakeWhm

pytestmark = pytest.mark.slow

P, S = PanelStatus, AccountStatus
BOREAL = PanelAccount("s1", "boreal", "S1")
NOBODY = PanelAccount("s1", "nobody", "S9")
CHANGE = PackageChange("provision-1", BOREAL, "web-b")
LOST = (Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER, Fault.TOO_MANY)


@pytest.fixture
def whm() -> Iterator[FakeWhm]:
    accounts = {"boreal": Account("web-a", disk_mb=1233.2)}
    with FakeWhm(accounts, packages={"web-a", "web-b"}) as started:
        yield started


def settings(whm: FakeWhm) -> PanelSettings:
    return PanelSettings("s1", whm.address, token=TOKEN, user=USER, now=current_time)


@pytest.fixture
def panel(whm: FakeWhm) -> WhmPanel:
    return WhmPanel(settings(whm))


def carry_out(panel: Panel, change: PackageChange) -> PanelResult:
    """Make a change that nothing shown of the account stops."""
    result = provisioning.carry_out(panel, change, lambda _: True)
    assert result is not None
    return result


def functions(whm: FakeWhm) -> list[str]:
    return [function for function, _ in whm.requests]


def test_change_sets_the_package_and_is_read_back(whm: FakeWhm, panel: WhmPanel) -> None:
    assert carry_out(panel, CHANGE).status is P.DONE
    assert whm.accounts["boreal"].plan == "web-b"
    assert functions(whm) == ["accountsummary", "changepackage", "accountsummary"]
    assert whm.requests[1][1] == {"api.version": "1", "user": "boreal", "pkg": "web-b"}


def test_reading_has_the_state_the_package_and_the_disk_space_rounded_up(whm: FakeWhm, panel: WhmPanel) -> None:
    assert panel.read(BOREAL) == PanelReading(S.ACTIVE, "web-a", {"disk_mb": 1234})
    whm.accounts["boreal"].suspended = True
    assert panel.read(BOREAL).status is S.SUSPENDED


def test_refusal_comes_with_http_200_and_a_reason(whm: FakeWhm, panel: WhmPanel) -> None:
    whm.refuse("changepackage", "  The account\n exceeds the quota of <b>web-b</b>.  ")
    result = carry_out(panel, CHANGE)
    assert (result.status, result.reason) == (P.REFUSED, "The account exceeds the quota of <b>web-b</b>.")


@pytest.mark.parametrize("change", [replace(CHANGE, account=NOBODY), replace(CHANGE, package="web-z")])
def test_unknown_account_or_package_is_refused(panel: WhmPanel, change: PackageChange) -> None:
    result = carry_out(panel, change)
    assert result.status is P.REFUSED
    assert "does not exist" in result.reason


def test_account_that_does_not_exist_is_missing(panel: WhmPanel) -> None:
    assert panel.read(NOBODY) == PanelReading(S.MISSING)


def test_account_that_may_not_be_read_is_not_missing(whm: FakeWhm, panel: WhmPanel) -> None:
    whm.refuse("accountsummary", "You do not have permission to view that account.")
    assert panel.read(BOREAL).status is S.UNKNOWN


def test_html_of_the_raw_output_is_never_part_of_a_result(whm: FakeWhm, panel: WhmPanel) -> None:
    whm.refuse("suspendacct", "Cannot suspend.")
    results = [panel.change(CHANGE), panel.suspend(BOREAL, "k"), panel.read(BOREAL), panel.terminate(BOREAL, "k")]
    assert "script" not in repr(results)


@pytest.mark.parametrize("fault", LOST)
def test_lost_answer_is_unknown_and_the_change_is_found_by_reading(whm: FakeWhm, panel: WhmPanel, fault: Fault) -> None:
    whm.faults.plan(fault, "changepackage")
    assert panel.change(CHANGE).status is P.UNKNOWN
    assert carry_out(panel, CHANGE).status is P.DONE
    assert functions(whm).count("changepackage") == 1


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.ERROR_BEFORE, Fault.GARBAGE_BEFORE, Fault.TOO_MANY])
def test_lost_reading_is_unknown(whm: FakeWhm, panel: WhmPanel, fault: Fault) -> None:
    whm.faults.plan(fault, "accountsummary")
    assert panel.read(BOREAL).status is S.UNKNOWN


def test_change_whose_reading_back_is_lost_is_unknown(whm: FakeWhm, panel: WhmPanel) -> None:
    whm.on_change = lambda _account: whm.faults.plan(Fault.CUT_BEFORE, "accountsummary")
    assert carry_out(panel, CHANGE).status is P.UNKNOWN


def test_package_that_someone_else_has_set_meanwhile_is_not_taken_for_ours(whm: FakeWhm, panel: WhmPanel) -> None:
    whm.on_change = lambda account: setattr(account, "plan", "web-c")
    result = carry_out(panel, CHANGE)
    assert (result.status, result.reason) == (P.UNKNOWN, "not read back")


def test_server_slower_than_the_limit_is_unknown_and_found_later(whm: FakeWhm, panel: WhmPanel) -> None:
    limited = LimitedPanel(panel, CircuitBreaker(pause=0), seconds=0.3)
    whm.faults.plan(Fault.SLOW_BEFORE, "changepackage")
    assert limited.change(CHANGE).status is P.UNKNOWN
    whm.faults.released.set()
    assert carry_out(LimitedPanel(panel, CircuitBreaker()), CHANGE).status is P.DONE


@pytest.mark.parametrize(("fault", "status"), [(Fault.UNAUTHORISED, 401), (Fault.FORBIDDEN, 403), (Fault.MOVED, 301)])
def test_our_own_fault_goes_to_a_person(whm: FakeWhm, panel: WhmPanel, fault: Fault, status: int) -> None:
    whm.faults.plan(fault)
    result = panel.change(CHANGE)
    assert result.status is P.REFUSED
    assert result.reason.startswith(f"HTTP {status}: ")
    assert TOKEN not in result.reason


def test_wrong_token_is_refused_and_an_account_is_not_taken_for_missing(whm: FakeWhm) -> None:
    panel = WhmPanel(replace(settings(whm), token="OTHER"))
    assert panel.terminate(BOREAL, "k").status is P.REFUSED
    assert panel.read(BOREAL).status is S.UNKNOWN
    assert "boreal" in whm.accounts


def test_server_that_does_not_listen_is_unknown() -> None:
    panel = WhmPanel(PanelSettings("s1", "http://127.0.0.1:1", token=TOKEN, user=USER, now=current_time))
    assert panel.change(CHANGE).status is P.UNKNOWN
    assert panel.read(BOREAL).status is S.UNKNOWN


@pytest.mark.parametrize(
    "document",
    [
        "[]",
        "{}",
        '{"metadata": []}',
        '{"metadata": {"result": true}}',
        '{"metadata": {"result": 2}, "data": {}}',
        '{"metadata": {"result": 1}, "data": {"acct": []}}',
        '{"metadata": {"result": 1}, "data": {"acct": [{"user": "austral", "plan": "web-b"}]}}',
        '{"metadata": {"result": 1}, "data": {"acct": "boreal"}}',
    ],
)
def test_document_of_another_form_is_unknown(
    whm: FakeWhm, panel: WhmPanel, document: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.whm.server.json.dumps", lambda _document: document)
    assert panel.read(BOREAL).status is S.UNKNOWN


@pytest.mark.parametrize(
    ("text", "amount"), [("0M", 0), ("1234M", 1234), ("12.01M", 13), ("none", None), ("", None), ("-3M", None)]
)
def test_disk_space_of_another_form_is_not_known(
    whm: FakeWhm, panel: WhmPanel, text: str, amount: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"user": "boreal", "plan": "web-a", "suspended": 0, "diskused": text}
    monkeypatch.setattr(whm, "_accountsummary", lambda _parameters: {"acct": [row]}, raising=False)
    assert panel.read(BOREAL).usage == {"disk_mb": amount}


def test_account_without_a_name_is_never_asked_for(whm: FakeWhm, panel: WhmPanel) -> None:
    nameless = PanelAccount("s1", "", "S1")
    acts = (panel.suspend, panel.unsuspend, panel.terminate)
    results = [panel.change(replace(CHANGE, account=nameless)), *(act(nameless, "k") for act in acts)]
    assert {result.status for result in results} == {P.REFUSED}
    assert panel.read(nameless).status is S.MISSING
    assert whm.requests == []
