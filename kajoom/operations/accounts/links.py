"""The links of the e-mails about an account: signed, valid for a time, and used once.

A link names a client and holds a hash of what changes when it is used: the ``fs_uniquifier``, which every new password
and every end of all sessions replaces, and the e-mail address. Nothing is stored for a link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from kajoom.models.client import Client


class LinkKind(StrEnum):
    """What a link is for."""

    RESET = "reset"
    INVITATION = "invitation"
    ADDRESS = "address"


VALID_FOR: Mapping[LinkKind, timedelta] = {
    LinkKind.RESET: timedelta(hours=1),
    LinkKind.INVITATION: timedelta(days=7),
    LinkKind.ADDRESS: timedelta(hours=1),
}
"""How long a link may be used, from when its e-mail is written."""


class InvalidLink(Exception):
    """A link that was not made here, has expired or has been used, or whose client may not use it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was made here and has not expired; ``fits`` tells whether its client may still use it.

    ``about`` is the id of the ``AddressChange`` that it confirms, 0 for other links.
    """

    kind: LinkKind
    client_id: int
    fingerprint: str
    about: int = 0

    def fits(self, client: Client) -> bool:
        """Whether the client is active and has not used this link, or another that ended it."""
        may_use = client.active and not (self.kind is LinkKind.INVITATION and client.password)
        return bool(may_use) and self.fingerprint == _fingerprint(client)


def signing_keys(config: Mapping[str, Any]) -> list[str]:
    """The application's secrets, the current one last, from its configuration."""
    return [*(config.get("SECRET_KEY_FALLBACKS") or ()), config["SECRET_KEY"]]


def make_token(keys: Sequence[str], kind: LinkKind, client: Client, at: datetime, about: int = 0) -> str:
    """The token of a link made ``at`` for a client: the last part of its address. ``about`` is that of ``Link``."""
    expires = int((at + VALID_FOR[kind]).timestamp())
    return str(_serializer(keys, kind).dumps([client.id, expires, _fingerprint(client), about]))


def read_token(keys: Sequence[str], kind: LinkKind, token: str, at: datetime) -> Link:
    """The link of a token; ``InvalidLink`` unless it was made here, for this purpose, and has not expired."""
    try:
        client_id, expires, fingerprint, about = _serializer(keys, kind).loads(token)
    except (BadData, ValueError, TypeError):
        raise InvalidLink from None
    if not all(isinstance(each, int) for each in (client_id, expires, about)) or at.timestamp() >= expires:
        raise InvalidLink
    return Link(kind, client_id, str(fingerprint), about)


def _serializer(keys: Sequence[str], kind: LinkKind) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=f"account-{kind}", signer_kwargs={"digest_method": hashlib.sha256})


def _fingerprint(client: Client) -> str:
    return hashlib.sha256(f"{client.fs_uniquifier}\0{client.email}".encode()).hexdigest()[:32]
