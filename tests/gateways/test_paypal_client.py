"""The wire to PayPal: one token for all, asked again when it must be, and no answer believed that cannot be read."""

from __future__ import annotations

import pytest

from kajoom.gateways.paypal import client as client_module
from kajoom.gateways.paypal.client import NO_RESPONSE, ApiResponse, PayPalClient
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake
from tests.paypal.server import FakePayPal

__all__ = ["fake"]

_UNSEEN = "/v2/checkout/orders/UNSEEN"


class Watch:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def client(fake: FakePayPal, watch: Watch) -> PayPalClient:
    return PayPalClient(f"{fake.address}/", "client", "secret", watch)


def paths(fake: FakePayPal) -> list[str]:
    return [request.path for request in fake.api.requests]


def test_a_token_serves_until_shortly_before_it_ends(client: PayPalClient, fake: FakePayPal, watch: Watch) -> None:
    for seconds, tokens in ((0, 1), (32_339, 1), (1, 2)):
        watch.seconds += seconds
        assert client.request("GET", _UNSEEN).status == 404
        assert len(fake.api.tokens) == tokens


def test_a_token_refused_is_replaced_once(client: PayPalClient, fake: FakePayPal) -> None:
    client.request("GET", _UNSEEN)
    fake.api.tokens.clear()
    assert client.request("GET", _UNSEEN).status == 404
    assert paths(fake).count("/v1/oauth2/token") == 2

    fake.faults.plan(Fault.UNAUTHORISED, "GET")
    fake.faults.plan(Fault.UNAUTHORISED, "GET")
    assert client.request("GET", _UNSEEN).status == 401
    assert paths(fake).count(_UNSEEN) == 5


def test_a_wrong_secret_asks_nothing_more(fake: FakePayPal) -> None:
    assert PayPalClient(fake.address, "client", "wrong").request("GET", _UNSEEN).status == 401
    assert paths(fake) == ["/v1/oauth2/token"]


@pytest.mark.parametrize("fault", [Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.GARBAGE_AFTER, Fault.ERROR_BEFORE])
def test_a_token_that_is_lost_is_an_answer_that_is_lost(client: PayPalClient, fake: FakePayPal, fault: Fault) -> None:
    fake.faults.plan(fault, "token")
    assert client.request("GET", _UNSEEN).status == 0
    assert client.request("GET", _UNSEEN).status == 404


def test_nobody_there_is_an_answer_that_is_lost(fake: FakePayPal) -> None:
    fake.faults.plan(Fault.CUT_BEFORE)
    assert PayPalClient("http://127.0.0.1:9", "client", "secret").request("GET", _UNSEEN) == NO_RESPONSE


def test_no_redirect_is_followed(client: PayPalClient, fake: FakePayPal) -> None:
    fake.faults.plan(Fault.MOVED, "GET")
    assert not client.request("GET", _UNSEEN).is_success
    assert "/elsewhere" not in paths(fake)


def test_an_answer_without_end_is_lost(client: PayPalClient, fake: FakePayPal, monkeypatch: pytest.MonkeyPatch) -> None:
    client.request("GET", _UNSEEN)
    monkeypatch.setattr(client_module, "MAX_RESPONSE_BYTES", 10)
    assert client.request("GET", _UNSEEN) == NO_RESPONSE


def test_an_answer_that_drips_is_lost(fake: FakePayPal) -> None:
    """Each look at the watch is a minute later."""

    class Hurried(Watch):
        def __call__(self) -> float:
            self.seconds += 60
            return self.seconds

    assert PayPalClient(fake.address, "client", "secret", Hurried()).request("GET", _UNSEEN) == NO_RESPONSE


def test_paypal_is_left_alone_for_as_long_as_it_asks(client: PayPalClient, fake: FakePayPal, watch: Watch) -> None:
    fake.faults.retry_after = "30"
    fake.faults.plan(Fault.TOO_MANY, "GET")
    assert client.request("GET", _UNSEEN).status == 429
    asked = len(fake.api.requests)

    watch.seconds += 29
    assert client.request("GET", _UNSEEN).status == 429
    assert len(fake.api.requests) == asked
    watch.seconds += 1
    assert client.request("GET", _UNSEEN).status == 404


@pytest.mark.parametrize("asked", ["999999999999", "86400"])
def test_paypal_is_not_left_alone_for_ever(client: PayPalClient, fake: FakePayPal, watch: Watch, asked: str) -> None:
    fake.faults.retry_after = asked
    fake.faults.plan(Fault.TOO_MANY, "GET")
    client.request("GET", _UNSEEN)
    watch.seconds += 300
    assert client.request("GET", _UNSEEN).status == 404


def test_a_date_to_come_back_is_no_reason_to_be_silent(client: PayPalClient, fake: FakePayPal) -> None:
    fake.faults.retry_after = "Wed, 21 Oct 2026 07:28:00 GMT"
    fake.faults.plan(Fault.TOO_MANY, "GET")
    client.request("GET", _UNSEEN)
    assert client.request("GET", _UNSEEN).status == 404


def test_a_file_is_fetched_without_saying_who_asks(client: PayPalClient, fake: FakePayPal) -> None:
    assert client.fetch(fake.certificate_url()) == fake.certificates["CERT-good"]
    assert client.fetch(fake.certificate_url("CERT-none")) is None
    assert client.fetch("http://127.0.0.1:9/") is None
    assert not fake.api.tokens


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
def test_the_most_precise_code_is_the_issue(body: dict[str, object], issue: str) -> None:
    assert ApiResponse(422, body).issue == issue
