"""Account credit: an append-only ledger whose balance is the sum of its entries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ForeignKey, ScalarSelect, SQLColumnExpression, String, cast, func, select
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from kajoom.domain.credit import CreditReason
from kajoom.domain.money import Money
from kajoom.models.credit_note import CreditNote
from kajoom.models.db import Base, db
from kajoom.models.invoice import Invoice
from kajoom.models.paging import page_of
from kajoom.models.types import UtcDateTime, enum_column


class CreditEntry(Base):
    """One movement in cents, positive when credit is added and negative when it is used.

    ``key`` is unique so that a movement is recorded once; ``note`` is written by staff and shown to the client.
    """

    __tablename__ = "credit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    cents: Mapped[int]
    currency: Mapped[str]
    reason: Mapped[CreditReason] = mapped_column(enum_column(CreditReason))
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    credit_note_id: Mapped[int | None] = mapped_column(ForeignKey("credit_note.id"))
    note: Mapped[str] = mapped_column(default="", server_default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    invoice: Mapped[Invoice | None] = relationship()
    credit_note: Mapped[CreditNote | None] = relationship()

    @property
    def amount(self) -> Money:
        """The amount of the movement, negative when credit was used."""
        return Money(self.cents, self.currency)


class Movement(NamedTuple):
    """An entry and the balance after it."""

    entry: CreditEntry
    balance: Money


def credit_cents_of(client_id: SQLColumnExpression[int], currency: SQLColumnExpression[str]) -> ScalarSelect[int]:
    """The client's account credit in one currency, in cents, as a subquery."""
    entry = aliased(CreditEntry)
    query = select(func.coalesce(func.sum(entry.cents), 0))
    return query.where(entry.client_id == client_id, entry.currency == currency).scalar_subquery()


def keys_among(keys: Collection[str]) -> frozenset[str]:
    """Return those of some keys that an entry has."""
    return frozenset(db.session.scalars(select(CreditEntry.key).where(CreditEntry.key.in_(keys))))


def balance_of(client_id: int, currency: str) -> Money:
    """Return the client's account credit in one currency."""
    query = select(func.coalesce(func.sum(CreditEntry.cents), 0))
    cents = db.session.scalar(query.where(CreditEntry.client_id == client_id, CreditEntry.currency == currency))
    return Money(cents or 0, currency)


def balances_text(client_id: int) -> ScalarSelect[str | None]:
    """A client's balances that are not zero, as a subquery of one text: "CAD 1500 USD 200"; see ``balances_in``."""
    total = func.sum(CreditEntry.cents)
    query = select(CreditEntry.currency, total.label("cents")).where(CreditEntry.client_id == client_id)
    rows = query.group_by(CreditEntry.currency).having(total != 0).subquery()
    return select(func.aggregate_strings(rows.c.currency + " " + cast(rows.c.cents, String), " ")).scalar_subquery()


def balances_in(text: str | None) -> dict[str, Money]:
    """The balances by currency that ``balances_text`` selected."""
    words = (text or "").split()
    return {code: Money(int(cents), code) for code, cents in sorted(zip(words[::2], words[1::2], strict=True))}


def balance_after(entry: CreditEntry) -> Money:
    """Return the client's account credit, in the currency of a movement, just after it."""
    query = select(func.sum(CreditEntry.cents)).where(
        CreditEntry.client_id == entry.client_id, CreditEntry.currency == entry.currency, CreditEntry.id <= entry.id
    )
    return Money(int(db.session.scalar(query) or 0), entry.currency)


def newest_movement_of(client_id: int) -> int:
    """Return the id of a client's newest movement in any currency, 0 when there is none."""
    return db.session.scalar(select(func.max(CreditEntry.id)).where(CreditEntry.client_id == client_id)) or 0


def movements_of_invoice(invoice_id: int) -> list[CreditEntry]:
    """Return the movements linked to an invoice, oldest first."""
    query = select(CreditEntry).where(CreditEntry.invoice_id == invoice_id)
    return list(db.session.scalars(query.order_by(CreditEntry.id)))


class Ledger(NamedTuple):
    """A client's credit in one currency: its balance, and the movements of a page."""

    balance: Money
    movements: list[Movement]


def ledgers_of(client_id: int, page: int) -> tuple[dict[str, Ledger], Pagination]:
    """A page of a client's movements, newest first, as a ledger for each currency; most recent currency first.

    On the first page each currency in which the client has credit has a ledger, even without a movement on it.
    """
    documents = joinedload(CreditEntry.invoice), joinedload(CreditEntry.credit_note)
    of_client = select(CreditEntry).options(*documents).where(CreditEntry.client_id == client_id)
    entries = page_of(of_client.order_by(CreditEntry.id.desc()), page)
    if not entries.items:
        return {}, entries
    balances = _balances(client_id)
    after = _balances(client_id, entries.items[0].id) if entries.has_prev else dict(balances)
    ledgers: dict[str, Ledger] = {}
    for entry in entries.items:
        ledger = ledgers.setdefault(entry.currency, Ledger(balances[entry.currency], []))
        ledger.movements.append(Movement(entry, after[entry.currency]))
        after[entry.currency] -= entry.amount
    if not entries.has_prev:
        ledgers.update({code: Ledger(money, []) for code, money in balances.items() if money and code not in ledgers})
    return ledgers, entries


def _balances(client_id: int, until: int | None = None) -> dict[str, Money]:
    """The balance of each currency after the entry with the id ``until``, or after the last one."""
    query = select(CreditEntry.currency, func.sum(CreditEntry.cents)).where(CreditEntry.client_id == client_id)
    if until is not None:
        query = query.where(CreditEntry.id <= until)
    rows = db.session.execute(query.group_by(CreditEntry.currency))
    return {currency: Money(int(cents), currency) for currency, cents in rows}
