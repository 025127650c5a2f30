"""Import of the account credit that clients have in the system a host moves from: each row is added once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from kajoom.domain.audit import Act
from kajoom.domain.credit import CreditReason
from kajoom.domain.order import IMPORT
from kajoom.models import bulk
from kajoom.models.audit import record_act
from kajoom.models.credit import CreditEntry, keys_among
from kajoom.models.db import db
from kajoom.operations.files.cells import Cents, Currency, Day, Text
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.layout import decode_entities
from kajoom.operations.files.report import FileError, ImportReport
from kajoom.operations.imports.batch import ALL_OR_NOTHING, HowToImport, ImportBatch, ImportRow, Written
from kajoom.operations.imports.service_row import client_key


def _check_amount(cents: int) -> int:
    if not cents:
        raise ValueError("0.00: an amount above zero expected")
    return cents


class CreditRow(BaseModel):
    """A row of account credit: ``client`` is an external id or an e-mail address, ``reason`` is shown to the client."""

    client: Annotated[str, Field(max_length=254), AfterValidator(client_key)]
    currency: Currency = "CAD"
    amount: Annotated[Cents, AfterValidator(_check_amount)]
    reason: Annotated[Text, AfterValidator(decode_entities)] = ""
    date: Day | None = None


def import_credit(rows: Iterable[Row | FileError], at: datetime, how: HowToImport = ALL_OR_NOTHING) -> ImportReport:
    """Add the credit of each row that was not added before, within the ledger; clients are not written to.

    A row is the same as one of an earlier file when its client, amount, currency, reason and date are.
    """
    return ImportBatch(_Credit(at), how).run(rows)


@dataclass(frozen=True, slots=True)
class _Facts:
    clients: Mapping[str, int]
    keys: frozenset[str]


@dataclass(slots=True)
class _Credit:
    """The import of account credit (``Importer``)."""

    at: datetime
    model: type[BaseModel] = CreditRow
    unique: tuple[str, ...] = ()
    context: Any = None

    def read(self, records: Sequence[ImportRow]) -> _Facts:
        clients = bulk.client_ids({record.values["client"] for record in records})
        keys = {
            _key(clients[record.values["client"]], record.values)
            for record in records
            if record.values["client"] in clients
        }
        return _Facts(clients, keys_among(keys))

    def errors(self, values: Mapping[str, Any], facts: _Facts) -> Iterator[tuple[str, str]]:
        if values["client"] not in facts.clients:
            yield "client", f"unknown client: {values['client']}"

    def notes(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        return iter(())

    def write(self, records: Sequence[ImportRow], facts: _Facts) -> Written:
        entries = {}
        for record in records:
            client_id = facts.clients[record.values["client"]]
            key = _key(client_id, record.values)
            if key not in facts.keys:
                entries[key] = self._entry(key, client_id, record.values)
        db.session.add_all(entries.values())
        db.session.flush()  # assigns the ids that the audit refers to
        for entry in entries.values():
            record_act(Act.CREDIT_CHANGED, IMPORT, self.at, client_id=entry.client_id, subject=entry)
        return Written(added=len(entries))

    def _entry(self, key: str, client_id: int, values: Mapping[str, Any]) -> CreditEntry:
        return CreditEntry(
            key=key,
            client_id=client_id,
            cents=values["amount"],
            currency=values.get("currency", "CAD"),
            reason=CreditReason.GRANTED,
            note=values.get("reason", ""),
            at=self.at,
        )


def _key(client_id: int, values: Mapping[str, Any]) -> str:
    day: date | None = values.get("date")
    parts = (client_id, values["amount"], values.get("currency", "CAD"), values.get("reason", ""), day or "")
    return f"opening-{hashlib.sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:32]}"
