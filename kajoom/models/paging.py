"""Long lists, read one page at a time."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select

from kajoom.models.db import db

PER_PAGE = 50


def page_of(query: Select[Any], number: int) -> Pagination:
    """Read page ``number`` of an ordered query of one entity, from 1; a page after the last one is a 404."""
    return db.paginate(query, page=number, per_page=PER_PAGE, max_per_page=PER_PAGE)
