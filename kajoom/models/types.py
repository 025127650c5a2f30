"""Column types: UTC instants, enums, JSON, and the shapes of the JSON values."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import JSON, ColumnElement, DateTime, Dialect, Enum, TypeDecorator, literal_column

Translated = dict[str, str]
"""A text in both languages: ``{"fr": …, "en": …}``."""


class LineJson(TypedDict):
    """A frozen line of an invoice: amount in cents, and the ``params`` of its description (days as ISO text)."""

    code: str
    cents: int
    params: dict[str, Any]


class FeatureJson(TypedDict):
    """A feature of a plan by its key; without a value the plan simply has it."""

    key: str
    name: Translated
    value: Translated | None


class TaxJson(TypedDict):
    """A frozen tax of an invoice with its rate and the seller's registration number."""

    name: str
    percent: str
    cents: int
    number: str


class UtcDateTime(TypeDecorator[datetime]):
    """An aware ``datetime`` stored in UTC; SQLite drops the zone, so it is restored when read.

    Raises ``ValueError`` for a naive ``datetime``.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a value to UTC before it is stored."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give a value that was read its time zone, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_column(enum: type[StrEnum], name: str = "") -> Enum:
    """Return a column type that stores the enum's values as text, with a check constraint.

    ``name`` names the constraint where a table has two columns of one enum: PostgreSQL requires distinct names.
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
    """Return an enum value as a literal of the statement, as ``inline_text`` does."""
    return inline_text(code.value)


def inline_text(text: str) -> ColumnElement[str]:
    """Return a text without quotes as a literal of the statement instead of a bound parameter.

    SQLite uses a partial index only when the value is known when it plans the query; with a bound parameter it would
    plan the statement again on each execution.
    """
    return literal_column(f"'{text}'")


def json_column() -> JSON:
    """Return a JSON column type that stores ``None`` as SQL NULL."""
    return JSON(none_as_null=True)
