"""The certificates that PayPal signs its webhooks with: which may be downloaded, and which are already known."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kajoom.gateways.ports import InvalidSignature, ProviderUnavailable

SIGNER = "messageverificationcerts.paypal.com"
_PATH = re.compile(r"/v1/notifications/certs/[\w-]{1,80}", re.ASCII)
_MAX_KNOWN = 8
_FAILURE_REMEMBERED = timedelta(minutes=1)
_MAX_FAILURES = 64

Fetch = Callable[[str], bytes | None]
_Chain = tuple[x509.Certificate, ...]


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


class Certificates:
    """The certificates of PayPal's webhooks, safe to share between threads.

    Anyone can name any certificate in a webhook request before anything is proved. So one is downloaded only from
    ``hosts``, one at a time, and a download that failed is not tried again for a minute: whoever asks meanwhile is
    answered at once. ``roots`` are the trusted authorities, by default those of this machine.
    """

    def __init__(self, fetch: Fetch, hosts: Sequence[str], roots: list[x509.Certificate] | None = None) -> None:
        self._fetch = fetch
        self._hosts = frozenset(hosts)
        self._roots = roots
        self._known: dict[str, _Chain] = {}
        self._failures: dict[str, tuple[datetime, InvalidSignature | ProviderUnavailable]] = {}
        self._downloading = Lock()

    def check_url(self, url: str) -> None:
        """Raise ``InvalidSignature`` for a certificate that is not published by PayPal."""
        host = next((host for host in self._hosts if url.startswith(f"{host}/")), None)
        if host is None or not _PATH.fullmatch(url.removeprefix(host)):
            raise InvalidSignature("the URL of the certificate is not allowed")

    def key(self, url: str, at: datetime) -> RSAPublicKey:
        """Return the public key of the certificate at ``url``, valid at ``at``; only a valid one is kept.

        Raises ``InvalidSignature`` for one that is not PayPal's, ``ProviderUnavailable`` when it cannot be downloaded
        now.
        """
        self.check_url(url)
        chain = self._known.get(url)
        if chain is None:
            return self._download(url, at)
        return self._checked(chain, at)

    def _download(self, url: str, at: datetime) -> RSAPublicKey:
        self._raise_failure(url, at)
        if not self._downloading.acquire(blocking=False):
            raise ProviderUnavailable("another certificate is being downloaded")
        try:
            chain = self._fetch_chain(url)
            key = self._checked(chain, at)
        except (InvalidSignature, ProviderUnavailable) as error:
            self._remember_failure(url, at, error)
            raise
        finally:
            self._downloading.release()
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[url] = chain
        return key

    def _raise_failure(self, url: str, at: datetime) -> None:
        failed_at, error = self._failures.get(url, (None, None))
        if error is not None and failed_at is not None and abs(at - failed_at) < _FAILURE_REMEMBERED:
            raise type(error)(*error.args)

    def _remember_failure(self, url: str, at: datetime, error: InvalidSignature | ProviderUnavailable) -> None:
        """Called by the only thread that downloads; the oldest failure makes room for a new one."""
        self._failures.pop(url, None)
        if len(self._failures) >= _MAX_FAILURES:
            del self._failures[next(iter(self._failures))]
        self._failures[url] = at, error

    def _fetch_chain(self, url: str) -> _Chain:
        raw = self._fetch(url)
        if raw is None:
            raise ProviderUnavailable("the certificate cannot be downloaded")
        try:
            return tuple(x509.load_pem_x509_certificates(raw))
        except ValueError:
            raise InvalidSignature("the file is not a certificate") from None

    def _checked(self, chain: _Chain, at: datetime) -> RSAPublicKey:
        """Return the key of a chain that is valid for PayPal at ``at``; raise ``InvalidSignature`` otherwise."""
        if self._roots is None:
            self._roots = trusted_roots()
        verifier = PolicyBuilder().store(Store(self._roots)).time(at).build_server_verifier(x509.DNSName(SIGNER))
        try:
            verifier.verify(chain[0], list(chain[1:]))
        except (VerificationError, ValueError) as error:
            raise InvalidSignature(f"the certificate is not valid for PayPal: {error}") from None
        key = chain[0].public_key()
        if not isinstance(key, RSAPublicKey):
            raise InvalidSignature("the certificate has no RSA key")
        return key
