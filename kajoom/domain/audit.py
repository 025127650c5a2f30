"""The audit: acts that are recorded with ids only, and the chain of seals that shows whether one was changed since.

Each sealed act has a place, a digest that covers it and the digest before it, and a seal: an HMAC of that digest. Who
has no secret can make no seal, and who changes an act changes every digest after it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest


class Act(StrEnum):
    """What is audited. The stored values are never changed: seals cover them."""

    INVOICE_ISSUED = "invoice_issued"
    INVOICE_VOIDED = "invoice_voided"
    CREDIT_NOTE_ISSUED = "credit_note_issued"

    PAYMENT_RECORDED = "payment_recorded"
    REFUND_STARTED = "refund_started"
    REFUND_DONE = "refund_done"
    REFUND_REFUSED = "refund_refused"
    CREDIT_CHANGED = "credit_changed"

    INVITED = "invited"
    RESET_SENT = "reset_sent"
    PASSWORD_SET = "password_set"  # noqa: S105
    ADDRESS_CHANGED = "address_changed"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    PAYMENT_ACCOUNT_SAVED = "payment_account_saved"
    PAYMENT_ACCOUNT_ENDED = "payment_account_ended"
    SESSIONS_ENDED = "sessions_ended"
    CLIENT_CHANGED = "client_changed"
    CLIENT_EXPORTED = "client_exported"
    CLIENT_ERASED = "client_erased"
    CLIENT_DEACTIVATED = "client_deactivated"
    CLIENT_REACTIVATED = "client_reactivated"
    STAFF_CREATED = "staff_created"
    STAFF_DISABLED = "staff_disabled"

    CHANGE_DONE = "change_done"
    CHANGE_REFUSED = "change_refused"
    CHANGE_RETRIED = "change_retried"
    TASK_DONE = "task_done"
    TASK_CLAIMED = "task_claimed"
    TASK_RELEASED = "task_released"
    SERVICE_ENDED = "service_ended"
    TERMS_CHANGED = "terms_changed"
    SERVICE_SUSPENDED = "service_suspended"
    SUSPENSION_LIFTED = "suspension_lifted"
    LEDGER_EXPORTED = "ledger_exported"
    DIFFERENCE_EXPLAINED = "difference_explained"
    DIFFERENCE_RECORDED = "difference_recorded"
    NOTICE_CLOSED = "notice_closed"
    JOB_RETRIED = "job_retried"
    JOB_DISCARDED = "job_discarded"


APPLICATION = "application"
"""The actor of what follows from another act, such as the void of an invoice whose order is cancelled."""

STAFF_PREFIX = "staff:"
"""What the actor begins with when a member of staff acted."""

MAX_LATENESS = timedelta(hours=6)
"""How long after its time an act may be committed: a large import, or a day billed at once, has one time for all."""

FIRST_PREVIOUS = ""
"""The digest before the first."""


@dataclass(frozen=True, slots=True)
class AuditedAct:
    """An act as it is recorded: who did what, when, to which row of which table, of which client."""

    id: int
    at: datetime
    act: str
    actor: str
    client_id: int | None
    subject: str
    subject_id: int | None


@dataclass(frozen=True, slots=True)
class Seal:
    """The place of an act in the chain, when it was sealed, and what proves it."""

    place: int
    sealed_at: datetime
    digest: str
    seal: str

    @property
    def name(self) -> str:
        """The seal as staff note it: its place and its value."""
        return f"{self.place}-{self.seal}"


class Flaw(StrEnum):
    """What is wrong with the chain at a place."""

    MISSING = "missing"
    CHANGED = "changed"
    NOT_OURS = "not_ours"
    LATE = "late"
    CUT_OFF = "cut_off"
    SEAL_GONE = "seal_gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first flaw of a chain: at which place, and which row is there; no row when it is missing."""

    flaw: Flaw
    place: int | None
    act: AuditedAct | None = None


def sealing_key(secret: str) -> bytes:
    """The key of seals, derived from the application's secret."""
    return hmac.digest(secret.encode(), b"kajoom audit seal", "sha256")


def seal_act(key: bytes, previous: str, act: AuditedAct, place: int, at: datetime) -> Seal:
    """Seal an act ``at`` the next place, after the digest ``previous``."""
    digest = _digest(previous, act, place, at)
    return Seal(place, at, digest, _sign(key, digest))


def is_ours(seal: Seal, keys: Sequence[bytes]) -> bool:
    """Whether a seal was made with one of the keys."""
    return any(compare_digest(seal.seal, _sign(key, seal.digest)) for key in keys)


class ChainCheck:
    """Checks sealed acts in the order of their places, then those that wait for their seal.

    ``keys`` are those of the present secret and of former ones. An act sealed by a secret that is known no more counts
    as long as a later one has a seal of a known secret, which covers it too: nothing is sealed after a seal that is not
    ours (``is_ours``).
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys
        self._latest: datetime | None = None
        self._is_known = False
        self._unknown: tuple[int, AuditedAct] | None = None
        self.last: Seal | None = None

    def check(self, act: AuditedAct, seal: Seal) -> Broken | None:
        """The flaw of the next sealed act, if it has one."""
        place = self.last.place + 1 if self.last else 1
        if seal.place > place:
            return Broken(Flaw.MISSING, place)
        if seal.place < place:
            return Broken(Flaw.CHANGED, seal.place, act)
        previous = self.last.digest if self.last else FIRST_PREVIOUS
        if not compare_digest(seal.digest, _digest(previous, act, place, seal.sealed_at)):
            return Broken(Flaw.CHANGED, place, act)
        if not self._is_ours(act, seal):
            return Broken(Flaw.NOT_OURS, place, act)
        if self._came_late(act, seal.sealed_at):
            return Broken(Flaw.LATE, place, act)
        self.last = seal
        return None

    def check_unsealed(self, act: AuditedAct) -> Broken | None:
        """The flaw of an act that waits for its seal: one dated long before the newest seal was added afterwards."""
        return Broken(Flaw.LATE, None, act) if self._came_late(act, None) else None

    def end(self, places: int) -> Broken | None:
        """The flaw of the whole: fewer acts than were sealed, or none sealed by a known secret."""
        last = self.last.place if self.last else 0
        if last != places:
            return Broken(Flaw.CUT_OFF, last + 1)
        if self._unknown is not None and not self._is_known:
            return Broken(Flaw.NOT_OURS, *self._unknown)
        return None

    def _is_ours(self, act: AuditedAct, seal: Seal) -> bool:
        if is_ours(seal, self._keys):
            self._is_known = True
        elif not self._is_known:
            self._unknown = self._unknown or (seal.place, act)
        else:
            return False
        return True

    def _came_late(self, act: AuditedAct, sealed_at: datetime | None) -> bool:
        """Whether an act is dated before an earlier run of the sealing, which would have sealed it."""
        if self.last is not None and self.last.sealed_at != sealed_at:
            self._latest = self.last.sealed_at
        return self._latest is not None and act.at < self._latest - MAX_LATENESS


def _digest(previous: str, act: AuditedAct, place: int, sealed_at: datetime) -> str:
    """The digest of an act at its place. JSON keeps neighbouring values apart."""
    own = [act.id, _text(act.at), act.act, act.actor, act.client_id, act.subject, act.subject_id]
    return sha256(json.dumps([previous, place, _text(sealed_at), *own]).encode()).hexdigest()


def _sign(key: bytes, digest: str) -> str:
    return hmac.digest(key, digest.encode(), "sha256").hex()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
