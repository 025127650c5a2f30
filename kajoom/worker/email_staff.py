"""Who is written to at the host, each in their own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kajoom.models.catalog import catalog
from kajoom.models.client import Client, active_staff, client_by_id, staff_locales

DIGEST = "staff_digest"
STAFF_EMAILS = frozenset({"staff_notice", "staff_task", "staff_alert", DIGEST})
"""The kinds sent to the addresses that the catalogue names for staff, in their language; the digest to accounts too."""

_CHOSEN = frozenset({"language", "staff"})
"""The ids that say to whom a message's e-mail is written."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The addresses of the staff to notify, and their language."""

    emails: tuple[str, ...]
    locale: str


def parts_to_write(ids: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The messages that a message's e-mail to staff becomes: by the end of the key, the ids of those who receive it.

    There is one for each language, and for the digest one for each account; none when the e-mail can be sent as it is.
    """
    if ids["email"] not in STAFF_EMAILS or _CHOSEN & ids.keys():
        return {}
    accounts = active_staff() if ids["email"] == DIGEST else []
    parts: dict[str, dict[str, Any]] = {f"account-{each.id}": {"staff": each.id} for each in accounts}
    parts |= {language: {"language": language} for language in sorted(_addresses_by_language(accounts))}
    return parts if accounts or len(parts) > 1 else {}


def staff_to_write(ids: Mapping[str, Any]) -> Staff | None:
    """The staff to whom a message's e-mail goes, of whom there may be none any more."""
    if "staff" in ids:
        return _account_to_write(client_by_id(ids["staff"]))
    addresses = _addresses_by_language(active_staff() if ids["email"] == DIGEST else [])
    if "language" not in ids:
        return next((Staff(tuple(emails), language) for language, emails in addresses.items()), None)
    language = ids["language"]
    return Staff(tuple(addresses[language]), language) if language in addresses else None


def _account_to_write(account: Client | None) -> Staff | None:
    if account is None or not (account.active and account.is_staff):
        return None
    return Staff((account.email,), account.locale)


def _addresses_by_language(accounts: list[Client]) -> dict[str, list[str]]:
    """The addresses of the catalogue by the language of their account, or else of the catalogue.

    Those of ``accounts`` are left out: each of them is written to apart.
    """
    current = catalog()
    known, apart = staff_locales(current.staff_emails), {each.email for each in accounts}
    addresses: dict[str, list[str]] = {}
    for email in current.staff_emails:
        if email.lower() not in apart:
            addresses.setdefault(known.get(email.lower(), current.staff_locale), []).append(email)
    return addresses
