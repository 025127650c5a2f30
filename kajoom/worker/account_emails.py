"""The e-mails about a client's account. A link is made when its e-mail is written: no queued message holds one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kajoom.domain.money import Money
from kajoom.models.address_change import AddressChange, address_change_by_id
from kajoom.models.client import Client, client_by_email, client_by_id
from kajoom.models.credit import CreditEntry, balance_after
from kajoom.models.db import db
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys

ACCOUNT_EMAILS = frozenset(
    {
        "password_reset", "invitation", "password_changed", "address_confirm", "address_changed", "factor_changed",
        "credit_granted",
    }
)  # fmt: skip
"""The kinds about the account, not about a service."""

_LINKS: Mapping[str, tuple[LinkKind, str]] = {
    "password_reset": (LinkKind.RESET, "reset"),
    "invitation": (LinkKind.INVITATION, "invite"),
}
"""For each kind with a link, what the link is for, and the first part of its address."""


@dataclass(frozen=True, slots=True)
class AccountContext:
    """A client, the address ``email`` to write to, the ``link`` of the button, and when what is told happened.

    ``change`` is the change of address that the e-mail is about, and ``factor`` what happened to the second factor: a
    ``FactorChange``. ``credit`` is the movement of account credit, and ``balance`` the credit after it.
    """

    client: Client
    email: str
    link: str
    at: datetime
    change: AddressChange | None = None
    factor: str = ""
    credit: CreditEntry | None = None
    balance: Money | None = None

    @property
    def locale(self) -> str:
        """The language of the client."""
        return self.client.locale

    @property
    def moved(self) -> Money | None:
        """The amount by which the account credit moved, whether up or down."""
        return max(self.credit.amount, -self.credit.amount) if self.credit is not None else None


def account_context_of(ids: Mapping[str, Any], at: datetime, config: Mapping[str, Any]) -> AccountContext | None:
    """Load what an e-mail about an account needs, and make its link ``at`` the time of writing.

    ``None`` for an address that is no client's, or for a new one that another account has; for a client who was
    deactivated, unless it is about money; and for an invitation of a client who has a password by then.
    """
    name, base = ids["email"], str(config["BASE_URL"]).rstrip("/")
    if "address_change" in ids:
        return _address_context(ids, at, config, base)
    if "entry" in ids:
        return _credit_context(ids["entry"], base)
    client = client_by_id(ids["client"]) if ids["client"] is not None else None
    if client is None or not client.active or (name == "invitation" and client.password):
        return None
    happened_at = datetime.fromisoformat(ids["changed_at"]) if "changed_at" in ids else at
    if name == "factor_changed":
        return AccountContext(client, client.email, f"{base}/account/factors", happened_at, factor=ids["change"])
    if name not in _LINKS:
        return AccountContext(client, client.email, f"{base}/reset", happened_at)
    kind, page = _LINKS[name]
    token = make_token(signing_keys(config), kind, client, at)
    # Who opens it is not signed in: without "lang" the page would be in the language of the browser.
    link = f"{base}/{page}/{token}?lang={client.locale}"
    return AccountContext(client, client.email, link, happened_at)


def _credit_context(entry_id: int, base: str) -> AccountContext | None:
    entry = db.session.get_one(CreditEntry, entry_id)
    client = client_by_id(entry.client_id)
    if client is None or client.is_erased:
        return None
    link = f"{base}/account#credit"
    return AccountContext(client, client.email, link, entry.at, credit=entry, balance=balance_after(entry))


def _address_context(
    ids: Mapping[str, Any], at: datetime, config: Mapping[str, Any], base: str
) -> AccountContext | None:
    change = address_change_by_id(ids["address_change"])
    if change is None or not change.client.active:
        return None
    client = change.client
    if ids["email"] == "address_changed":
        recipient = change.old_email if ids["recipient"] == "old" else change.new_email
        return AccountContext(client, recipient, f"{base}/account", at, change)
    if change.confirmed_at is not None or client_by_email(change.new_email) is not None:
        return None
    token = make_token(signing_keys(config), LinkKind.ADDRESS, client, at, change.id)
    return AccountContext(client, change.new_email, f"{base}/account/email/{token}", at, change)
