"""Hashing of passwords: its parameters, and how many at once."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from flask import Flask
from passlib.context import CryptContext
from werkzeug.exceptions import TooManyRequests

from app import create_app
from kajoom.config import Config
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.web.hashing import HashingThread
from tests.conftest import FAST_HASH, PASSWORD, Browser
from tests.wait import until

WEAKER = {**FAST_HASH, "argon2__memory_cost": 16}


def test_one_hash_at_a_time_and_five_wait() -> None:
    hashing, release, running = HashingThread(), Event(), []

    def hash_until_released() -> None:
        running.append(threading.current_thread())
        release.wait(30)

    with ThreadPoolExecutor(6) as requests:
        waiting = [requests.submit(hashing.run, hash_until_released) for _ in range(6)]
        until(lambda: hashing._executor._work_queue.qsize() == 5, "not all requests await the thread")
        with pytest.raises(TooManyRequests) as refused:
            hashing.run(hash_until_released)
        assert (refused.value.retry_after, len(running)) == (5, 1)
        release.set()
    assert [each.result() for each in waiting] == [None] * 6
    assert len(set(running)) == 1
    assert hashing.run(lambda: "hashed") == "hashed"


def test_turn_is_given_back_after_an_exception() -> None:
    hashing = HashingThread(admitted=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            hashing.run(lambda: 1 // 0)


@pytest.mark.parametrize("email", ["fr@example.com", "no@example.com"])
@pytest.mark.parametrize(("lang", "title"), [("fr", "Trop de demandes"), ("en", "Too many requests")])
def test_sign_in_beyond_the_limit_is_answered_429(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch, email: str, lang: str, title: str
) -> None:
    monkeypatch.setattr(app.extensions["security"].pwd_context, "_thread", HashingThread(admitted=0))
    token = client.token(f"/login?lang={lang}")
    response = client.post("/login", data={"csrf_token": token, "email": email, "password": PASSWORD})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "5")
    assert title in response.text


def test_password_asked_again_is_within_the_limit(app: Flask, french: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["security"].pwd_context, "_thread", HashingThread(admitted=0))
    response = french.post("/verify", data={"csrf_token": french.token("/verify"), "password": PASSWORD})
    assert response.status_code == 429


def test_hashes_are_argon2id_with_19_mib_and_two_passes(config: Config) -> None:
    app = create_app(Config(config.instance_path, config.database_url, config.secret_key, demo=True))
    context = app.extensions["security"].pwd_context
    assert context.hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert context.verify(PASSWORD, CryptContext(["argon2"], **FAST_HASH).hash(PASSWORD))


def test_hash_with_other_parameters_is_replaced_at_sign_in(client: Browser) -> None:
    old = store_hash("fr@example.com")
    assert client.send("/login", email="fr@example.com", password="not the password").status_code == 422
    assert hash_of("fr@example.com") == old
    assert client.send("/login", email="fr@example.com", password=PASSWORD).status_code == 302
    assert client.get("/services").status_code == 200
    assert hash_of("fr@example.com") != old
    assert "m=8," in hash_of("fr@example.com")


def test_hash_is_replaced_although_another_process_writes_meanwhile(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "sqlite":
        return
    store_hash("fr@example.com")
    context = app.extensions["security"].pwd_context
    verify = context.verify

    def write_and_verify(secret: str, hash: str) -> bool:  # noqa: A002 - passlib's name
        with closing(sqlite3.connect(db.engine.url.database or "", timeout=1)) as other, other:
            other.execute("UPDATE client SET name = 'Another name'")
        return bool(verify(secret, hash))

    monkeypatch.setattr(context, "verify", write_and_verify)
    assert client.send("/login", email="fr@example.com", password=PASSWORD).status_code == 302
    assert "m=8," in hash_of("fr@example.com")


def test_password_changed_meanwhile_is_not_overwritten(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_hash("fr@example.com")
    monkeypatch.setattr("kajoom.web.auth.password_before_change", lambda _client: "a hash from before the change")
    client.send("/login", email="fr@example.com", password=PASSWORD)
    assert "m=16," in hash_of("fr@example.com")


def store_hash(email: str) -> str:
    """Store a hash with other parameters than the application's, and return it."""
    client = client_by_email(email)
    assert client is not None
    client.password = CryptContext(["argon2"], **WEAKER).hash(PASSWORD)
    stored = client.password
    db.session.commit()
    return stored


def hash_of(email: str) -> str:
    """The stored hash."""
    db.session.rollback()
    client = client_by_email(email)
    assert client is not None
    return client.password or ""
