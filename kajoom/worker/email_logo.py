"""The host's logo in an e-mail: a part of it, so that mail programs show it without asking a server."""

from __future__ import annotations

from email.message import EmailMessage
from functools import cache
from pathlib import Path

_FILE = Path(__file__).resolve().parents[2] / "static" / "logo.png"
LOGO_ID = "logo@kajoom"
"""What the HTML of an e-mail names the logo by: ``cid:logo@kajoom``."""


@cache
def _logo() -> bytes:
    return _FILE.read_bytes()


def attach_logo(email: EmailMessage) -> None:
    """Add the logo to the HTML part of an e-mail that has a text and an HTML part."""
    html = email.get_body(("html",))
    if html is None:
        raise LookupError("an e-mail without HTML")
    html.add_related(_logo(), "image", "png", cid=f"<{LOGO_ID}>", disposition="inline")
