"""Readers of the values of variables: each returns the value, or raises ``ValueError`` saying what is expected.

A message never quotes a value that may hold a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import idna

from kajoom.gateways.mail import mailer
from kajoom.models.db import check_database_url
from kajoom.operations.email_address import parse_email

SHORTEST_SECRET = 32
_SHORTEST_TOKEN = 8
_LONGEST_TEXT = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_BOOLEANS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*/?")
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")

Reader = Callable[[str], object]


def boolean(text: str) -> bool:
    """Any of 1, true, yes, on, 0, false, no, off, in any case."""
    if text.lower() not in _BOOLEANS:
        raise ValueError(f"must be one of {', '.join(_BOOLEANS)}, not {text!r}")
    return _BOOLEANS[text.lower()]


def one_of(*allowed: str) -> Reader:
    """A reader of a word among ``allowed``."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {text!r}")
        return text

    return read


def whole_number(least: int, most: int) -> Reader:
    """A reader of a number from ``least`` to ``most``, in decimal digits."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}, not {text!r}")
        return int(text)

    return read


def matching(pattern: str, expected: str) -> Reader:
    """A reader of a text that matches ``pattern`` from end to end."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(f"must be {expected}, not {text!r}")
        return text

    return read


def plain_text(text: str) -> str:
    """A text that fits on an invoice's line."""
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"must have at most {_LONGEST_TEXT} characters")
    return text


def address_lines(text: str) -> list[str]:
    """The lines of an address, which "|" separates."""
    lines = [plain_text(line.strip()) for line in text.split("|")]
    if not all(lines):
        raise ValueError("must be lines separated by |, none of them empty")
    return lines


def email_address(text: str) -> str:
    """An e-mail address, its domain in punycode."""
    try:
        return parse_email(text)
    except ValueError:
        raise ValueError(f"must be an e-mail address, not {text!r}") from None


def secret(text: str) -> str:
    """A secret that nobody can guess, as far as its length tells."""
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters: it has {len(text)}")
    return text


def secrets(text: str) -> tuple[str, ...]:
    """Secrets separated by commas."""
    return tuple(secret(part.strip()) for part in text.split(","))


def token(text: str) -> str:
    """A token or identifier given by another system, or to one: printable ASCII without spaces."""
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("must be printable ASCII characters without spaces")
    return text


def ready_token(text: str) -> str:
    """The token of the readiness check."""
    if len(text) < _SHORTEST_TOKEN:
        raise ValueError(f"must have at least {_SHORTEST_TOKEN} characters: it has {len(text)}")
    return token(text)


def timezone(text: str) -> str:
    """The name of a time zone of the IANA database."""
    try:
        ZoneInfo(text)
    except (ValueError, LookupError, OSError):
        raise ValueError(f"must be a time zone such as America/Toronto, not {text!r}") from None
    return text


def database_url(text: str) -> str:
    """The URL of a database that the application can use."""
    folder = check_database_url(text)
    if folder is not None and not Path(folder).is_dir():
        raise ValueError(f"names a file in a folder that does not exist: {folder}")
    return text


def mail_url(text: str) -> str:
    """The URL of a mail server or of a folder."""
    mailer(text)
    return text


def provider_url(text: str) -> str:
    """A URL to which secrets are sent: https, or http on the loopback interface; without a last slash."""
    parts = split_url(text)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise ValueError("must begin with https://")
    return parts.geturl().rstrip("/")


def base_url(text: str) -> str:
    """The public address: its host in punycode, and its path, without a last slash, as the prefix of every link."""
    parts = split_url(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"must begin with https:// (or http://), not {text!r}")
    if not _PREFIX.fullmatch(parts.path):
        raise ValueError(f"must have a path of letters, digits, '.', '_', '~' and '-' only, not {parts.path!r}")
    host = _ascii_host(parts.hostname or "")
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def split_url(text: str) -> SplitResult:
    """The parts of a URL that has a host, and no user, password, query or fragment."""
    parts = urlsplit(text)
    if not parts.hostname or parts.port == 0:
        raise ValueError("must be a URL such as https://client.example.com")
    if "@" in parts.netloc or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError("must be a URL without a user, a password, a query or a space")
    return parts


def _ascii_host(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        name = ""
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(f"must have a valid host name, not {host!r}")
    return name


def base_hosts(url: str) -> tuple[str, ...]:
    """The host of a URL made by ``base_url``, and its Unicode spelling when it is an internationalised name."""
    host = urlsplit(url).hostname or ""
    if ":" in host:
        return (f"[{host}]",)
    try:
        return tuple(dict.fromkeys((host, idna.decode(host))))
    except idna.IDNAError:  # a name with an underscore, for example
        return (host,)
