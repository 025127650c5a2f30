"""The tables are asked in the house of the deeds."""

from tests.operations.conftest import _house, app, catalogued, house

__all__ = ["_house", "app", "catalogued", "house"]
