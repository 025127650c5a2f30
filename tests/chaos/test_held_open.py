"""No request holds the others up: /healthz answers while slow clients, a silent provider and hashing are under way."""

from __future__ import annotations

import json
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import httpx2
import pytest

from tests.chaos.live_server import LiveServer, served, token_in

HEALTH_CHECKS = 8
"""Enough for both processes to be asked."""

FORM = b"Host: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
HELD = {
    "nothing sent": b"",
    "half of the headers": b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    "half of the body": b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: 100\r\n\r\nemail=a",
    "half of a chunk": b"POST /login HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n64\r\nemail=a",
    "a false end": b"POST /login HTTP/1.1\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n64\r\na\r\n0\r\n\r\n",
    "the start of 10 MB": b"POST /login HTTP/1.1\r\n" + FORM + b"Content-Length: 10000000\r\n\r\nemail=a",
    "a response not read": b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
    "a connection not used": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
}
"""What a client sends before it waits."""


@pytest.fixture(scope="module")
def silent_paypal() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener.getsockname()[1]


@pytest.fixture(scope="module")
def server(silent_paypal: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The demonstration with a PayPal that does not answer."""
    paypal = {
        "KAJOOM_PAYPAL_BASE_URL": f"http://127.0.0.1:{silent_paypal}",
        "KAJOOM_PAYPAL_CLIENT_ID": "client",
        "KAJOOM_PAYPAL_SECRET": "secret",
        "KAJOOM_PAYPAL_WEBHOOK_ID": "WEBHOOK-TEST",
    }
    with served(tmp_path_factory.mktemp("held"), **paypal) as server:
        yield server


@pytest.mark.parametrize("connections", [2, 7, 40])
@pytest.mark.parametrize("sent", HELD)
def test_half_sent_requests_occupy_no_thread(server: LiveServer, sent: str, connections: int) -> None:
    with ExitStack() as stack:
        held = [stack.enter_context(server.connect(HELD[sent])) for _ in range(connections)]
        assert all(server.is_alive() for _ in range(HEALTH_CHECKS))
        assert all(each.fileno() >= 0 for each in held)


def test_half_sent_request_is_answered_once_it_is_whole(server: LiveServer) -> None:
    with server.connect(b"GET /healthz HTTP/1.1\r\nHost: 127") as connection:
        assert server.is_alive()
        connection.sendall(b".0.0.1\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"


def test_body_asked_for_by_100_continue_is_received(server: LiveServer) -> None:
    head = b"POST /nowhere HTTP/1.1\r\n" + FORM + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    with server.connect(head) as connection:
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=b&c")
        assert b"HTTP/1.1 4" in connection.recv(1000) + connection.recv(1000)


def test_several_requests_sent_at_once_are_all_answered(server: LiveServer) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with server.connect(request * 3 + last) as connection:
        received = b""
        while data := connection.recv(4096):
            received += data
    assert received.count(b"HTTP/1.1 200 OK") == 4


def test_twenty_wrong_sign_ins_at_once(server: LiveServer) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        browsers = [stack.enter_context(server.browser(from_address="127.0.0.2")) for _ in range(20)]
        tokens = [token_in(browser.get("/login").text) for browser in browsers]
        forms = [
            {"csrf_token": token, "email": f"{number % 2 or 'fr'}@example.com", "password": "not the password"}
            for number, token in enumerate(tokens)
        ]
        answers = [
            pool.submit(browser.post, "/login", data=form) for browser, form in zip(browsers, forms, strict=True)
        ]
        while not all(answer.done() for answer in answers):
            assert server.is_alive()
        statuses = [answer.result().status_code for answer in answers]
        refused = [answer.result() for answer in answers if answer.result().status_code == 429]
    assert set(statuses) <= {422, 429}
    assert 422 in statuses
    assert all(int(response.headers["Retry-After"]) > 0 for response in refused)


def test_eight_forged_webhooks_at_once(server: LiveServer, silent_paypal: int) -> None:
    event = json.dumps({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "CAPTURE1"}})

    def forge(number: int) -> int:
        headers = {
            "Content-Type": "application/json",
            "Paypal-Auth-Algo": "SHA256withRSA",
            "Paypal-Transmission-Id": f"{number}a2b3c4d-0000-11f0-8000-000000000000",
            "Paypal-Transmission-Time": datetime.now(UTC).isoformat(),
            "Paypal-Transmission-Sig": b64encode(bytes(256)).decode(),
            "Paypal-Cert-Url": f"http://127.0.0.1:{silent_paypal}/v1/notifications/certs/CERT-{number}",
        }
        with server.browser() as browser:
            return browser.post("/webhooks/paypal", content=event, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(forge, number) for number in range(8)]
        while not all(answer.done() for answer in answers):
            assert server.is_alive()
    assert {answer.result() for answer in answers} <= {400, 503}


def test_payment_at_a_provider_that_does_not_answer(server: LiveServer) -> None:
    def pay(email: str) -> str:
        with server.browser(email) as browser:
            order = next(_orders_to_pay(browser))
            form = {"csrf_token": token_in(browser.get(order).text), "method": "paypal"}
            return browser.post(f"{order}/payment", data=form).text

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(pay, email) for email in ("fr@example.com", "en@example.com")]
        while not all(answer.done() for answer in answers):
            assert server.is_alive()
    assert all('data-status="awaiting_payment"' in answer.result() for answer in answers)
    assert all(re.search("votre paiement PayPal…|your PayPal payment…", answer.result()) for answer in answers)


def _orders_to_pay(browser: httpx2.Client) -> Iterator[str]:
    """The addresses of the orders of a client that await their payment."""
    for order in sorted(set(re.findall(r"/orders/CH-[\d-]+", browser.get("/services").text))):
        if 'data-status="awaiting_payment"' in browser.get(order).text:
            yield order
