"""A password chosen by a link: one use, also of two at the same moment, which ends sessions and other links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.outbox import Message
from kajoom.models.session import open_sessions
from kajoom.operations.accounts.links import VALID_FOR, InvalidLink, Link, LinkKind, make_token, read_token
from kajoom.operations.accounts.passwords import request_reset, set_password
from kajoom.operations.accounts.sessions import begin_session
from tests import factories
from tests.factories import AT
from tests.operations.accounts.test_sessions import DEVICE
from tests.operations.ledger_checks import rows
from tests.operations.parallel import THREADS, run_in_threads

KEYS = ["a former secret", "a secret"]
SECOND = timedelta(seconds=1)


def link_for(client: Client, kind: LinkKind = LinkKind.RESET) -> Link:
    return read_token(KEYS, kind, make_token(KEYS, kind, client, AT), AT)


def use(link: Link, password_hash: str = "new") -> str:
    """Use a link; ``used`` when it can no longer be."""
    try:
        set_password(link, password_hash, AT)
    except InvalidLink:
        return "used"
    return "set"


def test_link_used_by_many_requests_at_once_serves_one(app: Flask) -> None:
    client = factories.client()
    link, client_id = link_for(client), client.id
    results = run_in_threads(app, lambda number: use(link, f"hash {number}"))
    assert results == {"set": 1, "used": THREADS - 1}
    assert (db.session.get_one(Client, client_id).password or "").startswith("hash ")
    assert len(rows(Message)) == 1


def test_new_password_ends_every_session_and_queues_an_email() -> None:
    client = factories.client()
    for _ in range(2):
        begin_session(client.id, client.fs_uniquifier, DEVICE, AT)
    assert use(link_for(client)) == "set"
    assert open_sessions(client.id, AT) == []
    (message,) = rows(Message)
    assert (message.ids["email"], message.ids["client"]) == ("password_changed", client.id)


def test_invitation_serves_a_client_without_a_password_only() -> None:
    client = factories.client()
    link = link_for(client, LinkKind.INVITATION)
    client.password = "imported meanwhile"
    db.session.commit()
    assert use(link) == "used"
    client.password = None
    db.session.commit()
    assert use(link) == "set"
    assert rows(Message) == []
    assert use(link) == "used"


@pytest.mark.parametrize("kind", LinkKind)
def test_token_is_valid_for_its_time_and_purpose_with_a_current_or_former_secret(kind: LinkKind) -> None:
    client = factories.client()
    token = make_token(KEYS[:1], kind, client, AT)
    last = AT + VALID_FOR[kind] - SECOND
    assert read_token(KEYS, kind, token, last).fits(client)
    for keys, purpose, at in [
        (KEYS, kind, last + SECOND),
        (KEYS[1:], kind, AT),
        *((KEYS, other, AT) for other in LinkKind if other is not kind),
    ]:
        with pytest.raises(InvalidLink):
            read_token(keys, purpose, token, at)


def test_request_queues_one_message_that_names_nobody_for_a_stranger() -> None:
    client = factories.client()
    for email in (client.email, "nobody@example.com"):
        request_reset(email, AT)
    assert [row.ids for row in rows(Message)] == [
        {"email": "password_reset", "client": client.id},
        {"email": "password_reset", "client": None},
    ]


def test_link_that_was_mailed_outlives_the_change_of_the_secret() -> None:
    client = factories.client()
    token = make_token(["the former secret"], LinkKind.INVITATION, client, AT)
    assert read_token(["the former secret", "the new secret"], LinkKind.INVITATION, token, AT).fits(client)
    with pytest.raises(InvalidLink):
        read_token(["the new secret"], LinkKind.INVITATION, token, AT)
