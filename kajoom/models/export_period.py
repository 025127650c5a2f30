"""The period of an export, and reading its rows a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Executable

from kajoom.models.db import db

_CHUNK = 500
"""Rows read at a time: an export of years stays small in memory."""


class Period(NamedTuple):
    """The days of an export, both included, and the instants at which they begin and end in the host's time zone."""

    first: date
    last: date
    start: datetime
    end: datetime


def rows_in_chunks(query: Executable) -> Iterator[list[Any]]:
    """Read the rows of an ordered query from the database as they are used."""
    for rows in db.session.execute(query, execution_options={"yield_per": _CHUNK}).partitions():
        yield list(rows)
