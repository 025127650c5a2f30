"""Fixtures of the operations' tests: one application per engine, with the catalogue loaded."""

from tests.operations.conftest import _app_context, app, catalog_database, plain_app

__all__ = ["_app_context", "app", "catalog_database", "plain_app"]
