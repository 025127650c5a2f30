"""Verify PayPal webhook requests: format, date, certificate and signature, in this order.

Everything that needs no certificate is checked first, so that a forged request is refused without a download.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from kajoom.gateways.paypal.certificates import Certificates, Fetch
from kajoom.gateways.ports import InvalidSignature, WebhookMessage

# PayPal retries for three days and may keep the first date.
_MAX_AGE = timedelta(days=3, hours=1)
_MAX_CLOCK_SKEW = timedelta(minutes=5)
# PayPal's ids have up to 40 characters and its event types up to 60; the columns have a length (models/webhook_event).
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
# A custom_id of PayPal's has up to 255 characters, ours fewer; what a seller's other software wrote may be any text.
_REFERENCE = re.compile(r"[!-~]{1,100}")
_TRANSMISSION_ID = re.compile(r"[!-~]{1,100}")
# RSA keys of 2,048 to 8,192 bits.
_SIGNATURE_BYTES = range(256, 1025)


class PayPalWebhookVerifier:
    """Verifies the requests of one webhook.

    ``fetch`` downloads a certificate, ``hosts`` are the allowed origins of certificates and ``roots`` the trusted
    authorities, by default those of this machine.
    """

    def __init__(
        self,
        webhook_id: str,
        fetch: Fetch,
        hosts: Sequence[str],
        roots: list[x509.Certificate] | None = None,
    ) -> None:
        self._webhook_id = webhook_id
        self._certificates = Certificates(fetch, hosts, roots)

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """Verify a request received at ``at`` and return its event.

        Raises ``InvalidSignature`` when PayPal did not sign it, ``ProviderUnavailable`` when its certificate cannot be
        downloaded now.
        """
        transmission_id, sent_at = (headers.get(f"Paypal-Transmission-{name}", "") for name in ("Id", "Time"))
        if headers.get("Paypal-Auth-Algo") != "SHA256withRSA":
            raise InvalidSignature("unknown signature algorithm")
        if not _TRANSMISSION_ID.fullmatch(transmission_id):
            raise InvalidSignature("the transmission id is invalid")
        _check_date(sent_at, at)
        signature = _decoded_signature(headers.get("Paypal-Transmission-Sig", ""))
        url = headers.get("Paypal-Cert-Url", "")
        self._certificates.check_url(url)
        message = _to_message(body)
        parts = (transmission_id, sent_at, self._webhook_id, str(zlib.crc32(body)))
        try:
            self._certificates.key(url, at).verify(signature, "|".join(parts).encode(), PKCS1v15(), SHA256())
        except exceptions.InvalidSignature:
            raise InvalidSignature("the signature does not match the request") from None
        return message


def _check_date(text: str, at: datetime) -> None:
    try:
        age = at - datetime.fromisoformat(text)
    except (ValueError, TypeError, OverflowError):
        raise InvalidSignature("the date is invalid") from None
    if not -_MAX_CLOCK_SKEW <= age <= _MAX_AGE:
        raise InvalidSignature("the date is too old or in the future")


def _decoded_signature(text: str) -> bytes:
    try:
        signature = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidSignature("the signature is not base64") from None
    if len(signature) not in _SIGNATURE_BYTES:
        raise InvalidSignature("the signature has no possible length")
    return signature


def _to_message(body: bytes) -> WebhookMessage:
    """Extract the ids of an event: the key of our attempt, and the id of the order or else of the resource."""
    try:
        event = json.loads(body)
        resource = event["resource"]
        unit: Mapping[str, Any] = (resource.get("purchase_units") or [{}])[0]
        related = (resource.get("supplementary_data") or {}).get("related_ids") or resource.get("metadata") or {}
        return WebhookMessage(
            id=_name(event["id"]),
            kind=_name(event["event_type"]),
            key=_reference(resource.get("custom_id") or unit.get("custom_id")),
            provider_ref=_reference(related.get("order_id") or resource.get("id") or resource.get("dispute_id")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise InvalidSignature("the event has an unknown format") from None


def _name(value: object) -> str:
    """Return an event's id or type; ``ValueError`` for one that no event has."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(value)
    return value


def _reference(value: object) -> str:
    """Return an id if it can be one of ours or of PayPal's, else an empty text: no payment has it."""
    return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else ""
