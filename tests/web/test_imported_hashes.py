"""Hashes that were imported from another system: verified once, then replaced by argon2id."""

from __future__ import annotations

import unicodedata

import bcrypt
import pytest
from passlib.hash import phpass

from kajoom.models.client import client_by_email
from kajoom.models.db import db
from tests.conftest import Browser

EMAIL = "fr@example.com"
ACCENTED = unicodedata.normalize("NFC", "été à Gaspé…")


def store(password_hash: str) -> None:
    client = client_by_email(EMAIL)
    assert client is not None
    client.password = password_hash
    db.session.commit()


def stored() -> str:
    db.session.rollback()
    client = client_by_email(EMAIL)
    assert client is not None
    return client.password or ""


def bcrypt_of(password: str, prefix: str = "2y") -> str:
    """A hash as PHP makes it: of the bytes that were sent, at most 72."""
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return made.replace("$2b$", f"${prefix}$")


def phpass_of(password: str, prefix: str = "P") -> str:
    return str(phpass.using(rounds=7).hash(password)).replace("$P$", f"${prefix}$", 1)


@pytest.mark.parametrize("password", ["short", ACCENTED, "a very long phrase " * 5])
@pytest.mark.parametrize("make", [bcrypt_of, phpass_of])
def test_imported_hash_opens_once_and_becomes_argon2id(client: Browser, make: object, password: str) -> None:
    assert callable(make)
    store(make(password))
    assert client.send("/login", email=EMAIL, password=f"not {password}").status_code == 422
    assert stored().startswith("$2y$" if make is bcrypt_of else "$P$")
    assert client.send("/login", email=EMAIL, password=password).status_code == 302
    assert stored().startswith("$argon2id$")
    client.delete_cookie("session")
    assert client.send("/login", email=EMAIL, password=password).status_code == 302


@pytest.mark.parametrize(
    "password_hash",
    [bcrypt_of("old", "2a"), bcrypt_of("old", "2b"), phpass_of("old", "H")],
    ids=["2a", "2b", "H"],  # the hashes differ from process to process, and pytest-xdist compares the names of tests
)
def test_other_prefixes_are_verified(client: Browser, password_hash: str) -> None:
    store(password_hash)
    assert client.send("/login", email=EMAIL, password="old").status_code == 302


@pytest.mark.parametrize("password_hash", ["!", "5f4dcc3b5aa765d61d8327deb882cf99", "$2y$10$"])
def test_unreadable_hash_matches_no_password(client: Browser, password_hash: str) -> None:
    store(password_hash)
    assert client.send("/login", email=EMAIL, password="password").status_code == 422
