"""The tables are asked in the house of the deeds."""

from tests.operations.conftest import _catalogue, app, empty, house

__all__ = ["_catalogue", "app", "empty", "house"]
