"""The seals of the audit: given by a worker after the commits of the acts, in one order, and checked by staff."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kajoom.domain.audit import (
    FIRST_PREVIOUS,
    Broken,
    ChainCheck,
    Flaw,
    Seal,
    is_ours,
    seal_act,
    sealing_key,
)
from kajoom.models import audit
from kajoom.operations.transaction import transactional

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a check has found: ``broken`` is the first flaw, ``newest`` the seal of the last act, if any."""

    sealed: int
    waiting: int
    newest: Seal | None
    broken: Broken | None


class ForeignSeal(Exception):
    """The newest seal was made with none of the application's secrets: nothing may be sealed after it."""


def seal_new_acts(secrets: Sequence[str], at: datetime) -> int:
    """Seal the acts that wait for it, with the last of the ``secrets``; returns how many.

    The newest seal is logged, so that there is a trace of it outside the database. After a seal that none of the
    secrets has made nothing is sealed, and an error is logged: the acts sealed so far may have been forged.
    """
    if not _is_any_unsealed():
        return 0
    try:
        newest, count = _seal_all([sealing_key(secret) for secret in secrets], at)
    except ForeignSeal:
        log.error("audit not sealed: the newest seal was made with another secret")
        return 0
    if newest is not None and count:
        log.info("audit sealed", extra={"acts": count, "seal": newest.name})
    return count


@transactional(read_only=True)
def verify_audit(secrets: Sequence[str], noted: str = "") -> AuditReport:
    """Check every act in order; ``noted`` is the name of a seal (``Seal.name``) that must be among them."""
    check, sealed, waiting, is_noted = ChainCheck([sealing_key(secret) for secret in secrets]), 0, 0, not noted
    try:
        for act, seal in audit.sealed_acts():
            broken = check.check(act, seal)
            if broken is not None:
                return AuditReport(sealed, waiting, check.last, broken)
            sealed, is_noted = sealed + 1, is_noted or seal.name == noted
    except (TypeError, ValueError):  # SQLite stores a text in any column
        return AuditReport(sealed, waiting, check.last, Broken(Flaw.CHANGED, sealed + 1))
    broken = check.end(audit.places_given())
    if broken is None and not is_noted:
        broken = Broken(Flaw.SEAL_GONE, None)
    try:
        for act in audit.unsealed_acts():
            broken, waiting = broken or check.check_unsealed(act), waiting + 1
    except ValueError:
        broken = broken or Broken(Flaw.UNREADABLE, None)
    return AuditReport(sealed, waiting, check.last, broken)


@transactional(read_only=True)
def newest_seal() -> str | None:
    """The name of the newest seal, for staff to note outside the database."""
    seal = audit.newest_seal()
    return seal.name if seal is not None else None


@transactional(read_only=True)
def _is_any_unsealed() -> bool:
    return audit.is_any_unsealed()


@transactional
def _seal_all(keys: Sequence[bytes], at: datetime) -> tuple[Seal | None, int]:
    """Seal all that waits, so that whatever is dated long before this run was added after it; the newest seal."""
    place = audit.lock_places()  # before the newest seal is read, so that it stays the newest
    newest, seals = audit.newest_seal(), []
    if newest is not None and not is_ours(newest, keys):
        raise ForeignSeal
    for act in audit.unsealed_acts():
        place += 1
        newest = seal_act(keys[-1], newest.digest if newest else FIRST_PREVIOUS, act, place, at)
        seals.append((act.id, newest))
    audit.store_seals(seals)
    return newest, len(seals)
