"""The host's catalogue is in force before each question."""

from tests.operations.conftest import _catalogue, app

__all__ = ["_catalogue", "app"]
