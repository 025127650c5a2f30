"""Signatures of messages as Standard Webhooks defines them: https://www.standardwebhooks.com, symmetric (``v1``)."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from kajoom.gateways.ports import InvalidSignature

_PREFIX = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64
_LATEST_SECONDS = 300
_ID = re.compile(r"[\x21-\x7e]{1,200}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class Signer:
    """Signs and verifies messages with a secret that both sides have: ``whsec_`` and 24 to 64 bytes in base64.

    Raises ``ValueError`` for any other secret.
    """

    def __init__(self, secret: str) -> None:
        try:
            self._key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            self._key = b""
        if not secret.startswith(_PREFIX) or not _SHORTEST_KEY <= len(self._key) <= _LONGEST_KEY:
            raise ValueError(f"SECRET must be {_PREFIX} and {_SHORTEST_KEY} to {_LONGEST_KEY} random bytes in base64")

    def headers(self, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The headers of a message sent at ``timestamp``, in seconds since 1970; a retry has the same id."""
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,{self._signature(message_id, str(timestamp), body)}",
        }

    def verify(self, headers: Mapping[str, str], body: bytes, at: datetime) -> str:
        """Return the id of a message received ``at``.

        Raises ``InvalidSignature`` when it was not signed with the secret, or five minutes earlier or later.
        """
        named = {name.lower(): text for name, text in headers.items()}
        message_id, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
        if not _ID.fullmatch(message_id) or not _TIMESTAMP.fullmatch(timestamp):
            raise InvalidSignature("no id or timestamp")
        if abs(at.timestamp() - int(timestamp)) > _LATEST_SECONDS:
            raise InvalidSignature("not sent within five minutes")
        expected = self._signature(message_id, timestamp, body).encode()
        given = [text.partition(",") for text in named.get("webhook-signature", "").split()]
        if not any(version == "v1" and hmac.compare_digest(text.encode(), expected) for version, _, text in given):
            raise InvalidSignature("not signed with the secret of a server")
        return message_id

    def _signature(self, message_id: str, timestamp: str, body: bytes) -> str:
        signed = b".".join((message_id.encode(), timestamp.encode(), body))
        return base64.b64encode(hmac.digest(self._key, signed, "sha256")).decode()
