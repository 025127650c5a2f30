"""The models are tested with the fixtures of the operations: one application per engine, and the catalogue loaded."""

from tests.operations.conftest import _app_context, app, catalogued, house

__all__ = ["_app_context", "app", "catalogued", "house"]
