"""The key of an authenticator app: made, encrypted for the database, and compared with a code (RFC 6238)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from passlib.exc import TokenError
from passlib.totp import TOTP

SETUP_TIME = timedelta(minutes=30)
"""How long a key that has not been confirmed by a code may be."""

_WINDOW_SECONDS = 30
"""How far the clock of the app may be off, to either side: one step (RFC 6238, 5.2)."""


class FactorKeys:
    """Encrypts the keys of apps with a key derived from the application's secrets, the current one last.

    What was encrypted with a former secret is still read. A text holds the id of its account: another cannot use it.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_derived(secret)) for secret in reversed(secrets)])

    def encrypt(self, client_id: int, key: str, at: datetime) -> str:
        """The encrypted text of an account's key."""
        return self._fernet.encrypt_at_time(f"{client_id}:{key}".encode(), int(at.timestamp())).decode()

    def decrypt(self, client_id: int, text: str, newer_than: datetime | None = None) -> str:
        """The key; ``ValueError`` for a text of another account or secret, or one that is not ``newer_than``."""
        try:
            is_old = newer_than is not None and self._fernet.extract_timestamp(text) < newer_than.timestamp()
            owner, _, key = self._fernet.decrypt(text).decode().partition(":")
        except InvalidToken:
            raise ValueError("not encrypted here") from None
        if is_old or owner != str(client_id):
            raise ValueError("too old, or of another account")
        return key


def new_key() -> str:
    """A random key of 160 bits in base32, as authenticator apps read it."""
    return str(TOTP.new().base32_key)


def key_address(key: str, email: str, issuer: str) -> str:
    """The ``otpauth:`` address that a QR code holds; the app shows the issuer and the address of the account."""
    return str(TOTP(key).to_uri(email, issuer=issuer.replace(":", " ").strip()))


def key_in_groups(key: str) -> str:
    """The key in groups of four, to be typed."""
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def counter_of_code(key: str, code: str, last_counter: int | None, at: datetime) -> int | None:
    """The time step of a code that is right at an instant and later than ``last_counter``, else ``None``."""
    try:
        match = TOTP(key).match(code, time=at, window=_WINDOW_SECONDS, last_counter=last_counter)
    except TokenError:
        return None
    return int(match.counter)


def _derived(secret: str) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kajoom second factor").derive(secret.encode())
    return base64.urlsafe_b64encode(key)
