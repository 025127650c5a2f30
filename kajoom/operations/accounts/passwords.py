"""The hash of a client's password."""

from __future__ import annotations

from kajoom.models.client import lock_client
from kajoom.operations.transaction import transactional


@transactional
def replace_password_hash(client_id: int, old: str, new: str) -> None:
    """Store another hash of the same password, unless the password has been changed since ``old`` was read."""
    client = lock_client(client_id)
    if client.password == old:
        client.password = new
