"""Verify PayPal webhook requests: certificate, signature and date."""

from __future__ import annotations

import base64
import json
import re
import ssl
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable, WebhookMessage

SIGNER = "messageverificationcerts.paypal.com"
_CERTIFICATE_PATH = re.compile(r"/v1/notifications/certs/[\w-]{1,80}", re.ASCII)
# PayPal retries for three days and may keep the first date.
_MAX_AGE = timedelta(days=3, hours=1)
_MAX_CLOCK_SKEW = timedelta(minutes=5)
_MAX_CACHED_CERTIFICATES = 8

Fetch = Callable[[str], bytes | None]


def trusted_roots() -> list[x509.Certificate]:
    """Return the certificate authorities trusted by this machine, without those whose serial number is not positive."""
    context = ssl.create_default_context()
    pairs = zip(context.get_ca_certs(True), context.get_ca_certs(), strict=True)
    return [x509.load_der_x509_certificate(raw) for raw, info in pairs if int(str(info["serialNumber"]), 16) > 0]


def certificate_hosts(base_url: str) -> tuple[str, ...]:
    """Return the origins from which an account's certificates may be downloaded.

    A live account does not accept those of the sandbox. An API outside paypal.com (a test server) publishes its own.
    """
    parts = urlsplit(base_url)
    if not (parts.hostname or "").endswith(".paypal.com"):
        return (f"{parts.scheme}://{parts.netloc}",)
    environment = ".sandbox" if ".sandbox." in base_url else ""
    return (f"https://api{environment}.paypal.com", f"https://api-m{environment}.paypal.com")


class PayPalWebhookVerifier:
    """Verifies the requests of one webhook.

    ``hosts`` are the allowed origins of certificates and ``roots`` the trusted authorities, by default those of this
    machine.
    """

    def __init__(
        self,
        webhook_id: str,
        fetch: Fetch,
        hosts: Sequence[str],
        roots: list[x509.Certificate] | None = None,
    ) -> None:
        self._webhook_id = webhook_id
        self._fetch = fetch
        self._hosts = frozenset(hosts)
        self._roots = roots
        self._certificates: dict[str, tuple[x509.Certificate, ...]] = {}

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """Verify a request received at ``at`` and return its event.

        Raises ``InvalidSignature`` when PayPal did not sign it, ``ProviderUnavailable`` when its certificate cannot be
        downloaded now.
        """
        transmission_id, sent_at = (headers.get(f"Paypal-Transmission-{name}", "") for name in ("Id", "Time"))
        if headers.get("Paypal-Auth-Algo") != "SHA256withRSA":
            raise InvalidSignature("unknown signature algorithm")
        self._check_date(sent_at, at)
        key = self._key(headers.get("Paypal-Cert-Url", ""), at)
        parts = (transmission_id, sent_at, self._webhook_id, str(zlib.crc32(body)))
        try:
            signature = base64.b64decode(headers.get("Paypal-Transmission-Sig", ""), validate=True)
            key.verify(signature, "|".join(parts).encode(), PKCS1v15(), SHA256())
        except (ValueError, exceptions.InvalidSignature):
            raise InvalidSignature("the signature does not match the request") from None
        return _to_message(body)

    @staticmethod
    def _check_date(text: str, at: datetime) -> None:
        try:
            age = at - datetime.fromisoformat(text)
        except (ValueError, TypeError):
            raise InvalidSignature("the date is invalid") from None
        if not -_MAX_CLOCK_SKEW <= age <= _MAX_AGE:
            raise InvalidSignature("the date is too old or in the future")

    def _key(self, url: str, at: datetime) -> RSAPublicKey:
        """Return the public key of a PayPal certificate that is valid at ``at``; valid certificates are cached."""
        host = next((host for host in self._hosts if url.startswith(f"{host}/")), None)
        if host is None or not _CERTIFICATE_PATH.fullmatch(url.removeprefix(host)):
            raise InvalidSignature("the URL of the certificate is not allowed")
        chain = self._certificates.get(url) or self._download(url)
        self._check_chain(chain, at)
        if len(self._certificates) >= _MAX_CACHED_CERTIFICATES:
            self._certificates.clear()
        self._certificates[url] = chain
        key = chain[0].public_key()
        if not isinstance(key, RSAPublicKey):
            raise InvalidSignature("the certificate has no RSA key")
        return key

    def _download(self, url: str) -> tuple[x509.Certificate, ...]:
        raw = self._fetch(url)
        if raw is None:
            raise ProviderUnavailable("the certificate cannot be downloaded")
        try:
            return tuple(x509.load_pem_x509_certificates(raw))
        except ValueError:
            raise InvalidSignature("the file is not a certificate") from None

    def _check_chain(self, chain: Sequence[x509.Certificate], at: datetime) -> None:
        if self._roots is None:
            self._roots = trusted_roots()
        verifier = PolicyBuilder().store(Store(self._roots)).time(at).build_server_verifier(x509.DNSName(SIGNER))
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            raise InvalidSignature(f"the certificate is not valid for PayPal: {error}") from None


def _to_message(body: bytes) -> WebhookMessage:
    """Extract the ids of an event: the key of our attempt, and the id of the order or else of the resource."""
    try:
        event = json.loads(body)
        resource = event["resource"]
        unit: Mapping[str, Any] = (resource.get("purchase_units") or [{}])[0]
        related = (resource.get("supplementary_data") or {}).get("related_ids") or resource.get("metadata") or {}
        return WebhookMessage(
            id=str(event["id"]),
            kind=str(event["event_type"]),
            key=str(resource.get("custom_id") or unit.get("custom_id") or ""),
            provider_ref=str(related.get("order_id") or resource.get("id") or resource.get("dispute_id") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise InvalidSignature("the event has an unknown format") from None
