"""The panel that sends signed messages: signatures, answers, private addresses, and the messages that come back."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook

from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelCallback,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.webhook import WebhookPanel
from kajoom.gateways.ports import InvalidSignature
from tests.gateways.receiver import SECRET, Receiver
from tests.gateways.test_paypal_client import FakeMonotonic
from tests.paypal.signing import OURS, authority, signer

pytestmark = pytest.mark.slow

P = PanelStatus
NOW = datetime(2026, 6, 16, 12, tzinfo=UTC)
BOREAL = PanelAccount("s1", "boreal", "S1")
CHANGE = PackageChange("provision-K4210", BOREAL, "web-b")
OTHER_SECRET = "whsec_" + "A" * 32


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


@pytest.fixture
def monotonic() -> FakeMonotonic:
    return FakeMonotonic()


@pytest.fixture
def panel(receiver: Receiver, monotonic: FakeMonotonic) -> WebhookPanel:
    settings = PanelSettings("s1", receiver.address, secret=SECRET, allows_private_addresses=True, now=lambda: NOW)
    return WebhookPanel(settings, monotonic)


def public_panel(url: str = "https://panel.example.com/hook") -> WebhookPanel:
    return WebhookPanel(PanelSettings("s1", url, secret=SECRET, now=lambda: NOW))


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(
        "kajoom.gateways.panels.addresses.socket", SimpleNamespace(SOCK_STREAM=1, getaddrinfo=lambda *_, **__: found)
    )


# --- what is sent ---


def test_message_is_verified_by_the_library_of_the_standard(receiver: Receiver, panel: WebhookPanel) -> None:
    assert panel.change(CHANGE).status is P.PENDING
    [message] = receiver.messages
    with time_machine.travel(NOW, tick=False):  # the library reads the clock of the machine
        content = Webhook(SECRET).verify(message.body, message.headers)
    assert content == {
        "type": "account.change",
        "data": {"server": "s1", "service": "S1", "account": "boreal", "package": "web-b"},
    }
    assert message.headers["webhook-id"] == "provision-K4210"
    assert message.headers["content-type"] == "application/json"


def test_each_request_has_its_type(receiver: Receiver, panel: WebhookPanel) -> None:
    for act, key in ((panel.suspend, "k1"), (panel.unsuspend, "k2"), (panel.terminate, "k3")):
        assert act(BOREAL, key).status is P.PENDING
    sent = [(each.headers["webhook-id"], json.loads(each.body)["type"]) for each in receiver.messages]
    assert sent == [("k1", "account.suspend"), ("k2", "account.unsuspend"), ("k3", "account.terminate")]


def test_retry_has_the_same_id_and_body(receiver: Receiver, panel: WebhookPanel) -> None:
    receiver.answers.extend([(500, {}), (0, {}), (202, {})])
    results = [panel.change(CHANGE).status for _ in range(3)]
    assert results == [P.UNKNOWN, P.UNKNOWN, P.PENDING]
    assert {(each.headers["webhook-id"], each.body) for each in receiver.messages} == {
        ("provision-K4210", receiver.messages[0].body)
    }


def test_account_cannot_be_read(panel: WebhookPanel) -> None:
    reading = panel.read(BOREAL)
    assert (reading.status, reading.package, reading.is_supported) == (AccountStatus.UNKNOWN, "", False)


# --- what is answered ---


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_refusal_goes_to_a_person_and_no_redirect_is_followed(
    receiver: Receiver, panel: WebhookPanel, status: int
) -> None:
    receiver.answers.append((status, {"Location": receiver.address}))
    assert panel.change(CHANGE) == PanelResult(P.REFUSED, f"HTTP {status}")
    assert len(receiver.messages) == 1


def test_receiver_that_is_gone_is_sent_nothing_more(receiver: Receiver, panel: WebhookPanel) -> None:
    receiver.answers.append((410, {}))
    results = [panel.change(CHANGE), panel.suspend(BOREAL, "k")]
    assert {result.status for result in results} == {P.REFUSED}
    assert all(result.reason.startswith("HTTP 410: ") for result in results)
    assert len(receiver.messages) == 1


@pytest.mark.parametrize(
    ("status", "text", "seconds"),
    [
        (429, "120", 120),
        (503, "120", 120),
        (503, format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (429, "99999999999", 3600),
        (429, "soon", 0),
        (429, "-5", 0),
        (503, format_datetime(NOW - timedelta(days=1), usegmt=True), 0),
    ],
)
def test_nothing_is_sent_until_the_receiver_asks_for_it_again(
    receiver: Receiver, panel: WebhookPanel, monotonic: FakeMonotonic, status: int, text: str, seconds: int
) -> None:
    receiver.answers.append((status, {"Retry-After": text}))
    assert panel.change(CHANGE).status is P.UNKNOWN
    if seconds:
        monotonic.seconds += seconds - 1
        assert panel.change(CHANGE).reason.startswith("not asked: ")
        assert len(receiver.messages) == 1
        monotonic.seconds += 1
    assert panel.change(CHANGE).status is P.PENDING


def test_receiver_that_does_not_listen_is_unknown() -> None:
    settings = PanelSettings("s1", "http://127.0.0.1:1/", secret=SECRET, allows_private_addresses=True, now=lambda: NOW)
    assert WebhookPanel(settings).change(CHANGE).status is P.UNKNOWN


# --- where it is sent ---


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.0.0.1"], ["172.16.0.1"], ["192.168.1.1"], ["169.254.169.254"], ["100.64.0.1"], ["0.0.0.0"],
        ["224.0.0.1"], ["255.255.255.255"], ["::1"], ["::"], ["fe80::1%eth0"], ["fd00::1"], ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["2001:0:1:1:1:1:1:1"], ["ff02::1"], ["93.184.216.34", "10.0.0.1"],
    ],
)  # fmt: skip
def test_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> None:
    resolve_to(monkeypatch, *addresses)
    monkeypatch.setattr("kajoom.gateways.panels.webhook.send", lambda *_, **__: pytest.fail("sent"))
    assert public_panel().change(CHANGE) == PanelResult(P.REFUSED, "The address of the server is on a private network.")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://localhost/", "http://127.0.0.1/"])
def test_private_address_may_not_be_written_as_a_number_either(url: str) -> None:
    assert public_panel(url).change(CHANGE).status is P.REFUSED


def test_name_without_an_address_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise socket.gaierror

    monkeypatch.setattr("kajoom.gateways.panels.addresses.socket", SimpleNamespace(SOCK_STREAM=1, getaddrinfo=fail))
    assert public_panel().change(CHANGE) == PanelResult(P.UNKNOWN, "no address")


def test_checked_address_is_asked_by_https_for_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The name is looked up once: a name that is given a private address a moment later changes nothing."""
    trusted, certificate = tmp_path / "authority.pem", tmp_path / "panel.pem"
    trusted.write_bytes(authority(OURS).certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr("kajoom.gateways.panels.addresses._is_public", lambda _: True)
    results = []
    for host in ("panel.example.com", "other.example.com"):
        made = signer(host)
        key = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate.write_bytes(key + made.chain)
        with Receiver(str(certificate)) as receiver:
            resolve_to(monkeypatch, "127.0.0.1")
            panel = public_panel(f"https://panel.example.com:{receiver.port}/hook")
            results.append((panel.change(CHANGE).status, [each.headers["host"] for each in receiver.messages]))
            port = receiver.port
        if host == "panel.example.com":
            assert results == [(P.PENDING, [f"panel.example.com:{port}"])]
    assert results[1] == (P.UNKNOWN, [])


# --- what comes back ---


def signed(
    content: object, at: datetime = NOW, secret: str = SECRET, message_id: str = "msg_1"
) -> tuple[dict[str, str], bytes]:
    body = content if isinstance(content, str) else json.dumps(content)
    headers = {
        "Webhook-Id": message_id,
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign(message_id, at, body),
    }
    return headers, body.encode()


def done(key: str = "provision-K4210") -> dict[str, Any]:
    return {"type": "account.done", "data": {"id": key}}


def test_message_signed_by_the_library_of_the_standard_is_read(panel: WebhookPanel) -> None:
    assert panel.callback(*signed(done()), NOW) == PanelCallback("msg_1", "s1", "provision-K4210", PanelResult(P.DONE))
    failed = {"type": "account.failed", "data": {"id": "k1", "reason": "disk <b>full</b>\u0000\ud800\n!"}}
    assert panel.callback(*signed(failed), NOW).result == PanelResult(P.REFUSED, "disk <b>full</b> !")


def test_one_of_several_signatures_suffices(panel: WebhookPanel) -> None:
    headers, body = signed(done())
    headers["Webhook-Signature"] = f"v1a,x v1,AAAA {headers['Webhook-Signature']}"
    assert panel.callback(headers, body, NOW).key == "provision-K4210"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_message_of_another_time_is_refused(panel: WebhookPanel, seconds: int) -> None:
    headers, body = signed(done(), NOW + timedelta(seconds=seconds))
    with pytest.raises(InvalidSignature, match="within five minutes"):
        panel.callback(headers, body, NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,"},
        {"Webhook-Signature": "v1,é"},
        {"Webhook-Signature": "v2,AAAA"},
        {"Webhook-Id": "msg_2"},
        {"Webhook-Id": ""},
        {"Webhook-Id": "é"},
        {"Webhook-Timestamp": str(int(NOW.timestamp()) + 1)},
        {"Webhook-Timestamp": "now"},
        {"Webhook-Timestamp": "9" * 400},
    ],
)
def test_message_with_another_header_is_refused(panel: WebhookPanel, changed: dict[str, str]) -> None:
    headers, body = signed(done())
    with pytest.raises(InvalidSignature):
        panel.callback(headers | changed, body, NOW)


