"""The PayPal HTTP client: access tokens, lost responses, limits and Retry-After."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kajoom.gateways.paypal import client as client_module
from kajoom.gateways.paypal.client import NO_RESPONSE, ApiResponse, PayPalClient
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake
from tests.paypal.server import FakePayPal

__all__ = ["fake"]

_UNKNOWN_ORDER = "/v2/checkout/orders/UNSEEN"


class FakeMonotonic:
    """A monotonic clock whose ``seconds`` are set by the tests."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def monotonic() -> FakeMonotonic:
    return FakeMonotonic()


@pytest.fixture
def client(fake: FakePayPal, monotonic: FakeMonotonic) -> PayPalClient:
    return PayPalClient(f"{fake.address}/", "client", "secret", monotonic)


def paths(fake: FakePayPal) -> list[str]:
    return [request.path for request in fake.api.requests]


def test_token_is_used_until_shortly_before_it_expires(
    client: PayPalClient, fake: FakePayPal, monotonic: FakeMonotonic
) -> None:
    for seconds, tokens in ((0, 1), (32_339, 1), (1, 2)):
        monotonic.seconds += seconds
        assert client.request("GET", _UNKNOWN_ORDER).status == 404
        assert len(fake.api.tokens) == tokens


def test_threads_share_one_token(client: PayPalClient, fake: FakePayPal) -> None:
    with ThreadPoolExecutor(8) as threads:
        responses = list(threads.map(lambda _: client.request("GET", _UNKNOWN_ORDER), range(16)))
    assert {response.status for response in responses} == {404}
    assert len(fake.api.tokens) == 1


def test_rejected_token_is_replaced_once(client: PayPalClient, fake: FakePayPal) -> None:
    client.request("GET", _UNKNOWN_ORDER)
    fake.api.tokens.clear()
    assert client.request("GET", _UNKNOWN_ORDER).status == 404
    assert paths(fake).count("/v1/oauth2/token") == 2

    fake.faults.plan(Fault.UNAUTHORISED, "GET")
    fake.faults.plan(Fault.UNAUTHORISED, "GET")
    assert client.request("GET", _UNKNOWN_ORDER).status == 401
    assert paths(fake).count(_UNKNOWN_ORDER) == 5


def test_wrong_secret_sends_no_other_request(fake: FakePayPal) -> None:
    assert PayPalClient(fake.address, "client", "wrong").request("GET", _UNKNOWN_ORDER).status == 401
    assert paths(fake) == ["/v1/oauth2/token"]


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.GARBAGE_AFTER, Fault.ERROR_BEFORE])
def test_lost_token_response_is_a_lost_response(client: PayPalClient, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.plan(fault, "token")
    assert client.request("GET", _UNKNOWN_ORDER).status == 0
    assert client.request("GET", _UNKNOWN_ORDER).status == 404


def test_unreachable_server_is_a_lost_response(fake: FakePayPal) -> None:
    fake.faults.plan(Fault.CUT_BEFORE)
    assert PayPalClient("http://127.0.0.1:9", "client", "secret").request("GET", _UNKNOWN_ORDER) == NO_RESPONSE


def test_redirects_are_not_followed(client: PayPalClient, fake: FakePayPal) -> None:
    fake.faults.plan(Fault.MOVED, "GET")
    assert not client.request("GET", _UNKNOWN_ORDER).is_success
    assert "/elsewhere" not in paths(fake)


def test_response_over_the_size_limit_is_lost(
    client: PayPalClient, fake: FakePayPal, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.request("GET", _UNKNOWN_ORDER)
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 10)
    assert client.request("GET", _UNKNOWN_ORDER) == NO_RESPONSE


def test_response_over_the_time_limit_is_lost(fake: FakePayPal) -> None:
    """Each reading of the clock is a minute later."""

    class FastClock(FakeMonotonic):
        def __call__(self) -> float:
            self.seconds += 60
            return self.seconds

    assert PayPalClient(fake.address, "client", "secret", FastClock()).request("GET", _UNKNOWN_ORDER) == NO_RESPONSE


def test_no_request_is_sent_until_the_end_of_retry_after(
    client: PayPalClient, fake: FakePayPal, monotonic: FakeMonotonic
) -> None:
    fake.faults.retry_after = "30"
    fake.faults.plan(Fault.TOO_MANY, "GET")
    assert client.request("GET", _UNKNOWN_ORDER).status == 429
    count = len(fake.api.requests)

    monotonic.seconds += 29
    assert client.request("GET", _UNKNOWN_ORDER).status == 429
    assert len(fake.api.requests) == count
    monotonic.seconds += 1
    assert client.request("GET", _UNKNOWN_ORDER).status == 404


@pytest.mark.parametrize("seconds", ["999999999999", "86400"])
def test_retry_after_is_limited(client: PayPalClient, fake: FakePayPal, monotonic: FakeMonotonic, seconds: str) -> None:
    fake.faults.retry_after = seconds
    fake.faults.plan(Fault.TOO_MANY, "GET")
    client.request("GET", _UNKNOWN_ORDER)
    monotonic.seconds += 300
    assert client.request("GET", _UNKNOWN_ORDER).status == 404


def test_retry_after_with_a_date_is_ignored(client: PayPalClient, fake: FakePayPal) -> None:
    fake.faults.retry_after = "Wed, 21 Oct 2026 07:28:00 GMT"
    fake.faults.plan(Fault.TOO_MANY, "GET")
    client.request("GET", _UNKNOWN_ORDER)
    assert client.request("GET", _UNKNOWN_ORDER).status == 404


def test_file_is_fetched_without_credentials(client: PayPalClient, fake: FakePayPal) -> None:
    assert client.fetch(fake.certificate_url()) == fake.certificates["CERT-good"]
    assert client.fetch(fake.certificate_url("CERT-none")) is None
    assert client.fetch("http://127.0.0.1:9/") is None
    assert not fake.api.tokens


@pytest.mark.slow
def test_silent_file_server_is_waited_for_at_most_three_seconds(client: PayPalClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert client.fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/") is None
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("body", "issue"),
    [
        ({"name": "N", "details": [{"issue": "I"}]}, "I"),
        ({"name": "N", "details": []}, "N"),
        ({"name": "N", "details": {"issue": "I"}}, "N"),
        ({"error": "invalid_client"}, "invalid_client"),
        ({}, ""),
    ],
)
def test_issue_is_the_most_precise_code(body: dict[str, object], issue: str) -> None:
    assert ApiResponse(422, body).issue == issue
