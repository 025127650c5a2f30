"""Gateways that live in memory: they remember what they were asked and answer what they were told to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

from kajoom.domain.payment import SAVED_METHOD_ENDED, AttemptStatus
from kajoom.gateways.ports import (
    Capture,
    ChargeRequest,
    PackageChange,
    PanelResult,
    PanelStatus,
    ProviderResult,
    Refund,
    SavedAccount,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FakeProvider:
    """Captures whatever it is asked to. ``results`` are given first, one for each new key and each capture: an answer
    that says ``UNKNOWN`` was lost, with the money moved if ``takes_money`` and untouched if not. One with an
    ``approve_url`` waits until its key is among the ``approved``. ``saved`` are the accounts it keeps, which pay
    without. ``at`` is when it captures."""

    code = "null"
    can_save = True

    def __init__(self, *results: ProviderResult, takes_money: bool = True, at: datetime = _EPOCH) -> None:
        self.results = deque(results)
        self.takes_money = takes_money
        self.at = at
        self.requests: list[ChargeRequest | Refund] = []
        self.approved: set[str] = set()
        self.saved: set[str] = set()
        self.ledger: dict[str, tuple[ChargeRequest, ProviderResult]] = {}
        self.refunds: dict[str, tuple[Refund, ProviderResult]] = {}

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount once for each key."""
        self.requests.append(charge)
        if charge.key in self.ledger:
            return self._known(charge, AttemptStatus.REFUSED)
        usual = _prepared(charge) if charge.saved else _captured(charge)
        result = self.results.popleft() if self.results else usual
        if result.status is not AttemptStatus.UNKNOWN:
            self.ledger[charge.key] = charge, result
        elif self.takes_money:
            self.ledger[charge.key] = charge, usual
        return result

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """What became of a charge; one that was pending is captured by then."""
        self.requests.append(charge)
        if charge.key not in self.ledger:
            return ProviderResult(AttemptStatus.REFUSED, reason="not_found")
        original, result = self.ledger[charge.key]
        if result.approve_url and charge.key in self.approved:
            return ProviderResult(AttemptStatus.PENDING, result.provider_ref, approval="approved")
        if result.status is AttemptStatus.PENDING and not result.is_not_captured:
            self.ledger[charge.key] = original, _captured(original)
        return self._known(charge, AttemptStatus.UNKNOWN)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount of a charge that was approved, and keep the account it was paid with if that was asked."""
        self.requests.append(charge)
        lost = self.results.popleft() if self.results else None
        if lost is None or (lost.status is AttemptStatus.UNKNOWN and self.takes_money):
            self.ledger[charge.key] = charge, self._taken(charge)
        return lost or self.ledger[charge.key][1]

    def refund(self, refund: Refund) -> ProviderResult:
        """Give money back once for each key, never more than was taken; what was pending is done when asked again."""
        self.requests.append(refund)
        if refund.key in self.refunds and self.refunds[refund.key][1].status is AttemptStatus.PENDING:
            self.refunds[refund.key] = refund, self._refunded(refund)
        if refund.key not in self.refunds:
            result = self.results.popleft() if self.results else self._refunded(refund)
            if result.status is not AttemptStatus.UNKNOWN:
                self.refunds[refund.key] = refund, result
            elif self.takes_money:
                self.refunds[refund.key] = refund, self._refunded(refund)
            return result
        return self.refunds[refund.key][1]

    def captures(self, day: date) -> Iterable[Capture]:
        """Everything it took, all on the day of ``at``."""
        if day == self.at.astimezone(UTC).date():
            for charge, result in self.ledger.values():
                if result.status is AttemptStatus.CAPTURED:
                    yield Capture(result.reference, charge.key, charge.invoice, charge.amount, self.at)

    def has_saved_account(self, token: str) -> bool:
        """Whether it keeps an account."""
        return token in self.saved

    def delete_saved_account(self, token: str) -> None:
        """Keep an account no longer."""
        self.saved.discard(token)

    def _taken(self, charge: ChargeRequest) -> ProviderResult:
        if charge.saved and charge.saved not in self.saved:
            return ProviderResult(AttemptStatus.REFUSED, reason=SAVED_METHOD_ENDED)
        if not charge.save_method:
            return _captured(charge)
        self.saved.add(f"account-{charge.key}")
        return replace(_captured(charge), saved=SavedAccount(f"account-{charge.key}", "c•••@example.com"))

    def _refunded(self, refund: Refund) -> ProviderResult:
        taken = [charge for charge, result in self.ledger.values() if result.reference == refund.reference]
        before = (given for given, result in self.refunds.values() if result.status is AttemptStatus.CAPTURED)
        given = sum((each.amount for each in before if each.reference == refund.reference), refund.amount)
        if not taken or given > taken[0].amount:
            return ProviderResult(AttemptStatus.REFUSED, reason="too_much" if taken else "not_found")
        return ProviderResult(AttemptStatus.CAPTURED, provider_ref=f"null-{refund.key}", reference=f"null-{refund.key}")

    def _known(self, charge: ChargeRequest, on_mismatch: AttemptStatus) -> ProviderResult:
        original, result = self.ledger[charge.key]
        return result if original.amount == charge.amount else ProviderResult(on_mismatch, reason="mismatch")


def _captured(charge: ChargeRequest) -> ProviderResult:
    return ProviderResult(AttemptStatus.CAPTURED, provider_ref=f"null-{charge.key}", reference=f"null-{charge.key}")


def _prepared(charge: ChargeRequest) -> ProviderResult:
    return ProviderResult(AttemptStatus.PENDING, provider_ref=f"null-{charge.key}", approval="saved")


class FakePanel:
    """Puts accounts on packages. ``results`` are given first, one for each ``apply``: an answer that says
    ``UNKNOWN`` was lost, with the package set if ``takes_effect`` and untouched if not."""

    def __init__(self, *results: PanelResult, takes_effect: bool = True) -> None:
        self.results = deque(results)
        self.takes_effect = takes_effect
        self.requests: list[PackageChange] = []
        self.packages: dict[str, str] = {}

    def check(self, change: PackageChange) -> PanelResult:
        """Refuse what names no account or no package."""
        if change.username and change.package:
            return PanelResult(PanelStatus.DONE)
        return PanelResult(PanelStatus.REFUSED, "no such account or package")

    def apply(self, change: PackageChange) -> PanelResult:
        """Put the account on the package, unless told otherwise."""
        self.requests.append(change)
        result = self.results.popleft() if self.results else PanelResult(PanelStatus.DONE)
        lost_after = result.status is PanelStatus.UNKNOWN and self.takes_effect
        if result.status is PanelStatus.DONE or lost_after:
            self.packages[change.username] = change.package
        return result

    def read(self, username: str) -> str | None:
        """The package the account was last put on."""
        return self.packages.get(username)


class FakeMailer:
    """Keeps the letters it is given; ``errors`` are raised first, one for each letter."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = deque(errors)
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep the letter, or raise the next error."""
        if self.errors:
            raise self.errors.popleft()
        self.sent.append(message)
