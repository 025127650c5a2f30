"""The catalogue that an application keeps in memory, dropped where a test restores its database."""

from __future__ import annotations

from flask import Flask, current_app


def forget_catalog(app: Flask | None = None) -> None:
    """Drop the cached catalogue of ``app``, the current application by default."""
    (app or current_app).extensions.pop("catalog", None)
