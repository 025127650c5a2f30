"""The interface of hosting panels, with the values they exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


class PanelStatus(StrEnum):
    """The result of a panel request.

    ``DONE`` is what the panel says it did, ``PENDING`` what it does later. After ``REFUSED`` nothing has changed, and
    a person must look at it. After ``UNKNOWN``, a lost response, the request may have had its effect or not.
    """

    DONE = "done"
    PENDING = "pending"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class AccountStatus(StrEnum):
    """The state of a hosting account at its panel; ``UNKNOWN`` when the panel did not answer or cannot be read."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PanelAccount:
    """The hosting account ``username`` of a service, on the server that the catalogue names ``server``.

    ``server`` is empty for a service without one, and ``service`` is the id of the service in the host's billing.
    """

    server: str
    username: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class PackageChange:
    """Set the ``package`` of a hosting account; ``key`` is the same for every retry.

    With ``is_same_plan`` only the billing changes, and nothing is to be done at the panel.
    """

    key: str
    account: PanelAccount
    package: str
    is_same_plan: bool = False


NO_PANEL = "manual"
"""The reason of a ``PanelResult`` when no panel is connected: staff carry out every change."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """The result of a request; ``reason`` is the panel's own text of a refusal, always shown escaped."""

    status: PanelStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PanelReading:
    """What a panel shows of an account; ``package`` is empty when it is not known.

    ``usage`` maps a ``Resource`` to the amount in use, ``None`` when the panel names it without an amount; what the
    panel says nothing about is absent. Where reading is not supported (``is_supported``) nothing is known, now or
    later: the panel's own word that a request is done has to do.
    """

    status: AccountStatus
    package: str = ""
    usage: Mapping[str, int | None] = field(default_factory=dict)
    is_supported: bool = True


PANEL_SECONDS = 30.0
"""How long each call to a panel may take: three calls of one message end well before its lease does."""


class Panel(Protocol):
    """A hosting panel, whose every call returns within ``PANEL_SECONDS``.

    A lost response does not raise: it is ``UNKNOWN``. ``key`` is the same for every retry of a request, and another
    one for the next request of its kind; up to a colon it is the key of the message that asks. A request is repeated
    until its result is known: setting the same package, suspending a suspended account, unsuspending an
    active one or terminating a missing one twice is harmless. Only the worker calls a panel, never within a
    transaction.
    """

    @property
    def can_read(self) -> bool:
        """Whether accounts can be read; where they cannot, ``read`` says so and the panel's own word has to do."""

    def change(self, change: PackageChange) -> PanelResult:
        """Set the package of an account; ``REFUSED`` when there is no such account or package."""

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Suspend an account: its sites and mailboxes are unreachable, and nothing is deleted."""

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Make a suspended account active again."""

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Delete an account and everything in it."""

    def read(self, account: PanelAccount) -> PanelReading:
        """Return what the panel shows of an account, without changing it."""


@dataclass(frozen=True, slots=True)
class PanelCallback:
    """What the panel of ``server`` reports later of the request with ``key``: ``DONE`` or ``REFUSED``.

    ``id`` is that of its own message, the same when it is repeated.
    """

    id: str
    server: str
    key: str
    result: PanelResult


@runtime_checkable
class CallbackPanel(Protocol):
    """A panel that also reports by a message of its own what it has done, maybe before its answer is recorded."""

    def callback(self, headers: Mapping[str, str], body: bytes, at: datetime) -> PanelCallback:
        """Return what a message received ``at`` reports; raise ``InvalidSignature`` unless this panel has sent it."""


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """A server of the catalogue as its panel is built from it: its name, its address, and what the variables hold.

    ``token``, ``secret`` and ``user`` are empty when their variable is not given. ``allows_private_addresses`` is
    whether the address may be on a private network. ``now`` returns the current instant: no adapter reads the time.
    """

    server: str
    url: str = ""
    token: str = ""
    secret: str = ""
    user: str = ""
    allows_private_addresses: bool = False
    now: Callable[[], datetime] = field(kw_only=True)


class PanelKind(Protocol):
    """The class of a panel. ``needs`` are the variables without which it cannot be asked: TOKEN, SECRET or USER."""

    needs: tuple[str, ...]

    def __call__(self, settings: PanelSettings) -> Panel:
        """Build the panel of one server."""
