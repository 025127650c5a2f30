"""The host's logo in an e-mail: a part of it, so that mail programs show it without asking a server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kajoom.domain.brand import Brand
from kajoom.domain.colour import WHITE

_FOLDER = Path(__file__).resolve().parents[2] / "static"
_HEIGHT, _WIDEST = 48, 240


@dataclass(frozen=True, slots=True)
class EmailLogo:
    """The picture at the top of an e-mail: its ``url``, its size in pixels and the colour it stands on, or none.

    With ``holds_name`` the host's name is in it, and is not written beside it.
    """

    url: str
    content: bytes
    width: int
    height: int
    ground: str
    holds_name: bool


def email_logo(brand: Brand, domain: str) -> EmailLogo | None:
    """The host's logo, or an emblem in its colour; ``None`` for a host that only has an SVG, which no program shows."""
    url = f"cid:logo@{domain}"
    logo = brand.logo_of_emails
    if logo is not None:
        width, height = logo.fitted(_WIDEST, _HEIGHT)
        return EmailLogo(url, logo.content, width, height, "", logo.holds_name)
    if brand.logo is not None:
        return None
    palette = brand.palette
    emblem = _emblem("logo.png" if palette.text == WHITE else "logo-black.png")
    return EmailLogo(url, emblem, 40, 40, palette.ground, holds_name=False)


@cache
def _emblem(name: str) -> bytes:
    """The lines of the emblem, white or black on nothing; the e-mail gives them their ground."""
    return (_FOLDER / name).read_bytes()
