"""Pages of clients that staff may read, from the links in their e-mails, without any form or button."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, abort, g, request

from kajoom.models.owner import Owner
from kajoom.web.auth import current_client

log = logging.getLogger(__name__)

Name = TypeVar("Name", int, str)
Found = TypeVar("Found")


def init_staff_view(app: Flask) -> None:
    """Let templates know whose page staff are reading."""
    app.jinja_env.globals["viewed_owner"] = viewed_owner


def viewed_owner() -> Owner | None:
    """The client whose page a member of staff is reading, ``None`` on one's own pages."""
    owner: Owner | None = g.get("viewed_owner")
    return owner


def log_read(client_id: int) -> None:
    """Log that the signed-in member of staff reads what is a client's."""
    ids = {"actor": current_client().id, "client": client_id, "endpoint": request.endpoint}
    log.info("staff act", extra={"act": "read", **ids})


def get_viewable_or_404(
    find: Callable[[int, Name], Found | None], owner_of: Callable[[Name], Owner | None], name: Name
) -> Found:
    """What ``find`` returns for the signed-in client, or to read only for its owner when staff ask for it.

    404 for what does not exist, and for what is another client's unless a member of staff reads it.
    """
    seen, reader = viewed_owner(), current_client()
    client_id = seen.id if seen is not None else reader.id
    found = find(client_id, name)
    if found is not None:
        return found
    owner = owner_of(name) if request.method in {"GET", "HEAD"} and reader.is_staff else None
    if owner is None:
        abort(404)
    g.viewed_owner = owner
    log_read(owner.id)
    return find(owner.id, name) or abort(404)
