"""The circuit breaker: a silent system is left alone for a while, then asked by one call at a time."""

from __future__ import annotations

import pytest

from kajoom.gateways.circuit_breaker import CircuitBreaker
from tests.gateways.test_paypal_client import FakeMonotonic


@pytest.fixture
def monotonic() -> FakeMonotonic:
    return FakeMonotonic()


@pytest.fixture
def breaker(monotonic: FakeMonotonic) -> CircuitBreaker:
    return CircuitBreaker(pause=30, most_waiting=2, monotonic=monotonic)


def test_answering_system_is_asked_by_a_limited_number_of_calls_at_once(breaker: CircuitBreaker) -> None:
    assert [breaker.begin() for _ in range(3)] == [True, True, False]
    breaker.end(answered=True)
    assert breaker.begin()


def test_silent_system_is_not_asked_before_the_end_of_the_pause(
    breaker: CircuitBreaker, monotonic: FakeMonotonic
) -> None:
    assert breaker.begin()
    breaker.end(answered=False)
    monotonic.seconds += 29
    assert not breaker.begin()


def test_one_call_asks_after_the_pause_and_the_others_when_it_was_answered(
    breaker: CircuitBreaker, monotonic: FakeMonotonic
) -> None:
    breaker.record(answered=False)
    monotonic.seconds += 30
    assert [breaker.begin() for _ in range(2)] == [True, False]
    breaker.end(answered=True)
    assert [breaker.begin() for _ in range(2)] == [True, True]


def test_second_silence_begins_another_pause(breaker: CircuitBreaker, monotonic: FakeMonotonic) -> None:
    breaker.record(answered=False)
    monotonic.seconds += 30
    assert breaker.begin()
    breaker.end(answered=False)
    monotonic.seconds += 29
    assert not breaker.begin()
    monotonic.seconds += 1
    assert breaker.begin()


def test_answer_of_the_worker_ends_the_pause(breaker: CircuitBreaker) -> None:
    breaker.record(answered=False)
    breaker.record(answered=True)
    assert breaker.begin()
