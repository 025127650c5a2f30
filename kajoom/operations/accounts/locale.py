"""The client's language, used by the pages and the e-mails."""

from __future__ import annotations

from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.operations.transaction import transactional


@transactional
def remember_locale(client_id: int, locale: str) -> None:
    """Store the language that a client chose, "fr" or "en"."""
    client = db.session.get(Client, client_id)
    if client is not None:
        client.locale = locale
