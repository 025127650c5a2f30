"""A hosting panel as the worker uses it: with a time limit for each call and a circuit breaker for its server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from kajoom.gateways.circuit_breaker import CircuitBreaker
from kajoom.gateways.panel_port import (
    PANEL_SECONDS,
    AccountStatus,
    CallbackPanel,
    PackageChange,
    Panel,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelStatus,
)
from kajoom.gateways.time_limit import TimeLimit

_NO_ANSWER = PanelResult(PanelStatus.UNKNOWN, "no answer")
_NOT_ASKED = PanelResult(PanelStatus.UNKNOWN, "not asked: the server has not answered")
_NOT_KNOWN = frozenset({PanelStatus.PENDING, PanelStatus.UNKNOWN})
_NO_READING = PanelReading(AccountStatus.UNKNOWN)
# An outcome that is unknown after so long counts as no answer; an error that comes at once delays nobody.
_SLOW_SECONDS = 1.0

Answer = TypeVar("Answer", PanelResult, PanelReading)


class LimitedPanel:
    """A panel whose every call is waited for ``seconds``, after which its outcome is unknown.

    It is not asked at all while ``breaker`` does not allow it: the changes of one dead server do not delay those of
    the others. What a ``CallbackPanel`` has reported of a request, by its key, is the result (``answer_to``).
    ``monotonic`` returns seconds.
    """

    def __init__(
        self,
        panel: Panel,
        breaker: CircuitBreaker,
        answer_to: Callable[[str], PanelResult | None] | None = None,
        seconds: float = PANEL_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._panel = panel
        self.can_read = panel.can_read
        self._breaker = breaker
        self._answer_to = answer_to if answer_to and isinstance(panel, CallbackPanel) else None
        self._seconds = seconds
        self._monotonic = monotonic

    def change(self, change: PackageChange) -> PanelResult:
        """As the panel's own."""
        return self._ask(change.key, lambda: self._panel.change(change))

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """As the panel's own."""
        return self._ask(key, lambda: self._panel.suspend(account, key))

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """As the panel's own."""
        return self._ask(key, lambda: self._panel.unsuspend(account, key))

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """As the panel's own."""
        return self._ask(key, lambda: self._panel.terminate(account, key))

    def read(self, account: PanelAccount) -> PanelReading:
        """As the panel's own; one that asks nobody says nothing about whether the server answers."""
        if not self._panel.can_read:
            return self._panel.read(account)
        if not self._breaker.begin():
            return _NO_READING
        return self._call(lambda: self._panel.read(account), lambda each: each.status is AccountStatus.UNKNOWN) or (
            _NO_READING
        )

    def _ask(self, key: str, request: Callable[[], PanelResult]) -> PanelResult:
        reported = self._reported(key)
        if reported is not None:
            return reported
        if not self._breaker.begin():
            return _NOT_ASKED
        result = self._call(request, lambda result: result.status is PanelStatus.UNKNOWN) or _NO_ANSWER
        # The panel may have reported what it did before it answered.
        return (self._reported(key) or result) if result.status in _NOT_KNOWN else result

    def _reported(self, key: str) -> PanelResult | None:
        return self._answer_to(key) if self._answer_to else None

    def _call(self, request: Callable[[], Answer], is_unknown: Callable[[Answer], bool]) -> Answer | None:
        """The answer to a request, ``None`` when there is none in time; ``begin`` has allowed the call."""
        start, answered = self._monotonic(), True
        try:
            answer = TimeLimit(self._seconds, self._monotonic).call(lambda _: request(), None)
            answered = answer is not None and not is_unknown(answer)
        finally:
            is_slow = self._monotonic() - start >= min(_SLOW_SECONDS, self._seconds)
            self._breaker.end(answered=answered or not is_slow)
        return answer
