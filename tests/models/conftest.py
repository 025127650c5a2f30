"""Fixtures of the operations' tests: one application per engine, with the catalogue loaded."""

from tests.operations.conftest import _app_context, app, catalogued, house

__all__ = ["_app_context", "app", "catalogued", "house"]
