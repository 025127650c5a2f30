"""A payment provider as it is used by requests and by the worker: with a time limit and a circuit breaker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import TypeVar

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.ports import Capture, ChargeRequest, PaymentProvider, ProviderResult, Refund
from kajoom.gateways.time_limit import TimeLimit

NO_ANSWER = ProviderResult(AttemptStatus.UNKNOWN, reason="no_answer")
_NOT_ASKED = ProviderResult(AttemptStatus.REFUSED, reason="not_asked")
# An outcome that is unknown after so long counts as no answer; an error that comes at once delays nobody.
_SLOW_SECONDS = 1.0

_Request = TypeVar("_Request", ChargeRequest, Refund)


class LimitedProvider:
    """A provider that is waited for until the end of ``limit``, after which the outcome is unknown.

    It is not asked at all while ``breaker`` does not allow it, unless ``asks_always``. ``monotonic`` returns seconds.
    """

    def __init__(
        self,
        provider: PaymentProvider,
        limit: TimeLimit,
        breaker: CircuitBreaker,
        *,
        asks_always: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._limit = limit
        self._breaker = breaker
        self._asks_always = asks_always
        self._monotonic = monotonic
        self.code = provider.code
        self.can_save = provider.can_save
        self.needs_approval = provider.needs_approval

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """As the provider's own. One that takes the money at once and was not asked has refused it."""
        result = self._call(self._provider.charge, charge)
        return result or (NO_ANSWER if self.needs_approval else _NOT_ASKED)

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """As the provider's own."""
        return self._call(self._provider.look_up, charge) or NO_ANSWER

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """As the provider's own."""
        return self._call(self._provider.capture, charge) or NO_ANSWER

    def refund(self, refund: Refund) -> ProviderResult:
        """As the provider's own; a refund that was not sent is asked for again, as one whose answer was lost."""
        return self._call(self._provider.refund, refund) or NO_ANSWER

    def captures(self, day: date) -> Iterable[Capture]:
        """As the provider's own, without a limit: only staff and the worker reconcile."""
        return self._provider.captures(day)

    def has_saved_account(self, token: str) -> bool:
        """As the provider's own, without a limit: only the worker checks saved accounts."""
        return self._provider.has_saved_account(token)

    def delete_saved_account(self, token: str) -> None:
        """As the provider's own, without a limit: only the worker deletes saved accounts."""
        self._provider.delete_saved_account(token)

    def _call(self, method: Callable[[_Request], ProviderResult], request: _Request) -> ProviderResult | None:
        """The result of a method, ``None`` when it was not called."""
        if not self._limit.seconds_left or not (self._asks_always or self._breaker.begin()):
            return None
        start, result = self._monotonic(), None
        try:
            result = self._limit.call(method, request)
        finally:
            is_slow = self._monotonic() - start >= _SLOW_SECONDS
            answered = result is not None and not (result.status is AttemptStatus.UNKNOWN and is_slow)
            (self._breaker.record if self._asks_always else self._breaker.end)(answered=answered)
        return result or NO_ANSWER
