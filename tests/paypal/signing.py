"""Webhook requests signed with a certificate authority made for the tests, valid or forged."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SIGNER = "messageverificationcerts.paypal.com"
OURS = "Test authority"
_BEGIN, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_numbers = count(1)


class Authority(NamedTuple):
    """A certificate authority."""

    certificate: x509.Certificate
    key: RSAPrivateKey


class Signer(NamedTuple):
    """The signing key and its certificate chain in PEM, leaf first."""

    key: RSAPrivateKey
    chain: bytes


class SignedRequest(NamedTuple):
    """A webhook request."""

    headers: dict[str, str]
    body: bytes


@cache
def authority(name: str) -> Authority:
    """Make a certificate authority, once for each name."""
    key = generate_private_key(65537, 2048)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    public = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(usage, True)
        .add_extension(public, False)
    )
    return Authority(built.sign(key, SHA256()), key)


@cache
def signer(host: str = SIGNER, issuer: str = OURS, begin: datetime = _BEGIN) -> Signer:
    """Make a signing certificate of a host, issued by an authority."""
    ca, key = authority(issuer), generate_private_key(65537, 2048)
    built = (
        _builder(host, issuer, key, begin)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), False)
    )
    certificate = built.sign(ca.key, SHA256())
    chain = certificate.public_bytes(Encoding.PEM) + ca.certificate.public_bytes(Encoding.PEM)
    return Signer(key, chain)


def event(kind: str, resource: dict[str, Any], event_id: str = "") -> dict[str, Any]:
    """Build the content of a webhook event; the id is unique unless given."""
    number = event_id or f"WH-{next(_numbers):06d}"
    return {"id": number, "event_version": "1.0", "event_type": kind, "resource": resource, "summary": "Something."}


def signed(
    content: dict[str, Any],
    certificate: str,
    webhook_id: str,
    at: datetime,
    by: Signer | None = None,
    changed: Mapping[str, str] | None = None,
) -> SignedRequest:
    """Sign an event for a webhook, sent ``at``; ``changed`` headers replace the signed ones afterwards."""
    body = json.dumps(content).encode()
    transmission_id, sent_at = f"transmission-{next(_numbers)}", at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    signed_text = "|".join((transmission_id, sent_at, webhook_id, str(zlib.crc32(body))))
    signature = (by or signer()).key.sign(signed_text.encode(), PKCS1v15(), SHA256())
    headers = {
        "Content-Type": "application/json",
        "Paypal-Transmission-Id": transmission_id,
        "Paypal-Transmission-Time": sent_at,
        "Paypal-Transmission-Sig": base64.b64encode(signature).decode(),
        "Paypal-Cert-Url": certificate,
        "Paypal-Auth-Algo": "SHA256withRSA",
    }
    headers |= {f"Paypal-{name.replace('_', '-').title()}": value for name, value in (changed or {}).items()}
    return SignedRequest(headers, body)


def _builder(name: str, issuer: str, key: RSAPrivateKey, begin: datetime = _BEGIN) -> x509.CertificateBuilder:
    def name_of(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    return (
        x509.CertificateBuilder()
        .subject_name(name_of(name))
        .issuer_name(name_of(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(_END)
    )
