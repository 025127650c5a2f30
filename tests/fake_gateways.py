"""In-memory gateways for tests: they record the requests and return the configured results."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

from kajoom.domain.payment import SAVED_METHOD_ENDED, AttemptStatus
from kajoom.domain.server import Server
from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    Panel,
    PanelAccount,
    PanelReading,
    PanelResult,
    PanelStatus,
)
from kajoom.gateways.ports import Capture, ChargeRequest, ProviderResult, Refund, SavedAccount

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FakeProvider:
    """A payment provider that captures every charge.

    ``results`` are returned first, one for each new key and each capture. ``UNKNOWN`` is a lost response: the charge
    had its effect if ``takes_money``. A charge with an ``approve_url`` waits until its key is in ``approved``. The
    ``saved`` set holds the tokens of saved accounts, which need no approval. ``at`` is the instant of captures. With
    ``reviews_captures`` a capture is pending, and stays so as long as its key is in ``under_review``.
    """

    code = "fake"
    can_save = True
    needs_approval = False

    def __init__(self, *results: ProviderResult, takes_money: bool = True, at: datetime = _EPOCH) -> None:
        self.results = deque(results)
        self.takes_money = takes_money
        self.at = at
        self.requests: list[ChargeRequest | Refund] = []
        self.approved: set[str] = set()
        self.saved: set[str] = set()
        self.reviews_captures = False
        self.under_review: set[str] = set()
        self.ledger: dict[str, tuple[ChargeRequest, ProviderResult]] = {}
        self.refunds: dict[str, tuple[Refund, ProviderResult]] = {}

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount once for each key."""
        self.requests.append(charge)
        if charge.key in self.ledger:
            return self._known(charge, AttemptStatus.REFUSED)
        default = _created(charge) if charge.saved else _captured(charge)
        result = self.results.popleft() if self.results else default
        if result.status is not AttemptStatus.UNKNOWN:
            self.ledger[charge.key] = charge, result
        elif self.takes_money:
            self.ledger[charge.key] = charge, default
        return result

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """Return the state of a charge; a pending one becomes captured."""
        self.requests.append(charge)
        if charge.key not in self.ledger:
            return ProviderResult(AttemptStatus.REFUSED, reason="not_found")
        original, result = self.ledger[charge.key]
        if result.approve_url and charge.key in self.approved:
            return ProviderResult(AttemptStatus.PENDING, result.provider_ref, approval="approved")
        if (
            result.status is AttemptStatus.PENDING
            and not result.is_not_captured
            and charge.key not in self.under_review
        ):
            self.ledger[charge.key] = original, _captured(original)
        return self._known(charge, AttemptStatus.UNKNOWN)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Capture an approved charge, and save the account if requested."""
        self.requests.append(charge)
        result = self.results.popleft() if self.results else None
        if result is None and self.reviews_captures:
            self.under_review.add(charge.key)
            self.ledger[charge.key] = charge, ProviderResult(AttemptStatus.PENDING, f"fake-{charge.key}")
        elif result is None or (result.status is AttemptStatus.UNKNOWN and self.takes_money):
            self.ledger[charge.key] = charge, self._capture_result(charge)
        return result or self.ledger[charge.key][1]

    def refund(self, refund: Refund) -> ProviderResult:
        """Refund once for each key, never more than was captured; a pending refund is done by the next request."""
        self.requests.append(refund)
        if refund.key in self.refunds and self.refunds[refund.key][1].status is AttemptStatus.PENDING:
            self.refunds[refund.key] = refund, self._refund_result(refund)
        if refund.key not in self.refunds:
            result = self.results.popleft() if self.results else self._refund_result(refund)
            if result.status is not AttemptStatus.UNKNOWN:
                self.refunds[refund.key] = refund, result
            elif self.takes_money:
                self.refunds[refund.key] = refund, self._refund_result(refund)
            return result
        return self.refunds[refund.key][1]

    def captures(self, day: date) -> Iterable[Capture]:
        """Yield the captured charges, all on the day of ``at``."""
        if day == self.at.astimezone(UTC).date():
            for charge, result in self.ledger.values():
                if result.status is AttemptStatus.CAPTURED:
                    yield Capture(result.reference, charge.key, charge.invoice, charge.amount, self.at)

    def has_saved_account(self, token: str) -> bool:
        """Whether the account is saved."""
        return token in self.saved

    def delete_saved_account(self, token: str) -> None:
        """Delete a saved account."""
        self.saved.discard(token)

    def _capture_result(self, charge: ChargeRequest) -> ProviderResult:
        if charge.saved and charge.saved not in self.saved:
            return ProviderResult(AttemptStatus.REFUSED, reason=SAVED_METHOD_ENDED)
        if not charge.save_method:
            return _captured(charge)
        self.saved.add(f"account-{charge.key}")
        return replace(_captured(charge), saved=SavedAccount(f"account-{charge.key}", "c•••@example.com"))

    def _refund_result(self, refund: Refund) -> ProviderResult:
        captured = [charge for charge, result in self.ledger.values() if result.reference == refund.reference]
        done = (refunded for refunded, result in self.refunds.values() if result.status is AttemptStatus.CAPTURED)
        total = sum((each.amount for each in done if each.reference == refund.reference), refund.amount)
        if not captured or total > captured[0].amount:
            return ProviderResult(AttemptStatus.REFUSED, reason="too_much" if captured else "not_found")
        return ProviderResult(AttemptStatus.CAPTURED, provider_ref=f"fake-{refund.key}", reference=f"fake-{refund.key}")

    def _known(self, charge: ChargeRequest, on_mismatch: AttemptStatus) -> ProviderResult:
        original, result = self.ledger[charge.key]
        return result if original.amount == charge.amount else ProviderResult(on_mismatch, reason="mismatch")


def _captured(charge: ChargeRequest) -> ProviderResult:
    return ProviderResult(AttemptStatus.CAPTURED, provider_ref=f"fake-{charge.key}", reference=f"fake-{charge.key}")


def _created(charge: ChargeRequest) -> ProviderResult:
    return ProviderResult(AttemptStatus.PENDING, provider_ref=f"fake-{charge.key}", approval="saved")


class FakePanel:
    """A panel on which every account exists until it is terminated. ``results`` come first, one for each request.

    ``UNKNOWN`` is a lost response: the request had its effect if ``takes_effect``. ``requests`` holds the changes, and
    ``acts`` what else was asked, as the name of the method, the username and the key. Without ``can_read`` nothing can
    be read back.
    """

    def __init__(self, *results: PanelResult, takes_effect: bool = True, can_read: bool = True) -> None:
        self.results = deque(results)
        self.takes_effect = takes_effect
        self.can_read = can_read
        self.requests: list[PackageChange] = []
        self.acts: list[tuple[str, str, str]] = []
        self.packages: dict[str, str] = {}
        self.statuses: dict[str, AccountStatus] = {}
        self.usage: dict[str, dict[str, int | None]] = {}

    def change(self, change: PackageChange) -> PanelResult:
        """Set the package, unless a result is configured; refuse a change without an account or a package."""
        if not change.account.username or not change.package:
            return PanelResult(PanelStatus.REFUSED, "no such account or package")
        self.requests.append(change)
        result, has_effect = self._next()
        if has_effect:
            self.packages[change.account.username] = change.package
        return result

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Suspend the account, unless a result is configured."""
        return self._act("suspend", account, key, AccountStatus.SUSPENDED)

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Make the account active, unless a result is configured."""
        return self._act("unsuspend", account, key, AccountStatus.ACTIVE)

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Delete the account, unless a result is configured."""
        return self._act("terminate", account, key, AccountStatus.MISSING)

    def read(self, account: PanelAccount) -> PanelReading:
        """Return the state, the package and the usage of the account."""
        if not self.can_read:
            return PanelReading(AccountStatus.UNKNOWN, is_supported=False)
        username = account.username
        status = self.statuses.get(username, AccountStatus.ACTIVE)
        return PanelReading(status, self.packages.get(username, ""), self.usage.get(username, {}))

    def _act(self, name: str, account: PanelAccount, key: str, status: AccountStatus) -> PanelResult:
        self.acts.append((name, account.username, key))
        result, has_effect = self._next()
        if has_effect:
            self.statuses[account.username] = status
        return result

    def _next(self) -> tuple[PanelResult, bool]:
        """The result of a request, and whether it has its effect."""
        result = self.results.popleft() if self.results else PanelResult(PanelStatus.DONE)
        is_lost_after = result.status is PanelStatus.UNKNOWN and self.takes_effect
        return result, result.status is PanelStatus.DONE or is_lost_after


class StubServers:
    """The panels of servers, by name."""

    def __init__(self, **panels: Panel) -> None:
        self._panels = panels

    def server(self, name: str) -> Server:
        """A server of that name."""
        return Server(name, "fake")

    def panel(self, server: Server) -> Panel | None:
        """The panel of a server."""
        return self._panels.get(server.name)


def current_time() -> datetime:
    """The instant that panels are built with in tests."""
    return _EPOCH


class FakeMailer:
    """Stores the e-mails in ``sent``; ``errors`` are raised first, one for each e-mail."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = deque(errors)
        self.sent: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Store the e-mail, or raise the next error."""
        if self.errors:
            raise self.errors.popleft()
        self.sent.append(message)