def test_message_with_another_body_or_secret_is_refused(panel: WebhookPanel) -> None:
    headers, body = signed(done())
    with pytest.raises(InvalidSignature):
        panel.callback(headers, body + b" ", NOW)
    with pytest.raises(InvalidSignature):
        panel.callback(*signed(done(), secret=OTHER_SECRET), NOW)


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        pytest.param("[" * 60_000, id="nested"),
        [],
        {"type": "account.done"},
        {"type": "account.done", "data": []},
        {"type": "account.done", "data": {"id": 7}},
        {"type": "account.done", "data": {"id": "k\u0000"}},
        pytest.param({"type": "account.done", "data": {"id": "k" * 121}}, id="long"),
        {"type": ["account.done"], "data": {"id": "k1"}},
        {"type": "account.suspend", "data": {"id": "k1"}},
    ],
)
def test_signed_message_of_another_form_is_refused(panel: WebhookPanel, content: object) -> None:
    with pytest.raises(InvalidSignature, match="signed, but not"):
        panel.callback(*signed(content), NOW)


@pytest.mark.parametrize("secret", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_é", "whsec_" + "A" * 100])
def test_secret_of_another_form_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="SECRET must be whsec_ and 24 to 64 random bytes in base64"):
        WebhookPanel(PanelSettings("s1", "https://panel.example.com", secret=secret, now=lambda: NOW))
