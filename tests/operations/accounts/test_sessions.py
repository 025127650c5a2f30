"""Sessions: how long they last, what ends them, and that storing the last use of one never waits."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update

from kajoom.domain.device import Device
from kajoom.models.client import Client, ClientFacts, lock_client
from kajoom.models.db import db
from kajoom.models.session import ClientSession, client_of_session, open_sessions
from kajoom.operations.accounts.sessions import (
    MOST_OPEN,
    begin_session,
    close_other_sessions,
    close_session,
    end_sessions,
    record_use,
    replace_token,
)
from kajoom.operations.transaction import transactional
from tests import factories
from tests.factories import AT
from tests.operations.ledger_checks import nothing_written, rows

DEVICE = Device("Firefox", "Windows", "203.0.113.x")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


def begin(client: Client, at: datetime = AT, former: str = "") -> str:
    """Begin a session of a client; its token."""
    token = begin_session(client.id, client.fs_uniquifier, DEVICE, at, former)
    assert token is not None
    return token


def is_open(token: str, client: Client, at: datetime = AT) -> bool:
    """Whether the cookie that the client got at sign-in still is that of a signed-in client."""
    db.session.rollback()
    return client_of_session(ClientFacts, token, client.fs_uniquifier, at) is not None


@transactional
def end_all(client_id: int, but: int | None = None) -> int:
    """What an operation does that changes the password."""
    return end_sessions(lock_client(client_id), AT, but)


def staff_member() -> Client:
    """A client with a role."""
    return factories.client(role="agent")


def test_database_holds_only_the_hash_of_the_token_of_the_cookie() -> None:
    client = factories.client()
    token = begin(client)
    [row] = rows(ClientSession)
    assert len(token) >= 43  # 32 random bytes
    assert token not in {getattr(row, column.key) for column in ClientSession.__table__.columns}
    facts = client_of_session(ClientFacts, token, client.fs_uniquifier, AT)
    assert facts is not None
    assert (facts.id, facts.session_id) == (client.id, row.id)
    assert client_of_session(ClientFacts, token, factories.client().fs_uniquifier, AT) is None


@pytest.mark.parametrize(("is_staff", "idle"), [(False, 12 * HOUR), (True, 8 * HOUR)])
def test_session_that_is_not_used_expires(is_staff: bool, idle: timedelta) -> None:
    client = staff_member() if is_staff else factories.client()
    token = begin(client)
    assert is_open(token, client, AT + idle - SECOND)
    assert not is_open(token, client, AT + idle)

    [row] = rows(ClientSession)
    record_use(row.id, AT + HOUR)
    assert is_open(token, client, AT + HOUR + idle - SECOND)
    assert not is_open(token, client, AT + HOUR + idle)


def test_session_lasts_30_days_at_most_however_it_is_used() -> None:
    client = factories.client()
    token = begin(client)
    session_id = rows(ClientSession)[0].id
    for uses in range(1, 60):
        record_use(session_id, AT + uses * 12 * HOUR)
    assert is_open(token, client, AT + 30 * DAY - SECOND)
    record_use(session_id, AT + 30 * DAY - SECOND)
    assert not is_open(token, client, AT + 30 * DAY)


def test_last_use_is_stored_every_ten_minutes_at_most() -> None:
    begin(factories.client())
    [row] = rows(ClientSession)
    with nothing_written():
        record_use(row.id, AT + 10 * MINUTE - SECOND)
    record_use(row.id, AT + 10 * MINUTE)
    assert row.seen_at == AT + 10 * MINUTE
    close_session(row.client_id, row.id, AT + HOUR)
    session_id = row.id
    with nothing_written():
        record_use(session_id, AT + 2 * HOUR)


def test_storing_the_last_use_gives_up_at_once_when_the_lock_is_taken() -> None:
    begin(factories.client())
    session_id = rows(ClientSession)[0].id
    db.session.rollback()
    with db.engine.connect() as other:
        other.execute(update(ClientSession).values(browser="Edge"))
        started = time.monotonic()
        with suppress(sqlite3.OperationalError):
            record_use(session_id, AT + HOUR)
        waited = time.monotonic() - started
        other.rollback()
    assert rows(ClientSession)[0].seen_at == AT
    assert waited < 5  # a lock is waited for during 15 seconds
    if db.engine.dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA busy_timeout")).scalar() == 15_000
    record_use(session_id, AT + HOUR)
    assert rows(ClientSession)[0].seen_at == AT + HOUR


def test_end_of_every_session_lets_no_earlier_cookie_and_no_sign_in_under_way_in() -> None:
    client = factories.client()
    uniquifier, tokens = client.fs_uniquifier, [begin(client), begin(client)]
    other = factories.client()
    token_of_other = begin(other)

    assert end_all(client.id) == 2

    assert [is_open(token, client) for token in tokens] == [False, False]
    assert client_of_session(ClientFacts, tokens[0], uniquifier, AT) is None
    assert begin_session(client.id, uniquifier, DEVICE, AT) is None
    assert is_open(begin(client), client)
    assert is_open(token_of_other, other)


def test_end_of_the_other_sessions_leaves_this_one() -> None:
    client = factories.client()
    tokens = [begin(client), begin(client), begin(client)]
    this = rows(ClientSession)[1].id
    assert close_other_sessions(client.id, this, AT) == 2
    assert [is_open(token, client) for token in tokens] == [False, True, False]
    with nothing_written():
        assert close_other_sessions(client.id, this, AT) == 0


def test_closing_a_session_twice_is_no_error_and_one_of_another_client_is_not_found() -> None:
    client, other = factories.client(), factories.client()
    token = begin(client)
    session_id = rows(ClientSession)[0].id
    with nothing_written(), pytest.raises(LookupError):
        close_session(other.id, session_id, AT)
    close_session(client.id, session_id, AT)
    with nothing_written():
        close_session(client.id, session_id, AT + HOUR)
    assert not is_open(token, client)


def test_deactivated_client_begins_no_session() -> None:
    client = factories.client(active=False)
    assert begin_session(client.id, client.fs_uniquifier, DEVICE, AT) is None
    assert rows(ClientSession) == []


def test_sign_in_ends_the_session_that_the_browser_had_before() -> None:
    first, second = factories.client(), factories.client()
    former = begin(first)
    begin(second, former=former)
    assert not is_open(former, first)


def test_client_has_fifty_open_sessions_at_most() -> None:
    client = factories.client()
    tokens = [begin(client, AT + number * SECOND) for number in range(MOST_OPEN + 2)]
    at = AT + MINUTE
    assert len(open_sessions(client.id, at)) == MOST_OPEN
    assert [is_open(token, client, at) for token in tokens[:3]] == [False, False, True]


def test_replaced_token_ends_the_one_before_in_the_same_session() -> None:
    client = factories.client()
    former = begin(client)
    session_id = rows(ClientSession)[0].id
    token = replace_token(session_id, former)
    assert token is not None
    assert is_open(token, client)
    assert not is_open(former, client)
    assert replace_token(session_id, former) is None
    close_session(client.id, session_id, AT)
    assert replace_token(session_id, token) is None
