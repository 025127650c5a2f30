"""A provider in a request: three seconds in all, and not asked at all while it is known not to answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event, Thread

import pytest

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.limited_provider import LimitedProvider
from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.gateways.ports import ChargeRequest, ProviderResult, Refund
from kajoom.gateways.time_limit import TimeLimit, seconds_left
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider
from tests.gateways.test_paypal_client import FakeMonotonic
from tests.paypal.faults import Fault
from tests.paypal.fixtures import fake, paypal, paypal_client
from tests.paypal.server import FakePayPal

__all__ = ["fake", "paypal", "paypal_client"]

CAPTURED, REFUSED, UNKNOWN = AttemptStatus.CAPTURED, AttemptStatus.REFUSED, AttemptStatus.UNKNOWN
CHARGE = ChargeRequest("k1", "fake", Money(41_72), "2026-0001", "fr", return_url="https://example.com/return")


class SilentProvider(FakeProvider):
    """A provider that does not answer before ``released`` is set; ``left`` is the time that its call still had."""

    needs_approval = True

    def __init__(self) -> None:
        super().__init__()
        self.released = Event()
        self.left = 0.0

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        self.left = seconds_left()
        self.released.wait(30)
        return super().charge(charge)

    look_up = capture = charge

    def refund(self, refund: Refund) -> ProviderResult:
        self.released.wait(30)
        return super().refund(refund)


@pytest.fixture
def silent() -> Iterator[SilentProvider]:
    provider = SilentProvider()
    yield provider
    provider.released.set()


def test_silent_provider_is_waited_for_until_the_limit_and_its_outcome_is_unknown(silent: SilentProvider) -> None:
    start = time.monotonic()
    result = LimitedProvider(silent, TimeLimit(0.1), CircuitBreaker()).charge(CHARGE)
    assert (result.status, result.provider_ref) == (UNKNOWN, "")
    assert 0.1 <= time.monotonic() - start < 2
    assert 0 < silent.left <= 0.1


def test_refund_that_a_provider_does_not_answer_or_is_not_asked_for_is_unknown(silent: SilentProvider) -> None:
    refund, breaker = Refund("r1", "CAP-1", Money(41_72), "2026-0001"), CircuitBreaker()
    for seconds in (0.1, 0.0):
        assert LimitedProvider(silent, TimeLimit(seconds), breaker).refund(refund).status is UNKNOWN
    silent.released.set()
    assert LimitedProvider(silent, TimeLimit(5), breaker, asks_always=True).refund(refund).status is not UNKNOWN


def test_limit_counts_all_calls_of_a_request(silent: SilentProvider) -> None:
    monotonic = FakeMonotonic()
    limit = TimeLimit(3, monotonic)
    provider = LimitedProvider(FakeProvider(), limit, CircuitBreaker())
    assert provider.charge(CHARGE).status is CAPTURED
    monotonic.seconds += 2.9
    assert provider.look_up(CHARGE).status is CAPTURED
    monotonic.seconds += 0.1
    assert provider.look_up(CHARGE).status is UNKNOWN
    assert LimitedProvider(silent, limit, CircuitBreaker()).capture(CHARGE).status is UNKNOWN
    assert silent.left == 0, "it was not called"


def test_each_provider_has_a_limit_of_its_own(silent: SilentProvider) -> None:
    """A client who chooses another provider because the first is silent is served by it in the same request."""
    gateways = Gateways(FakePanel(), FakeMailer(), {"silent": silent, "fake": FakeProvider()})
    providers = gateways._limited(0.05, asks_always=False)
    assert providers["silent"].look_up(CHARGE).status is UNKNOWN
    assert providers["fake"].charge(CHARGE).status is CAPTURED


def test_next_requests_do_not_wait_for_a_silent_provider(silent: SilentProvider) -> None:
    breaker = CircuitBreaker(monotonic=FakeMonotonic())
    LimitedProvider(silent, TimeLimit(0.01), breaker).look_up(CHARGE)
    start = time.monotonic()
    for method in ("charge", "look_up", "capture"):
        provider = LimitedProvider(silent, TimeLimit(5), breaker)
        assert getattr(provider, method)(CHARGE).status is UNKNOWN
    assert time.monotonic() - start < 1


@pytest.mark.slow
def test_few_requests_wait_for_a_provider_at_once(silent: SilentProvider) -> None:
    """A process has more threads than that: the others go on serving pages."""
    breaker = CircuitBreaker(most_waiting=2)
    threads = [
        Thread(target=LimitedProvider(silent, TimeLimit(1), breaker).look_up, args=(CHARGE,), daemon=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    while breaker.begin():
        breaker.end(answered=True)
    assert LimitedProvider(silent, TimeLimit(5), breaker).look_up(CHARGE).status is UNKNOWN
    for thread in threads:
        thread.join()


def test_provider_that_takes_money_at_once_refuses_a_charge_it_was_not_asked_for() -> None:
    breaker, provider = CircuitBreaker(), FakeProvider()
    breaker.record(answered=False)
    assert LimitedProvider(provider, TimeLimit(5), breaker).charge(CHARGE).status is REFUSED
    assert not provider.requests


def test_quick_unknown_outcome_does_not_stop_the_next_request() -> None:
    breaker, provider = CircuitBreaker(), FakeProvider(ProviderResult(UNKNOWN))
    assert LimitedProvider(provider, TimeLimit(5), breaker).charge(CHARGE).status is UNKNOWN
    assert LimitedProvider(provider, TimeLimit(5), breaker).look_up(CHARGE).status is CAPTURED


def test_slow_unknown_outcome_stops_the_next_request() -> None:
    """A connection that cannot be made takes two seconds."""

    class SlowClock(FakeMonotonic):
        def __call__(self) -> float:
            self.seconds += 2
            return self.seconds

    breaker, provider = CircuitBreaker(), FakeProvider(ProviderResult(UNKNOWN))
    LimitedProvider(provider, TimeLimit(5), breaker, monotonic=SlowClock()).charge(CHARGE)
    assert not breaker.begin()


def test_worker_asks_a_provider_that_did_not_answer_and_its_answer_lets_requests_ask_again() -> None:
    breaker = CircuitBreaker()
    breaker.record(answered=False)
    provider = FakeProvider()
    assert LimitedProvider(provider, TimeLimit(60), breaker, asks_always=True).charge(CHARGE).status is CAPTURED
    assert LimitedProvider(provider, TimeLimit(3), breaker).look_up(CHARGE).status is CAPTURED


def test_error_of_a_provider_is_raised_to_its_caller() -> None:
    class Failing(FakeProvider):
        def charge(self, charge: ChargeRequest) -> ProviderResult:
            raise ArithmeticError(charge.key)

    with pytest.raises(ArithmeticError):
        LimitedProvider(Failing(), TimeLimit(5), CircuitBreaker()).charge(CHARGE)


def test_paypal_sends_nothing_after_its_caller_has_given_up(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """The token comes late: the order must not be created minutes after the client has chosen another way."""
    fake.faults.plan(Fault.SLOW_BEFORE, "token")
    limited = LimitedProvider(paypal, TimeLimit(0.2), CircuitBreaker())
    assert limited.charge(replace(CHARGE, provider="paypal")).status is UNKNOWN
    fake.faults.released.set()
    time.sleep(0.2)
    assert not fake.ledger.orders


def test_token_is_waited_for_within_the_limit(paypal: PayPalProvider, fake: FakePayPal) -> None:
    """One thread asks for the token, the others wait for it, each no longer than its own limit."""
    fake.faults.plan(Fault.SLOW_BEFORE, "token")
    first = Thread(target=paypal.charge, args=(CHARGE,), daemon=True)
    first.start()
    assert fake.faults.arrived.wait(5)
    start = time.monotonic()
    assert LimitedProvider(paypal, TimeLimit(0.2), CircuitBreaker()).charge(CHARGE).status is UNKNOWN
    assert time.monotonic() - start < 2
    fake.faults.released.set()
    first.join()
