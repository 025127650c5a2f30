"""The parts of an e-mail: a text, and the same in HTML with the host's logo. They are encoded the same way each time,
so that nothing is looked up, decided or parsed for each e-mail."""

from __future__ import annotations

from binascii import b2a_qp
from email.base64mime import body_encode
from email.headerregistry import BaseHeader
from email.message import EmailMessage
from functools import cache, lru_cache

from kajoom.worker.email_headers import POLICY
from kajoom.worker.email_logo import EmailLogo


def set_body(email: EmailMessage, text: str, html: str, logo: EmailLogo | None) -> None:
    """Give an e-mail its text and HTML parts; the logo is a part beside the HTML, which refers to it."""
    written = _text_part("plain", text), _html_part(html, logo)
    _set_parts(email, "alternative", *written)


def _html_part(html: str, logo: EmailLogo | None) -> EmailMessage:
    part = _text_part("html", html)
    if logo is None:
        return part
    related = EmailMessage(policy=POLICY)
    _set_parts(related, "related", part, _logo_part(logo.content, logo.url))
    return related


def _set_parts(email: EmailMessage, kind: str, *parts: EmailMessage) -> None:
    """Make an e-mail, or a part of it, of several parts."""
    # Neither quoted-printable nor base64 can contain "=_", so that no part has the boundary in it (RFC 2045, 6.7).
    email["MIME-Version"] = _header("MIME-Version", "1.0")
    email["Content-Type"] = _header("Content-Type", f'multipart/{kind}; boundary="=_{kind}"')
    email.set_payload(list(parts))


def _text_part(subtype: str, text: str) -> EmailMessage:
    """A text in quoted-printable: mostly ASCII in either language, and readable in a log of the mail server."""
    part = EmailMessage(policy=POLICY)
    part["Content-Type"] = _header("Content-Type", f'text/{subtype}; charset="utf-8"')
    part["Content-Transfer-Encoding"] = _header("Content-Transfer-Encoding", "quoted-printable")
    part.set_payload(b2a_qp(b"\n".join((*text.encode().splitlines(), b""))).decode("ascii"))
    return part


@lru_cache(maxsize=4)
def _logo_part(content: bytes, url: str) -> EmailMessage:
    """The part of a logo, encoded once and the same in every e-mail."""
    part = EmailMessage(policy=POLICY)
    part["Content-Type"] = "image/png"
    part["Content-Transfer-Encoding"] = "base64"
    part["Content-Disposition"] = "inline"
    part["Content-ID"] = f"<{url.removeprefix('cid:')}>"
    part.set_payload(body_encode(content))
    return part


@cache
def _header(name: str, value: str) -> BaseHeader:
    """A header that is the same in every e-mail, parsed once."""
    header: BaseHeader = POLICY.header_factory(name, value)
    return header
