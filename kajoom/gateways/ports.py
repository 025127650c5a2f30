"""What a payment provider, a panel and a mailer must be able to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from enum import StrEnum
from typing import Protocol

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """One attempt as a provider sees it. ``key`` names it for ever: asked twice, it is carried out once.
    ``provider`` is the code of the provider it is for, ``invoice`` the number of the invoice it pays,
    ``provider_ref`` the provider's own name for it, empty until it has answered, and ``return_url`` where a client
    who approves elsewhere is led back to. ``approval`` is the provider's mark of what the client approved, handed back
    to take the money. The client ``save_method`` the account they pay with for another time, or pays with the
    ``saved`` one,
    by the name its provider has for it. ``version`` is not sent: it tells whether anything was learnt of the attempt
    since it was read.
    """

    key: str
    provider: str
    amount: Money
    invoice: str
    locale: str
    provider_ref: str = ""
    return_url: str = ""
    approval: str = ""
    save_method: bool = False
    saved: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """An account a client pays with, kept by its provider: ``token`` is the provider's name for it, ``label`` how its
    client knows it again, of which no stranger learns an address."""

    token: str
    label: str


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """What is known of a charge. ``reference`` is the provider's name for the money received, ``reason`` a code for
    a refusal, ``approve_url`` where the client must go to approve. ``approval`` is the provider's mark of an approval
    once the client has done their part, which a ``saved`` account did beforehand: the money is then taken by asking
    for it, and not before. ``saved`` is the account that was kept, once the provider tells."""

    status: AttemptStatus
    provider_ref: str = ""
    reference: str = ""
    reason: str = ""
    approve_url: str = ""
    approval: str = ""
    saved: SavedAccount | None = None

    @property
    def is_not_captured(self) -> bool:
        """Whether nothing was taken, and nothing will be unless we ask for it."""
        return bool(self.approval or self.approve_url)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to be given back: ``key`` names it for ever, ``reference`` is the provider's name for what it took."""

    key: str
    reference: str
    amount: Money
    invoice: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Money a provider says it took: ``key`` is our attempt's, empty when the provider does not say."""

    reference: str
    key: str
    invoice: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What a provider's verified message hints at; it is never believed, only a reason to ask. ``id`` is unique."""

    id: str
    kind: str
    key: str = ""
    provider_ref: str = ""


class InvalidSignature(Exception):
    """A message that its provider did not sign, or signed too long ago."""


class ProviderUnavailable(Exception):
    """A provider that could not be asked what it took: to be asked again later."""


class PaymentProvider(Protocol):
    """Takes money, and gives it back. None of it raises for a lost answer: that is ``AttemptStatus.UNKNOWN``.

    ``can_save`` when a client may have the account they pay with kept for another time.
    """

    code: str
    can_save: bool

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount, or have it approved first; once for each key however often it is asked."""

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """What became of a charge; it only looks.

        ``REFUSED`` with the reason "not_found" when the provider never saw it, "expired" when the client took too
        long to approve it.
        """

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Take the money of a charge that bears its ``approval``, once however often it is asked.

        What the saved account cannot do its client may still approve; one that will never do again has the reason
        ``SAVED_METHOD_ENDED``.
        """

    def refund(self, refund: Refund) -> ProviderResult:
        """Give money back, once for each key however often and however late it is asked.

        ``CAPTURED`` once it has been given back, with the provider's name for it as ``reference``; asked again with
        the same key after a lost answer, the provider tells what became of it.
        """

    def captures(self, day: date) -> Iterable[Capture]:
        """Everything taken on a day in UTC, in which no hour of the year is missing or doubled.

        ``ProviderUnavailable`` when the provider cannot tell now.
        """

    def has_saved_account(self, token: str) -> bool:
        """Whether a saved account is still kept. ``ProviderUnavailable`` when the provider cannot tell now."""

    def delete_saved_account(self, token: str) -> None:
        """Keep a saved account no longer, also if it was gone. ``ProviderUnavailable`` when that cannot be done now."""


class WebhookVerifier(Protocol):
    """A provider that tells by itself when something happened."""

    code: str

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """The message, once it is known to be the provider's.

        ``InvalidSignature`` when it is not; ``ProviderUnavailable`` when it cannot be verified now.
        """


class PanelStatus(StrEnum):
    """``DONE`` is said only after reading back; ``UNKNOWN`` is a lost answer, to be asked again."""

    DONE = "done"
    PENDING = "pending"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PackageChange:
    """Put the hosting account ``username`` on the panel's ``package``; ``key`` is the same over retries."""

    key: str
    username: str
    package: str


NO_PANEL = "manual"
"""The reason of a ``PanelResult`` where no panel is connected: a person carries every change out."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """What the panel did; ``reason`` is its own text when it refused, never shown unescaped."""

    status: PanelStatus
    reason: str = ""


class Panel(Protocol):
    """The hosting panel. Setting a package twice is harmless, so a retry is safe once ``read`` has decided."""

    def check(self, change: PackageChange) -> PanelResult:
        """Whether the account and the package exist: ``DONE`` when the change can be tried."""

    def apply(self, change: PackageChange) -> PanelResult:
        """Ask for the change."""

    def read(self, username: str) -> str | None:
        """The package the account is on, or ``None`` when the panel does not say."""


class MailRefused(Exception):
    """The mail server said no for good (5xx): a person must look."""


class MailDelayed(Exception):
    """The mail server could not take it now (4xx, or no connection): to be tried again."""


class Mailer(Protocol):
    """Hands a finished letter to the world."""

    def send(self, message: EmailMessage) -> None:
        """Send it, or raise ``MailRefused`` or ``MailDelayed``."""
