"""Texts and addresses for the headers of an e-mail: whatever a client or a host wrote, it stays in its header."""

from __future__ import annotations

import re
from contextlib import suppress
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.policy import SMTP, Policy

_MAX_LENGTH = 200
_LINE_LENGTH = 76

# Line and paragraph separators, control characters, the marks that turn the direction of text, and lone surrogates.
_NOT_IN_A_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def header_text(text: str) -> str:
    """``text`` on one line, of at most 200 characters, that mail programs show as it is.

    Python's mail library decodes ``=?utf-8?q?…?=`` in what it is given, line breaks included, so that a client's name
    could end a header and begin another: a space keeps the text from being one of those words (RFC 2047).
    """
    line = re.sub(r"\s{2,}", " ", _NOT_IN_A_HEADER.sub(" ", text).replace("=?", "= ?")).strip()
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1]}…"


def address(name: str, email: str) -> Address:
    """An e-mail address with its display name; an internationalised domain in punycode, as headers need it."""
    local, _, domain = email.rpartition("@")
    with suppress(UnicodeError):  # a domain that cannot be encoded is the mail server's to refuse
        domain = domain.encode("idna").decode()
    return Address(display_name=header_text(name), addr_spec=f"{local}@{domain}")


class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # what HeaderRegistry makes of them
    """A subject whose spaces survive: the library's own folding drops the one between two encoded words."""

    def fold(self, *, policy: Policy) -> str:
        charset = "us-ascii" if self.isascii() else "utf-8"
        header = Header(str(self), charset, maxlinelen=_LINE_LENGTH, header_name=self.name)
        return f"{self.name}: {header.encode(linesep=policy.linesep)}{policy.linesep}"


def _headers() -> HeaderRegistry:
    registry = HeaderRegistry()
    registry.map_to_type("subject", _Subject)
    return registry


# ASCII only: a mail server without 8BITMIME still passes the message on unchanged.
POLICY = SMTP.clone(cte_type="7bit", header_factory=_headers())
"""How e-mails are written."""
