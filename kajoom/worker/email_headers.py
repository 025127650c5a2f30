"""Texts and addresses for the headers of an e-mail: whatever a client or a host wrote, it stays in its header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UniqueUnstructuredHeader
from email.policy import EmailPolicy, Policy
from email.quoprimime import header_encode
from functools import lru_cache

_MAX_LENGTH = 200
_LINE_LENGTH = 76
_AROUND_A_WORD = len("=?utf-8?q??=")

# Line and paragraph separators, control characters, the marks that turn the direction of text, and lone surrogates.
_NOT_IN_A_HEADER = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def header_text(text: str) -> str:
    """``text`` on one line, of at most 200 characters, that mail programs show as it is.

    Python's mail library decodes ``=?utf-8?q?…?=`` in what it is given, line breaks included, so that a client's name
    could end a header and begin another: a space keeps the text from being one of those words (RFC 2047).
    """
    line = re.sub(r"\s{2,}", " ", _NOT_IN_A_HEADER.sub(" ", text).replace("=?", "= ?")).strip()
    return line if len(line) <= _MAX_LENGTH else f"{line[: _MAX_LENGTH - 1]}…"


@lru_cache(maxsize=8)
def address(name: str, email: str) -> Address:
    """An e-mail address with its display name; an internationalised domain in punycode, as headers need it."""
    local, _, domain = email.rpartition("@")
    with suppress(UnicodeError):  # a domain that cannot be encoded is the mail server's to refuse
        domain = domain.encode("idna").decode()
    return Address(display_name=header_text(name), addr_spec=f"{local}@{domain}")


class _Subject(UniqueUnstructuredHeader, BaseHeader):  # type: ignore[misc] # what HeaderRegistry makes of them
    """A subject whose spaces survive: the library's own folding drops the one between two encoded words."""

    def fold(self, *, policy: Policy) -> str:
        if self.isascii():
            folded = Header(str(self), maxlinelen=_LINE_LENGTH, header_name=self.name).encode(linesep=policy.linesep)
        else:
            folded = f"{policy.linesep} ".join(_encoded_words(str(self), len(self.name) + len(": ")))
        return f"{self.name}: {folded}{policy.linesep}"


def _encoded_words(text: str, taken: int) -> Iterator[str]:
    """``text`` as encoded words (RFC 2047), one a line; ``taken`` is what the first line has before its word.

    Their spaces are encoded, as a reader drops those between two words; a character is never divided.
    """
    word, room = "", _LINE_LENGTH - taken - _AROUND_A_WORD
    for encoded in map(_encoded, text):
        if len(word) + len(encoded) > room:
            yield f"=?utf-8?q?{word}?="
            word, room = "", _LINE_LENGTH - 1 - _AROUND_A_WORD
        word += encoded
    yield f"=?utf-8?q?{word}?="


@lru_cache(maxsize=512)
def _encoded(character: str) -> str:
    """A character as the "Q" encoding of RFC 2047 writes it."""
    return header_encode(character.encode(), "utf-8")[len("=?utf-8?q?") : -len("?=")]


class _Headers(HeaderRegistry):
    """The classes of headers, each made once: the library makes one for each header that is set or counted."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}
        self.map_to_type("subject", _Subject)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


class _Policy(EmailPolicy):
    """The headers that are the same in many e-mails are folded once."""

    def fold_binary(self, name: str, value: str) -> bytes:
        return _folded(self, name, value) if name in _REPEATED else super().fold_binary(name, value)


_REPEATED = frozenset(
    {
        "From", "Reply-To", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        "Content-Disposition", "Content-ID", "Content-Language",
    }
)  # fmt: skip


@lru_cache(maxsize=64)
def _folded(policy: EmailPolicy, name: str, value: str) -> bytes:
    return EmailPolicy.fold_binary(policy, name, value)


# ASCII only: a mail server without 8BITMIME still passes the message on unchanged.
POLICY = _Policy(linesep="\r\n", cte_type="7bit", header_factory=_Headers())
"""How e-mails are written."""


def address_header(name: str, of: Address) -> BaseHeader:
    """A header with one address that many e-mails have, such as the host's: parsed once."""
    return _address_header(name, of.display_name, of.addr_spec)


@lru_cache(maxsize=8)
def _address_header(name: str, display_name: str, addr_spec: str) -> BaseHeader:
    header: BaseHeader = POLICY.header_factory(name, Address(display_name, addr_spec=addr_spec))
    return header
