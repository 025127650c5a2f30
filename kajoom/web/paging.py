"""The page number of a list (``?page=``)."""

from __future__ import annotations

from flask import abort, request

_LARGEST = 1_000_000
"""Far beyond any list, and small enough for an offset in either database."""


def requested_page() -> int:
    """The page asked for, 1 without ``page``; 404 for anything that is not a page number."""
    text = request.args.get("page", "1")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= _LARGEST):
        abort(404)
    return int(text)
