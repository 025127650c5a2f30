"""The interfaces of payment providers and mailers, with the values they exchange."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from typing import Protocol

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """One payment attempt, as sent to a provider.

    ``key`` is the idempotency key: the same key is charged once. ``provider`` is the provider's code, ``invoice`` the
    invoice number, ``provider_ref`` the provider's id of the charge (empty until known) and ``return_url`` where the
    client comes back after approving. ``approval`` is the provider's mark of the client's approval, required to
    capture. ``save_method`` asks the provider to save the payment account; ``saved`` is the token of a saved account
    to pay with. ``version`` and ``is_claimed`` are not sent: the attempt's row version when it was read, and whether
    its capture was requested and may still be carried out.
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
    is_claimed: bool = False


@dataclass(frozen=True, slots=True)
class SavedAccount:
    """A payment account saved at the provider: its ``token``, and a ``label`` that does not reveal the address."""

    token: str
    label: str


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """The known state of a charge or a refund.

    ``provider_ref`` is the provider's id of the charge and ``reference`` that of the money received; ``reason`` is a
    code for a refusal. ``approve_url`` is where the client must approve. ``approval`` is set once the client has
    approved (or pays with a saved account): ``capture`` then takes the money. ``saved`` is the account that was saved,
    once the provider reports it.
    """

    status: AttemptStatus
    provider_ref: str = ""
    reference: str = ""
    reason: str = ""
    approve_url: str = ""
    approval: str = ""
    saved: SavedAccount | None = None

    @property
    def is_not_captured(self) -> bool:
        """Whether no money was taken, nor will be before ``capture``."""
        return bool(self.approval or self.approve_url)


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund to make: ``key`` is the idempotency key, ``reference`` the provider's id of the captured money."""

    key: str
    reference: str
    amount: Money
    invoice: str


@dataclass(frozen=True, slots=True)
class Capture:
    """A payment reported by a provider; ``key`` is that of our attempt, empty when the provider does not report it."""

    reference: str
    key: str
    invoice: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """The ids of a verified webhook event; the provider is queried before anything is done. ``id`` is unique."""

    id: str
    kind: str
    key: str = ""
    provider_ref: str = ""


class InvalidSignature(Exception):
    """The webhook request was not signed by the provider, or too long ago."""


class ProviderUnavailable(Exception):
    """The provider could not be reached, or cannot answer now: try again later."""


class PaymentProvider(Protocol):
    """A payment provider. A lost response does not raise: it is the status ``AttemptStatus.UNKNOWN``.

    ``can_save`` is whether clients may save the account they pay with. ``needs_approval`` is whether ``charge`` takes
    no money: the client approves it, or has saved an account, and only ``capture`` takes it.
    """

    code: str
    can_save: bool
    needs_approval: bool

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Take the amount, or create a charge that the client must approve; idempotent by key."""

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """Return the state of a charge without changing it.

        ``REFUSED`` has the reason "not_found" when the provider does not know the charge and "expired" when the client
        took too long to approve it.
        """

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Take the money of an approved charge, with its ``approval``; idempotent.

        When a saved account is declined, the result may have an ``approve_url`` where the client can still approve.
        The reason is ``SAVED_METHOD_ENDED`` when the account can never be used again.
        """

    def refund(self, refund: Refund) -> ProviderResult:
        """Refund a captured payment, idempotent by key; called again, it returns the state of the same refund.

        ``CAPTURED`` means refunded, with the provider's id of the refund as ``reference``.
        """

    def captures(self, day: date) -> Iterable[Capture]:
        """Return the payments captured on a day in UTC, which has no missing or repeated hour.

        Raises ``ProviderUnavailable`` when the provider cannot answer now.
        """

    def has_saved_account(self, token: str) -> bool:
        """Whether a saved account still exists; raise ``ProviderUnavailable`` when the provider cannot answer now."""

    def delete_saved_account(self, token: str) -> None:
        """Delete a saved account, if it still exists; raise ``ProviderUnavailable`` when that cannot be done now."""


class WebhookVerifier(Protocol):
    """Verifies the webhook requests of a provider."""

    code: str

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """Return the event of a webhook request received at ``at``.

        Raises ``InvalidSignature`` when the provider did not sign it and ``ProviderUnavailable`` when it cannot be
        verified now.
        """


class MailRefused(Exception):
    """The mail server rejected the e-mail permanently (5xx): staff must look at it."""


class MailDelayed(Exception):
    """The mail server could not accept the e-mail now (4xx, or no connection): it is sent again later."""


class Mailer(Protocol):
    """Sends finished e-mails."""

    def send(self, message: EmailMessage) -> None:
        """Send the e-mail, or raise ``MailRefused`` or ``MailDelayed``."""
