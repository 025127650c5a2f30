"""Columns that carry values: instants in UTC, codes, and what a host writes in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, Enum, TypeDecorator, literal_column

Translated = dict[str, str]
"""A text of the host's in both languages: ``{"fr": …, "en": …}``; the page picks one."""


class LineJson(TypedDict):
    """A line of an invoice, frozen: amounts in cents, days as ISO text, ``params`` for the words of its code."""

    code: str
    cents: int
    params: dict[str, Any]


class TaxJson(TypedDict):
    """A tax of an invoice, frozen with its rate and the seller's registration number."""

    name: str
    percent: str
    cents: int
    number: str


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant; SQLite keeps no zone, so it is stored in UTC and comes back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_column(enum: type[StrEnum], name: str = "") -> Enum:
    """A column of one of the enum's values, kept as text and checked by the database.

    ``name`` tells the check apart where a table has two columns of one enum: PostgreSQL wants them different.
    """
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or enum.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


def inline_code(code: StrEnum) -> ColumnElement[str]:
    """One of our codes, written into a statement instead of being handed to it at each question.

    SQLite looks into an index of some rows only for a value it knows when it plans; it plans again, at each question,
    a statement in which such a value is handed over.
    """
    return literal_column(f"'{code.value}'")


def json_column() -> JSON:
    """A column of frozen figures or translated texts; ``None`` is SQL's NULL, not JSON's."""
    return JSON(none_as_null=True)
