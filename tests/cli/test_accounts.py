"""`flask accounts`: invitations, the copy of what is held about a client, and erasure."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import Result
from flask import Flask

from kajoom import clock
from kajoom.cli.accounts import accounts
from kajoom.domain.device import Device
from kajoom.models.client import ClientFacts, client_by_email
from kajoom.models.db import db
from kajoom.models.factor import Factor
from kajoom.models.outbox import Message
from kajoom.models.session import client_of_session
from kajoom.operations.accounts.sessions import begin_session
from tests import factories


def run(app: Flask, *arguments: str) -> Result:
    """Run ``flask accounts`` with these arguments."""
    db.session.rollback()
    return app.test_cli_runner().invoke(accounts, arguments)


@pytest.fixture(autouse=True)
def _client(app: Flask) -> None:
    client = factories.client()
    client.email, client.password = "new@example.com", None
    db.session.commit()


def test_one_client_or_all_are_invited(app: Flask) -> None:
    assert run(app, "invite", "--all").output == "invited: 1\n"
    assert run(app, "invite", "--all").output == "invited: 0\n"
    factories.client(email="late@example.com")
    result = run(app, "invite", "late@example.com")
    assert (result.exit_code, result.output) == (0, "The invitation is queued: a worker sends it.\n")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["nobody@example.com"], 1, "There is no client nobody@example.com."),
        ([], 2, "Give the e-mail address of one client, or --all."),
        (["new@example.com", "--all"], 2, "Give the e-mail address of one client, or --all."),
    ],
)
def test_command_names_what_is_wrong(app: Flask, arguments: list[str], exit_code: int, sentence: str) -> None:
    result = run(app, "invite", *arguments)
    assert result.exit_code == exit_code
    assert sentence in result.output


def test_copy_of_a_client_is_printed_as_json(app: Flask) -> None:
    exported = json.loads(run(app, "export", "new@example.com").stdout)
    assert exported["client"][0]["email"] == "new@example.com"
    assert run(app, "export", "nobody@example.com").exit_code == 1


def test_client_is_erased_after_a_confirmation_unless_something_is_open(app: Flask) -> None:
    factories.catalogue()
    holder = factories.client(email="open@example.com")
    factories.service(holder, external_id="S-OPEN")
    refused = run(app, "erase", "open@example.com", "--yes")
    assert refused.exit_code == 1
    assert "Error: open@example.com can’t be erased while this is open: service S-OPEN." in refused.stderr

    assert run(app, "erase", "new@example.com").exit_code == 1  # nobody has confirmed
    assert run(app, "erase", "new@example.com", "--yes").exit_code == 0
    assert run(app, "erase", "new@example.com", "--yes").exit_code == 1


def test_second_factor_that_was_lost_is_removed_and_its_client_written_to(app: Flask) -> None:
    lost = run(app, "remove-factor", "new@example.com")
    assert (lost.exit_code, "new@example.com has no second factor." in lost.output) == (1, True)
    client = client_by_email("new@example.com")
    assert client is not None
    db.session.add(Factor(client_id=client.id, secret="encrypted", last_counter=1, added_at=factories.AT))
    db.session.commit()
    before = client.fs_uniquifier
    result = run(app, "remove-factor", "new@example.com")
    assert result.output == "Two-step verification of new@example.com is off.\n"
    db.session.rollback()
    assert (db.session.query(Factor).all(), client.fs_uniquifier != before) == ([], True)
    [message] = db.session.query(Message)
    assert (message.ids["email"], message.ids["change"]) == ("factor_changed", "removed")


def test_keys_of_apps_are_renewed_and_the_ones_that_cannot_be_read_end_with_1(app: Flask) -> None:
    app.config["SECRET_KEY"] = "a secret for tests"
    app.extensions["config"] = SimpleNamespace(check_complete=lambda: None)
    assert run(app, "renew-keys").output == "encrypted with the current secret: 0\n"
    client = client_by_email("new@example.com")
    assert client is not None
    db.session.add(Factor(client_id=client.id, secret="of another secret", last_counter=1, added_at=factories.AT))
    db.session.commit()
    result = run(app, "renew-keys")
    assert result.exit_code == 1
    assert f"no secret reads the keys of the accounts with these ids: {client.id}." in result.stderr


def test_sessions_of_an_account_are_ended(app: Flask) -> None:
    client = factories.client(email="open@example.com")
    token = begin_session(client.id, client.fs_uniquifier, Device("", "", ""), clock.now()) or ""
    uniquifier = client.fs_uniquifier
    assert run(app, "close-sessions", "open@example.com").output == "sessions ended: 1\n"
    assert client_of_session(ClientFacts, token, uniquifier, clock.now()) is None
    assert run(app, "close-sessions", "nobody@example.com").exit_code == 1


def test_access_is_taken_and_given_back_and_a_link_is_sent_once_a_minute(app: Flask) -> None:
    assert run(app, "reset", "new@example.com").output == "The e-mail is queued: a worker sends it.\n"
    assert "less than a minute ago" in run(app, "reset", "new@example.com").output
    assert run(app, "deactivate", "new@example.com").output == "new@example.com is deactivated.\n"
    assert run(app, "deactivate", "new@example.com").exit_code == 1
    assert run(app, "reactivate", "new@example.com").output == "new@example.com can sign in again.\n"
    assert "is not deactivated" in run(app, "reactivate", "new@example.com").output
