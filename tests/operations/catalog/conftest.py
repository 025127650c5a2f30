"""Fixtures of the tests of the catalogue file."""

import pytest

from kajoom.models.db import Base, db
from tests.catalog_cache import forget_catalog


@pytest.fixture
def empty_database(_app_context: None) -> None:
    """Delete the catalogue that the tests of operations have."""
    for table in reversed(Base.metadata.sorted_tables):
        db.session.execute(table.delete())
    db.session.commit()
    forget_catalog()
