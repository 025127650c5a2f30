"""Codes of a second factor are used once, also by requests that are sent at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from passlib.totp import TOTP

from kajoom.domain.staff import StaffRole
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.factor import Factor, RecoveryCode, recovery_codes_of
from kajoom.models.session import open_sessions
from kajoom.operations.accounts.factor_keys import FactorKeys, new_key
from kajoom.operations.accounts.factors import (
    NewFactor,
    add_factor,
    new_recovery_codes,
    renew_keys,
    use_code,
    use_recovery_code,
)
from kajoom.operations.accounts.sessions import begin_session
from kajoom.operations.accounts.staff import StaffDetails, create_staff, disable_staff
from tests import factories
from tests.factories import AT
from tests.operations.accounts.test_sessions import DEVICE
from tests.operations.ledger_checks import rows
from tests.operations.parallel import THREADS, run_in_threads

KEYS = FactorKeys(["a secret"])
STEP = timedelta(seconds=30)


def code_of(key: str, steps: int = 0) -> str:
    """What the app shows a number of steps after the tests' instant."""
    return str(TOTP(key).generate(time=AT + steps * STEP).token)


def set_up(client: Client) -> str:
    """Set up an app from a session of the client; returns its key."""
    begin_session(client.id, client.fs_uniquifier, DEVICE, AT)
    key = new_key()
    [session] = open_sessions(client.id, AT)
    add_factor(client.id, NewFactor(key, code_of(key), ["one", "two"]), KEYS, session.id, AT)
    return key


def test_code_sent_by_many_requests_at_once_is_right_for_one(app: Flask) -> None:
    client = factories.client()
    key, client_id = set_up(client), client.id
    later, code = AT + STEP, code_of(key, 1)
    results = run_in_threads(app, lambda _: str(use_code(client_id, code, KEYS, later)))
    assert results == {"True": 1, "False": THREADS - 1}


def test_recovery_code_sent_by_many_requests_at_once_is_right_for_one(app: Flask) -> None:
    client = factories.client()
    set_up(client)
    client_id, code_id = client.id, min(recovery_codes_of(client.id))
    results = run_in_threads(app, lambda _: str(use_recovery_code(client_id, code_id, AT)))
    assert results == {"True": 1, "False": THREADS - 1}
    assert list(recovery_codes_of(client_id).values()) == ["two"]


def test_key_of_an_account_is_of_no_use_to_another() -> None:
    first, second = factories.client(), factories.client()
    key = set_up(first)
    set_up(second)
    texts = {row.client_id: row for row in rows(Factor)}
    with pytest.raises(ValueError, match="another account"):
        KEYS.decrypt(second.id, texts[first.id].secret)
    assert KEYS.decrypt(first.id, texts[first.id].secret) == key
    assert not recovery_codes_of(first.id).keys() & recovery_codes_of(second.id).keys()
    assert not use_recovery_code(second.id, min(recovery_codes_of(first.id)), AT)


def test_key_is_read_with_a_former_secret_and_encrypted_with_the_current_one() -> None:
    text = FactorKeys(["former"]).encrypt(1, "KEY", AT)
    both = FactorKeys(["former", "new"])
    assert both.decrypt(1, text) == "KEY"
    with pytest.raises(ValueError, match="not encrypted here"):
        FactorKeys(["new"]).decrypt(1, text)
    assert FactorKeys(["new"]).decrypt(1, both.encrypt(1, "KEY", AT)) == "KEY"


def test_keys_are_encrypted_with_the_current_secret_and_the_ones_that_cannot_be_read_are_named() -> None:
    first, second = factories.client(), factories.client()
    key = set_up(first)
    set_up(second)
    lost = FactorKeys(["lost"]).encrypt(second.id, "KEY", AT)
    db.session.query(Factor).filter_by(client_id=second.id).one().secret = lost
    db.session.commit()

    renewal = renew_keys(FactorKeys(["a secret", "new"]), AT)

    assert (renewal.renewed, renewal.unreadable) == (1, [second.id])
    texts = {row.client_id: row.secret for row in rows(Factor)}
    assert FactorKeys(["new"]).decrypt(first.id, texts[first.id]) == key


def test_account_of_staff_that_is_opened_again_has_no_second_factor() -> None:
    details = StaffDetails("lea@kajoom.example", StaffRole.AGENT)
    staff_id = create_staff(details, AT, "a hash")
    [staff] = [row for row in rows(Client) if row.id == staff_id]
    set_up(staff)
    disable_staff(details.email, AT)
    create_staff(details, AT)
    assert (rows(Factor), rows(RecoveryCode)) == ([], [])


def test_recovery_codes_have_no_character_that_is_mistaken_for_another() -> None:
    codes = "".join(code for _ in range(20) for code in new_recovery_codes())
    assert not set(codes) & set("01ILOU")
