"""A panel for any other system: signed messages to an address, and signed messages back once they are carried out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from kajoom.gateways.panel_port import (
    AccountStatus,
    PackageChange,
    PanelAccount,
    PanelCallback,
    PanelReading,
    PanelResult,
    PanelSettings,
    PanelStatus,
)
from kajoom.gateways.panels.addresses import PrivateAddress, public_address
from kajoom.gateways.panels.http import http_client, send
from kajoom.gateways.panels.signing import Signer
from kajoom.gateways.panels.text import plain
from kajoom.gateways.ports import InvalidSignature

_PENDING = PanelResult(PanelStatus.PENDING, "accepted")
_GONE = PanelResult(PanelStatus.REFUSED, "HTTP 410: the address of the server takes no messages any more.")
_PRIVATE = PanelResult(PanelStatus.REFUSED, "The address of the server is on a private network.")
_NOT_READ = PanelReading(AccountStatus.UNKNOWN, is_supported=False)
_LONGEST_WAIT_SECONDS = 3600.0
_KEY = re.compile(r"[A-Za-z0-9:_-]{1,120}")
_OUTCOMES = {"account.done": PanelStatus.DONE, "account.failed": PanelStatus.REFUSED}


class WebhookPanel:
    """A system that is sent one message for each request, https://www.standardwebhooks.com, and reports what it did.

    The id of a message is the key of the request, so that the receiver can recognise a repeated one. An accepted
    message is pending until the callback. Nothing is sent until the end of a ``Retry-After``, nor after a 410.
    ``monotonic`` returns seconds.
    """

    can_read = False
    needs: ClassVar[tuple[str, ...]] = ("SECRET",)

    def __init__(self, settings: PanelSettings, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._server = settings.server
        self._url = urlsplit(settings.url)
        self._may_be_private = settings.allows_private_addresses
        self._signer = Signer(settings.secret)
        self._client = http_client(uses_proxy=False)
        self._now, self._monotonic = settings.now, monotonic
        self._retry_at = 0.0
        self._is_gone = False

    def change(self, change: PackageChange) -> PanelResult:
        """Ask for the package of the account."""
        return self._ask("account.change", change.account, change.key, package=change.package)

    def suspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Ask for the suspension of the account."""
        return self._ask("account.suspend", account, key)

    def unsuspend(self, account: PanelAccount, key: str) -> PanelResult:
        """Ask for the end of the suspension of the account."""
        return self._ask("account.unsuspend", account, key)

    def terminate(self, account: PanelAccount, key: str) -> PanelResult:
        """Ask for the deletion of the account."""
        return self._ask("account.terminate", account, key)

    def read(self, account: PanelAccount) -> PanelReading:
        """Return that no account can be read: the callback is believed."""
        return _NOT_READ

    def callback(self, headers: Mapping[str, str], body: bytes, at: datetime) -> PanelCallback:
        """Return what the receiver reports; raise ``InvalidSignature`` for what is not its message or too old."""
        message_id = self._signer.verify(headers, body, at)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError):
            content = None
        data = content.get("data") if isinstance(content, dict) else None
        status = _OUTCOMES.get(str(content.get("type"))) if isinstance(content, dict) else None
        key = data.get("id") if isinstance(data, dict) else None
        if status is None or not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InvalidSignature("signed, but not account.done or account.failed with the id of a message")
        reason = plain(data.get("reason")) if isinstance(data, dict) else ""
        return PanelCallback(message_id, self._server, key, PanelResult(status, reason))

    def _ask(self, kind: str, account: PanelAccount, key: str, **more: str) -> PanelResult:
        if self._is_gone:
            return _GONE
        if self._monotonic() < self._retry_at:
            return PanelResult(PanelStatus.UNKNOWN, "not asked: the receiver has asked to wait")
        data = {"server": self._server, "service": account.service, "account": account.username, **more}
        body = json.dumps({"type": kind, "data": data}, separators=(",", ":"), sort_keys=True).encode()
        try:
            return self._send(body, self._signer.headers(key, int(self._now().timestamp()), body))
        except PrivateAddress:
            return _PRIVATE

    def _send(self, body: bytes, headers: dict[str, str]) -> PanelResult:
        """Send a message to the address that was checked, whatever the name stands for a moment later."""
        host, options = self._url.hostname or "", dict[str, Any]()
        url = self._url
        if not self._may_be_private:
            address = public_address(host, url.port or 443)
            if address is None:
                return PanelResult(PanelStatus.UNKNOWN, "no address")
            literal = f"[{address}]" if ":" in address else address
            url = url._replace(netloc=f"{literal}:{url.port or 443}")
            headers = {**headers, "host": self._url.netloc}
            options["extensions"] = {"sni_hostname": host}
        headers["content-type"] = "application/json"
        answer = send(self._client, "POST", url.geturl(), content=body, headers=headers, **options)
        return self._result(answer.status, answer.headers)

    def _result(self, status: int, headers: Mapping[str, str]) -> PanelResult:
        if 200 <= status < 300:
            return _PENDING
        if status == 410:
            self._is_gone = True
            return _GONE
        if status in {0, 408, 425, 429} or status >= 500:
            self._retry_at = self._monotonic() + self._seconds_to_wait(headers.get("retry-after", ""))
            return PanelResult(PanelStatus.UNKNOWN, f"HTTP {status}" if status else "no answer")
        return PanelResult(PanelStatus.REFUSED, f"HTTP {status}")

    def _seconds_to_wait(self, text: str) -> float:
        """The seconds of a ``Retry-After``, a number or a date, at most an hour; 0 without a readable one."""
        if text.isascii() and text.isdigit():
            return min(float(text[:6]), _LONGEST_WAIT_SECONDS)
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(0.0, (until - self._now()).total_seconds()), _LONGEST_WAIT_SECONDS)
