"""The host's look, as it is stored with the seller of the catalogue."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from kajoom.domain.brand import Brand, Logo

_KEYS = frozenset({"colour", "logo", "email_logo"})


def seller_and_brand(stored: Mapping[str, Any], replaced: Mapping[str, Any]) -> tuple[dict[str, Any], Brand]:
    """What invoices and e-mails say of a stored seller, some values ``replaced``; apart from it, the look."""
    seller = {name: value for name, value in stored.items() if name not in _KEYS} | dict(replaced)
    return seller, Brand(stored.get("colour", ""), _logo(stored.get("logo")), _logo(stored.get("email_logo")))


def _logo(stored: Mapping[str, Any] | None) -> Logo | None:
    if not stored:
        return None
    return Logo(stored["content_type"], b64decode(stored["content"]), stored["width"], stored["height"])
