"""In-memory gateways that can end the process: before they do what they are asked, or just after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from tests.chaos.external_state import ExternalState
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider


class Crash(BaseException):
    """The simulated end of the process. Not an ``Exception``: no handler of the application may catch it."""


class CrashingGateway:
    """Wraps a gateway; its next call raises ``Crash`` if ``crash`` is "before" or "after" the effect."""

    def __init__(self, gateway: Any) -> None:
        self._gateway = gateway
        self.crash = ""

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._gateway, name)
        return self._guarded(attribute) if callable(attribute) else attribute

    def _guarded(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            crash, self.crash = self.crash, ""
            if crash == "before":
                raise Crash
            result = method(*args)
            if crash == "after":
                raise Crash
            return result

        return call


class CrashingGateways:
    """A provider, a panel and a mailer that can crash, and what they did."""

    def __init__(self) -> None:
        self.provider, self.panel, self.mailer = FakeProvider(), FakePanel(), FakeMailer()
        self.wrapped = {
            "provider": CrashingGateway(self.provider),
            "panel": CrashingGateway(self.panel),
            "mailer": CrashingGateway(self.mailer),
        }

    def gateways(self) -> Gateways:
        """The gateways as the application receives them."""
        provider, panel, mailer = self.wrapped.values()
        return Gateways(panel=panel, mailer=mailer, payments={FakeProvider.code: provider})

    def stop_failing(self) -> None:
        """From now on every call succeeds."""
        for gateway in self.wrapped.values():
            gateway.crash = ""
        self.provider.results.clear()
        self.provider.reviews_captures = False
        self.provider.under_review.clear()
        self.panel.results.clear()

    def state(self) -> ExternalState:
        """What was captured, what was refunded, and each account's package."""
        captured = {
            f"fake:{result.reference}": charge.amount.cents
            for charge, result in self.provider.ledger.values()
            if result.status is AttemptStatus.CAPTURED
        }
        refunded = {
            key: refund.amount.cents
            for key, (refund, result) in self.provider.refunds.items()
            if result.status is AttemptStatus.CAPTURED
        }
        return ExternalState(captured, refunded, self.panel.packages)
