"""Hashing of passwords: its parameters, and how many at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Event, Thread

import pytest
from flask import Flask
from passlib.context import CryptContext
from werkzeug.exceptions import TooManyRequests

from app import create_app
from kajoom.config import Config
from kajoom.models.client import client_by_email
from kajoom.models.db import db
from kajoom.web.hashing import HashingLimit
from tests.conftest import FAST_HASH, PASSWORD, Browser
from tests.wait import until

WEAKER = {**FAST_HASH, "argon2__memory_cost": 16}


class Occupied:
    """A limit with its turns taken by threads, which wait until ``release`` is set."""

    def __init__(self, limit: HashingLimit, threads: int) -> None:
        self.limit = limit
        self.release, self.running = Event(), [Event() for _ in range(threads)]
        self.threads = [Thread(target=self._hash, args=(each,)) for each in self.running]

    def _hash(self, running: Event) -> None:
        with self.limit.turn():
            running.set()
            self.release.wait(30)

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def end(self) -> None:
        self.release.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def occupy(stack: ExitStack, limit: HashingLimit, threads: int, running: int) -> Occupied:
    """Occupy a limit with ``threads``, of which ``running`` have a turn."""
    occupied = Occupied(limit, threads)
    stack.callback(occupied.end)
    occupied.start()
    until(lambda: sum(each.is_set() for each in occupied.running) == running, "no thread has its turn")
    return occupied


def test_two_hash_at_once_and_four_wait(stack: ExitStack) -> None:
    limit = HashingLimit()
    occupied = occupy(stack, limit, threads=6, running=2)
    with pytest.raises(TooManyRequests) as refused, limit.turn():
        pass
    assert refused.value.retry_after == 5
    assert sum(each.is_set() for each in occupied.running) == 2
    occupied.end()
    assert all(each.is_set() for each in occupied.running)
    with limit.turn():
        pass


def test_turn_is_given_back_after_an_exception() -> None:
    limit = HashingLimit(running=1, waiting=0)
    for _ in range(3):
        with pytest.raises(KeyError), limit.turn():
            raise KeyError


@pytest.mark.parametrize("email", ["fr@example.com", "no@example.com"])
@pytest.mark.parametrize(("lang", "title"), [("fr", "Trop de demandes"), ("en", "Too many requests")])
def test_sign_in_beyond_the_limit_is_answered_429(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch, email: str, lang: str, title: str
) -> None:
    monkeypatch.setattr(app.extensions["security"].pwd_context, "_limit", HashingLimit(running=0, waiting=0))
    token = client.token(f"/login?lang={lang}")
    response = client.post("/login", data={"csrf_token": token, "email": email, "password": PASSWORD})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "5")
    assert title in response.text


def test_password_asked_again_is_within_the_limit(app: Flask, french: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.extensions["security"].pwd_context, "_limit", HashingLimit(running=0, waiting=0))
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
