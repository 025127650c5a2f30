"""Count the rows of every table of a database: ``.venv/bin/python deploy/rows.py URL``, to compare with a backup."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from sqlalchemy import MetaData, create_engine, func, select


def rows_of(url: str) -> Mapping[str, int]:
    """The number of rows by table."""
    engine = create_engine(url)
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables.sorted_tables
        }
    engine.dispose()
    return rows


if __name__ == "__main__":
    counted = rows_of(sys.argv[1])
    sys.stdout.write("".join(f"{name} {counted[name]}\n" for name in sorted(counted)))
