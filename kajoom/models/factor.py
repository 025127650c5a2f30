"""The second factors of accounts: the encrypted key of an authenticator app, and hashes of recovery codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, delete, exists, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from kajoom.models.client import Client
from kajoom.models.db import Base, db
from kajoom.models.types import UtcDateTime


class Factor(Base):
    """The authenticator app of an account. ``last_counter`` is the time step of the last code that was accepted."""

    __tablename__ = "factor"

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str] = mapped_column(Text)
    last_counter: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCode(Base):
    """A recovery code that has not been used, as the hash of a password."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(255))


HAS_FACTOR = exists().where(Factor.client_id == Client.id)
"""Whether a client of a statement has an authenticator app."""


def factor_of(client_id: int) -> Factor | None:
    """The authenticator app of an account, ``None`` when it has none."""
    return db.session.get(Factor, client_id)


def clients_with_factor() -> list[int]:
    """The ids of the accounts that have an authenticator app."""
    return list(db.session.scalars(select(Factor.client_id).order_by(Factor.client_id)))


def recovery_codes_of(client_id: int) -> dict[int, str]:
    """The hashes of an account's recovery codes by their ids."""
    rows = db.session.execute(
        select(RecoveryCode.id, RecoveryCode.code_hash).where(RecoveryCode.client_id == client_id)
    )
    return {row.id: row.code_hash for row in rows}


def count_recovery_codes(client_id: int) -> int:
    """How many recovery codes of an account have not been used."""
    return db.session.scalar(select(func.count()).where(RecoveryCode.client_id == client_id)) or 0


def replace_recovery_codes(client_id: int, hashes: Sequence[str]) -> None:
    """Delete an account's recovery codes, and store others."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.client_id == client_id))
    if hashes:
        db.session.execute(insert(RecoveryCode), [{"client_id": client_id, "code_hash": each} for each in hashes])


def delete_recovery_code(client_id: int, code_id: int) -> bool:
    """Delete a recovery code of an account; ``False`` when it is no more."""
    statement = delete(RecoveryCode).where(RecoveryCode.id == code_id, RecoveryCode.client_id == client_id)
    return db.session.execute(statement.returning(RecoveryCode.id)).first() is not None


def delete_factor(client_id: int) -> bool:
    """Delete the authenticator app and the recovery codes of an account; ``False`` when it has no app."""
    replace_recovery_codes(client_id, ())
    statement = delete(Factor).where(Factor.client_id == client_id)
    return db.session.execute(statement.returning(Factor.client_id)).first() is not None
