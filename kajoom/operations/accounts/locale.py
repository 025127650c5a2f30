"""The language a client reads in: the page asks for it once, the letters follow it."""

from __future__ import annotations

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.transaction import transactional


@transactional
def remember_locale(client_id: int, locale: str) -> None:
    """Note that the client chose ``locale`` ("fr" or "en")."""
    client = db.session.get(Client, client_id)
    if client is not None:
        client.locale = locale
