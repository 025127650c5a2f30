"""Import of clients from a host's file: new ones are added, known ones are updated."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, PlainValidator, ValidationInfo

from kajoom.domain.audit import Act
from kajoom.domain.order import IMPORT
from kajoom.domain.province import province_code
from kajoom.domain.tax import RATES
from kajoom.models import bulk
from kajoom.models.audit import record_act
from kajoom.operations.files.cells import (
    Code,
    Country,
    Email,
    Exemption,
    LongText,
    Name,
    PasswordHash,
    Text,
    one_of,
)
from kajoom.operations.files.csv_file import Row
from kajoom.operations.files.report import FileError, ImportReport
from kajoom.operations.imports.batch import ALL_OR_NOTHING, HowToImport, ImportBatch, ImportRow, Written

_CANADA = "CA"
_LOCALES = {
    **dict.fromkeys(("fr", "french", "français", "francais", "fr_ca", "fr_fr"), "fr"),
    **dict.fromkeys(("en", "english", "anglais", "en_ca", "en_us", "en_gb"), "en"),
}


def _parse_province(cell: str, info: ValidationInfo) -> str:
    return province_code(cell).upper() if info.data.get("country") == _CANADA else cell.upper()


class ClientRow(BaseModel):
    """A row of a host's clients: each field is a column."""

    lines: ClassVar = frozenset({"address"})

    external_id: Name
    email: Email
    name: Text
    company: Text = ""
    address: LongText = ""
    country: Country = _CANADA
    province: Annotated[Code, AfterValidator(_parse_province)] = ""
    tax_exempt: Exemption = ""
    locale: Annotated[str, PlainValidator(one_of(_LOCALES))] = "fr"
    password_hash: PasswordHash | None = None


class DemoClientRow(ClientRow):
    """A row of the demonstration's clients, with their known password."""

    password: Text | None = None


_DEFAULTS = {"company": "", "address": "", "province": "", "country": _CANADA, "tax_exempt": "", "locale": "fr"}
_UPDATED = ("email", "name", "company", "address", "province", "country", "tax_exempt")


def import_clients(
    rows: Iterable[Row | FileError],
    at: datetime,
    how: HowToImport = ALL_OR_NOTHING,
    *,
    hash_password: Callable[[str], str] | None = None,
) -> ImportReport:
    """Add and update the clients of a file: all of them or, with any error and without ``skip_errors``, none.

    The file wins for who and where a client is. What clients may change here, their language and password, is taken
    from it only when they are new, and a password's hash also when they have none. The e-mail address of a client who
    has changed it here is taken when the file gives another one than before. ``hash_password`` is given for the
    demonstration's file (``DemoClientRow``), which holds passwords.
    """
    model = DemoClientRow if hash_password else ClientRow
    return ImportBatch(_Clients(at, model, hash_password), how).run(rows)


@dataclass(frozen=True, slots=True)
class _Facts:
    """The clients of the rows by their external ids, and the external id of each e-mail address in use."""

    known: Mapping[str, Mapping[str, Any]]
    owners: Mapping[str, str]


@dataclass(slots=True)
class _Clients:
    """The import of clients (``Importer``)."""

    at: datetime
    model: type[BaseModel]
    hash_password: Callable[[str], str] | None
    unique: tuple[str, ...] = ("external_id", "email")
    context: Any = None

    def read(self, records: Sequence[ImportRow]) -> _Facts:
        return _Facts(
            bulk.clients_by_external_id([record.values["external_id"] for record in records]),
            bulk.external_ids_by_email([record.values["email"] for record in records]),
        )

    def errors(self, values: Mapping[str, Any], facts: _Facts) -> Iterator[tuple[str, str]]:
        row = facts.known.get(values["external_id"])
        merged = {**_DEFAULTS, **(row or {}), **values}
        if merged["country"] == _CANADA and merged["province"] not in RATES:
            yield "province", f"{merged['province'] or 'empty'}: in Canada, one of {', '.join(sorted(RATES))}"
        if row is not None and row["role"]:
            yield "external_id", f"{values['external_id']} is a staff account's"
        owner = facts.owners.get(values["email"]) if row is None or values["email"] != row["file_email"] else None
        if owner is not None and owner != values["external_id"]:
            yield "email", f"{values['email']} is already that of {owner}"

    def notes(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        return iter(())

    def write(self, records: Sequence[ImportRow], facts: _Facts) -> Written:
        added, changes = [], {}
        for record in records:
            row = facts.known.get(record.values["external_id"])
            if row is None:
                added.append(_new(record.values, self.at, self.hash_password))
            elif changed := _changed(record.values, row):
                changes[row["id"]] = changed
        bulk.add_clients(added)
        bulk.write_clients(changes)
        for client_id, changed in changes.items():
            if changed.keys() & {"email", "password"}:
                record_act(Act.CLIENT_CHANGED, IMPORT, self.at, client_id=client_id)
        return Written(len(added), len(changes))


def _new(values: Mapping[str, Any], at: datetime, hash_password: Callable[[str], str] | None) -> dict[str, Any]:
    password = values.get("password")
    return {
        **_DEFAULTS,
        **{name: values[name] for name in ("external_id", "locale", *_UPDATED) if name in values},
        "password": hash_password(password) if password and hash_password else values.get("password_hash"),
        "active": True,
        "fs_uniquifier": uuid.uuid4().hex,
        "created_at": at,
    }


def _changed(values: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    changed = {name: values[name] for name in _UPDATED if name in values and values[name] != row[name]}
    if values["email"] == row["file_email"]:
        changed.pop("email", None)  # no news: the client has chosen another address here since
    elif row["file_email"]:
        changed["file_email"] = None
    if values.get("password_hash") and not row["password"]:
        changed["password"] = values["password_hash"]
    return changed
