"""Long lists, read one page at a time."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import CompoundSelect, Select, func, select

from kajoom.models.db import db

PER_PAGE = 50


def page_of(query: Select[Any], number: int) -> Pagination:
    """Read page ``number`` of an ordered query of one entity, from 1; a page after the last one is a 404."""
    return db.paginate(query, page=number, per_page=PER_PAGE, max_per_page=PER_PAGE)


def rows_of(query: CompoundSelect[Any] | Select[Any], number: int) -> Pagination:
    """Read page ``number`` of an ordered union or query of several columns, as ``page_of``; its items are rows."""
    return RowPagination(page=number, per_page=PER_PAGE, max_per_page=PER_PAGE, query=query)


def is_whole_list(page: Pagination) -> bool:
    """Whether a page holds the whole list, so that its items need not be counted by a statement of their own."""
    return page.page == 1 and len(page.items) < page.per_page


class RowPagination(Pagination):
    """A page of rows of several columns; Flask-SQLAlchemy's own keeps the first column only."""

    def _query_items(self) -> list[Any]:
        query = self._query_args["query"].limit(self.per_page).offset(self._query_offset)
        return list(db.session.execute(query))

    def _query_count(self) -> int:
        if is_whole_list(self):
            return len(self.items)
        rows = self._query_args["query"].order_by(None).subquery()
        return db.session.scalar(select(func.count()).select_from(rows)) or 0
