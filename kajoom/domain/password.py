"""What a new password must be. Only its length and what others choose count: no rules on the kinds of characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from enum import StrEnum

MIN_LENGTH, MAX_LENGTH = 12, 128
"""Characters, as they are typed. OWASP ASVS 5.0 asks for 8, better 15 (6.2.1), and to accept 64 (6.2.9)."""

MAX_BYTES = 1024
"""Of the normalised password in UTF-8: a longer one is never hashed, at sign-in either."""


class PasswordFault(StrEnum):
    """Why a new password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"


def password_fault(password: str, is_common: Callable[[str], bool]) -> PasswordFault | None:
    """What is wrong with a new password, ``None`` if nothing; ``is_common`` tells whether many people use it."""
    length = len(unicodedata.normalize("NFC", password))
    if length < MIN_LENGTH:
        return PasswordFault.TOO_SHORT
    if length > MAX_LENGTH or len(unicodedata.normalize("NFKD", password).encode()) > MAX_BYTES:
        return PasswordFault.TOO_LONG
    return PasswordFault.COMMON if is_common(password) else None
