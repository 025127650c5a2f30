"""Doors that live in memory and can cut the process off: before what they are asked for is done, or just after."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kajoom.domain.payment import AttemptStatus
from kajoom.gateways import Gateways
from tests.chaos.environment import World
from tests.fake_gateways import FakeMailer, FakePanel, FakeProvider


class Crash(BaseException):
    """The process ends here: nothing that stands above may catch it, as nothing catches a kill."""


class Mortal:
    """A door that dies at the next question if it was told to: "before" its effect or "after" it."""

    def __init__(self, door: Any) -> None:
        self._door = door
        self.dies = ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._door, name)
        return self._guarded(found) if callable(found) else found

    def _guarded(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any) -> Any:
            dies, self.dies = self.dies, ""
            if dies == "before":
                raise Crash
            result = ask(*given)
            if dies == "after":
                raise Crash
            return result

        return asked


class Doors:
    """A provider, a panel and a mailer, and what they truly did."""

    def __init__(self) -> None:
        self.provider, self.panel, self.mailer = FakeProvider(), FakePanel(), FakeMailer()
        self.mortal = {"provider": Mortal(self.provider), "panel": Mortal(self.panel), "mailer": Mortal(self.mailer)}

    def gateways(self) -> Gateways:
        """The doors as the house knows them."""
        provider, panel, mailer = self.mortal.values()
        return Gateways(panel=panel, mailer=mailer, payments={FakeProvider.code: provider})  # type: ignore[arg-type, dict-item]

    def clear(self) -> None:
        """From now on everybody answers, and lives."""
        for each in self.mortal.values():
            each.dies = ""
        self.provider.results.clear()
        self.panel.results.clear()

    def world(self) -> World:
        """What was taken, what was given back, and where each account is."""
        captured = AttemptStatus.CAPTURED
        took = {
            f"null:{result.reference}": charge.amount.cents
            for charge, result in self.provider.ledger.values()
            if result.status is captured
        }
        back = {
            key: refund.amount.cents
            for key, (refund, result) in self.provider.refunds.items()
            if result.status is captured
        }
        return World(took, back, self.panel.packages)
