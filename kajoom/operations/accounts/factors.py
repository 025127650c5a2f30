"""The second factor of an account: an authenticator app and recovery codes."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from kajoom.domain.audit import Act
from kajoom.domain.order import CLIENT
from kajoom.domain.refusal import BusinessError, StaffRefusal
from kajoom.models.audit import record_act
from kajoom.models.client import Client, client_by_email, lock_client
from kajoom.models.db import db
from kajoom.models.factor import (
    Factor,
    clients_with_factor,
    delete_factor,
    delete_recovery_code,
    factor_of,
    replace_recovery_codes,
)
from kajoom.operations.accounts.factor_keys import FactorKeys, counter_of_code
from kajoom.operations.accounts.sessions import end_sessions
from kajoom.operations.outbox import enqueue
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)

CODES = 10
"""Recovery codes of an account."""

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters that are not mistaken for others; ten of them have 49 random bits."""

_HALF = 5


class FactorChange(StrEnum):
    """What the client is written to about."""

    ADDED = "added"
    REMOVED = "removed"
    CODE_USED = "code_used"


@dataclass(frozen=True, slots=True)
class NewFactor:
    """An app that its client confirms by a ``code``: its ``key`` in base32, and the hashes of new recovery codes."""

    key: str
    code: str
    code_hashes: Sequence[str]


def new_recovery_codes() -> list[str]:
    """Random recovery codes, as the client notes them: ``7K3PX-W9QTR``."""
    return ["-".join(_random_half() for _ in range(2)) for _ in range(CODES)]


def normalized_code(typed: str) -> str:
    """A code of either kind as it is compared: without the spaces and hyphens that were typed, in capitals."""
    return "".join(character for character in typed.upper() if character.isalnum())


@transactional
def add_factor(client_id: int, new: NewFactor, keys: FactorKeys, session_id: int, at: datetime) -> None:
    """Store an app, in place of a former one; ``ValueError`` when its code is not right.

    The other sessions of the account end, its former recovery codes are of no use any more, and it is written to.
    """
    client = lock_client(client_id)
    counter = counter_of_code(new.key, new.code, None, at)
    if counter is None:
        raise ValueError("the code is not that of the key")
    delete_factor(client_id)
    secret = keys.encrypt(client_id, new.key, at)
    db.session.add(Factor(client_id=client_id, secret=secret, last_counter=counter, added_at=at))
    replace_recovery_codes(client_id, new.code_hashes)
    end_sessions(client, at, session_id)
    record_act(Act.FACTOR_ADDED, CLIENT, at, client_id=client_id)
    _tell(client, FactorChange.ADDED, at)


@transactional
def use_code(client_id: int, code: str, keys: FactorKeys, at: datetime) -> bool:
    """Whether a code of the app is right and has not been used; it then is of no use any more."""
    lock_client(client_id)
    factor = factor_of(client_id)
    if factor is None:
        return False
    try:
        key = keys.decrypt(client_id, factor.secret)
    except ValueError:
        log.exception("the key of a second factor cannot be read: is a former secret missing in the fallbacks?")
        return False
    counter = counter_of_code(key, code, factor.last_counter, at)
    if counter is None:
        return False
    factor.last_counter = counter
    factor.secret = keys.encrypt(client_id, key, at)  # with the current secret, if it was with a former one
    return True


@dataclass(frozen=True, slots=True)
class Renewal:
    """How many keys are encrypted with the current secret now, and the accounts whose key no secret reads."""

    renewed: int
    unreadable: list[int]


def renew_keys(keys: FactorKeys, at: datetime) -> Renewal:
    """Encrypt the key of every app with the current secret, so that a former one is of no use any more."""
    done = {client_id: _renew_key(client_id, keys, at) for client_id in _accounts()}
    return Renewal(sum(done.values()), [client_id for client_id, is_renewed in done.items() if not is_renewed])


@transactional(read_only=True)
def _accounts() -> list[int]:
    return clients_with_factor()


@transactional
def _renew_key(client_id: int, keys: FactorKeys, at: datetime) -> bool:
    """Whether a key could be read; one that has been removed meanwhile needs nothing."""
    lock_client(client_id)
    factor = factor_of(client_id)
    try:
        if factor is not None:
            factor.secret = keys.encrypt(client_id, keys.decrypt(client_id, factor.secret), at)
    except ValueError:
        return False
    return True


@transactional
def use_recovery_code(client_id: int, code_id: int, at: datetime) -> bool:
    """Use a recovery code, whose hash the caller has compared, once; the client is written to."""
    client = lock_client(client_id)
    if not delete_recovery_code(client_id, code_id):
        return False
    log.info("recovery code used", extra={"client": client_id})
    _tell(client, FactorChange.CODE_USED, at)
    return True


@transactional
def replace_codes(client_id: int, code_hashes: Sequence[str], at: datetime) -> bool:
    """Store new recovery codes; ``False`` for an account without an app."""
    lock_client(client_id)
    if factor_of(client_id) is None:
        return False
    replace_recovery_codes(client_id, code_hashes)
    record_act(Act.RECOVERY_CODES_RENEWED, CLIENT, at, client_id=client_id)
    return True


@transactional
def remove_factor(client_id: int, session_id: int, at: datetime) -> None:
    """Remove the app and the recovery codes; again is no error. Other sessions end, and the client is written to."""
    _remove(lock_client(client_id), CLIENT, at, session_id)


@transactional
def remove_factor_as_staff(email: str, actor: str, at: datetime) -> int:
    """Remove the app and the codes of someone who has lost them, and end their sessions; returns the account's id.

    ``BusinessError`` with ``NO_CLIENT`` for an address without an account, and with ``NO_FACTOR``.
    """
    found = client_by_email(email)
    if found is None:
        raise BusinessError(StaffRefusal.NO_CLIENT, email=email)
    client = lock_client(found.id)
    if not _remove(client, actor, at):
        raise BusinessError(StaffRefusal.NO_FACTOR, email=email)
    return client.id


def _remove(client: Client, actor: str, at: datetime, but: int | None = None) -> bool:
    if not delete_factor(client.id):
        return False
    end_sessions(client, at, but)
    record_act(Act.FACTOR_REMOVED, actor, at, client_id=client.id)
    _tell(client, FactorChange.REMOVED, at)
    return True


def _tell(client: Client, change: FactorChange, at: datetime) -> None:
    key = f"factor_changed-{uuid4().hex}"
    enqueue("email", key, at, email="factor_changed", client=client.id, change=change.value, changed_at=at.isoformat())


def _random_half() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))
