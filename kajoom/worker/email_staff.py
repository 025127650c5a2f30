"""Who is written to at the host, each in their own language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kajoom.models.catalog import catalog
from kajoom.models.client import staff_locales

STAFF_EMAILS = frozenset({"staff_notice", "staff_task", "staff_alert"})
"""The kinds sent to the addresses that the catalogue names for staff, in their language."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The addresses of the staff to notify, and their language."""

    emails: tuple[str, ...]
    locale: str


def languages_to_write(ids: Mapping[str, Any]) -> list[str]:
    """The languages in which a message's e-mail to staff is to be written; none when it is for one language already."""
    if ids["email"] not in STAFF_EMAILS or "language" in ids:
        return []
    return sorted(_addresses_by_language())


def staff_to_write(language: str | None) -> Staff | None:
    """The staff to write to in a language, of whom there may be none any more; all of them without ``language``."""
    addresses = _addresses_by_language()
    if language is None:
        [language] = addresses
    return Staff(tuple(addresses[language]), language) if language in addresses else None


def _addresses_by_language() -> dict[str, list[str]]:
    """The addresses to notify by the language of their account, or else of the catalogue."""
    current = catalog()
    known = staff_locales(current.staff_emails)
    addresses: dict[str, list[str]] = {}
    for email in current.staff_emails:
        addresses.setdefault(known.get(email.lower(), current.staff_locale), []).append(email)
    return addresses
