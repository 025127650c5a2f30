"""PayPal's own messages are believed to be PayPal's only when its certificate, its signature and its date say so."""

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
# PayPal tries again for three days, and promises no new date for a later try: younger than that is not too old.
_OLDEST = timedelta(days=3, hours=1)
_AHEAD = timedelta(minutes=5)
_MOST_KEPT = 8

Fetch = Callable[[str], bytes | None]


def trusted_roots() -> list[x509.Certificate]:
    """The authorities that this machine trusts, less those too old to have a serial number as is required."""
    known = ssl.create_default_context()
    pairs = zip(known.get_ca_certs(True), known.get_ca_certs(), strict=True)
    return [x509.load_der_x509_certificate(raw) for raw, facts in pairs if int(str(facts["serialNumber"]), 16) > 0]


def certificate_hosts(base_url: str) -> tuple[str, ...]:
    """Where the certificates of an account's messages may come from: a sandbox never vouches for live money.

    An API that is not PayPal's own, which only a host's configuration can name, publishes them itself.
    """
    parts = urlsplit(base_url)
    if not (parts.hostname or "").endswith(".paypal.com"):
        return (f"{parts.scheme}://{parts.netloc}",)
    environment = ".sandbox" if ".sandbox." in base_url else ""
    return (f"https://api{environment}.paypal.com", f"https://api-m{environment}.paypal.com")


class PayPalWebhookVerifier:
    """Verifies messages for one webhook. ``hosts`` are the origins a certificate may come from; ``roots`` the
    authorities, those of this machine unless others are given."""

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
        self._kept: dict[str, tuple[x509.Certificate, ...]] = {}

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """The message, verified at the instant ``at``.

        ``InvalidSignature`` when it is not PayPal's, ``ProviderUnavailable`` when its certificate cannot be had now.
        """
        said = {name: headers.get(f"Paypal-{name}", "") for name in ("Transmission-Id", "Transmission-Time")}
        if headers.get("Paypal-Auth-Algo") != "SHA256withRSA":
            raise InvalidSignature("signed in a way PayPal does not")
        self._check_date(said["Transmission-Time"], at)
        key = self._key(headers.get("Paypal-Cert-Url", ""), at)
        parts = (said["Transmission-Id"], said["Transmission-Time"], self._webhook_id, str(zlib.crc32(body)))
        try:
            signature = base64.b64decode(headers.get("Paypal-Transmission-Sig", ""), validate=True)
            key.verify(signature, "|".join(parts).encode(), PKCS1v15(), SHA256())
        except (ValueError, exceptions.InvalidSignature):
            raise InvalidSignature("the signature is not of this message") from None
        return _to_message(body)

    @staticmethod
    def _check_date(text: str, at: datetime) -> None:
        try:
            age = at - datetime.fromisoformat(text)
        except (ValueError, TypeError):
            raise InvalidSignature("no date that can be read") from None
        if not -_AHEAD <= age <= _OLDEST:
            raise InvalidSignature("too old, or of the future")

    def _key(self, url: str, at: datetime) -> RSAPublicKey:
        """The key of a certificate that is PayPal's at the instant ``at``; one that was good is fetched once."""
        host = next((host for host in self._hosts if url.startswith(f"{host}/")), None)
        if host is None or not _CERTIFICATE_PATH.fullmatch(url.removeprefix(host)):
            raise InvalidSignature("the certificate is not kept where PayPal keeps its own")
        chain = self._kept.get(url) or self._fetched(url)
        self._check_chain(chain, at)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[url] = chain
        key = chain[0].public_key()
        if not isinstance(key, RSAPublicKey):
            raise InvalidSignature("the certificate has no RSA key")
        return key

    def _fetched(self, url: str) -> tuple[x509.Certificate, ...]:
        raw = self._fetch(url)
        if raw is None:
            raise ProviderUnavailable("PayPal does not give its certificate")
        try:
            return tuple(x509.load_pem_x509_certificates(raw))
        except ValueError:
            raise InvalidSignature("what is kept there is no certificate") from None

    def _check_chain(self, chain: Sequence[x509.Certificate], at: datetime) -> None:
        if self._roots is None:
            self._roots = trusted_roots()
        verifier = PolicyBuilder().store(Store(self._roots)).time(at).build_server_verifier(x509.DNSName(SIGNER))
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except VerificationError as error:
            raise InvalidSignature(f"the certificate is not PayPal's: {error}") from None


def _to_message(body: bytes) -> WebhookMessage:
    """The ids a message speaks of: our attempt's, the order's, or failing that the id of what it is about."""
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
        raise InvalidSignature("a message of no known form") from None
