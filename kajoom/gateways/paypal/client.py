"""HTTP client of the PayPal API: short timeouts, access tokens, and a value for a lost response."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx2

from kajoom.gateways.time_limit import seconds_left

MAX_RESPONSE_BYTES = 2 * 1024 * 1024
_TIMEOUT_SECONDS, _CONNECT_SECONDS = 8.0, 2.0
# No keep-alive: a stale connection would lose a response, and one opened before a fork would be shared.
_LIMITS = httpx2.Limits(max_keepalive_connections=0)
# The timeout above is for each read: this one limits the whole response of a slow server.
_MAX_SECONDS = 12.0
# A file is downloaded inside a request, for which nothing is waited for longer than three seconds.
_FILE_TIMEOUT = httpx2.Timeout(1)
_MAX_FILE_SECONDS = 3.0
_TOKEN_MARGIN_SECONDS = 60.0
# A longer Retry-After is shortened: the outbox has its own delays.
_MAX_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A response. ``status`` is the HTTP status, or 0 without a readable response: the effect is then unknown."""

    status: int = 0
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def issue(self) -> str:
        """PayPal's most precise error code, empty when there is none."""
        details = self.body.get("details")
        first = details[0] if isinstance(details, list) and details else None
        code = first.get("issue") if isinstance(first, dict) else None
        return str(code or self.body.get("name") or self.body.get("error") or "")


NO_RESPONSE = ApiResponse()


class PayPalClient:
    """Client of one PayPal account, safe to share between threads. ``monotonic`` returns seconds."""

    def __init__(
        self, base_url: str, client_id: str, secret: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._credentials = (client_id, secret)
        self._monotonic = monotonic
        self._http = httpx2.Client(base_url=self.base_url, limits=_LIMITS, follow_redirects=False)
        self._lock = Lock()
        self._token, self._token_until = "", 0.0
        self._retry_at = 0.0

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        request_id: str = "",
    ) -> ApiResponse:
        """Send a request, again with a new token after a 401; return a response of status 0 when it is lost.

        ``request_id`` makes the request idempotent: PayPal remembers it for at least six hours. Until the end of a
        ``Retry-After`` nothing is sent and the response is 429.
        """
        if self._monotonic() < self._retry_at:
            return ApiResponse(429)
        response = NO_RESPONSE
        for _ in range(2):
            token = self._access_token()
            if isinstance(token, ApiResponse):
                return token
            headers = {"Authorization": f"Bearer {token}", "Prefer": "return=representation"}
            if request_id:
                headers["PayPal-Request-Id"] = request_id
            response = self._send(method, path, headers=headers, params=params, json=body)
            if response.status != 401:
                break
            self._discard_token(token)
        return response

    def fetch(self, url: str) -> bytes | None:
        """Download a public file without credentials; return ``None`` when that fails or takes 3 seconds."""
        end = self._monotonic() + _MAX_FILE_SECONDS
        try:
            with self._http.stream("GET", url, timeout=_FILE_TIMEOUT) as http_response:
                return self._read(http_response, end) if http_response.status_code == 200 else None
        except httpx2.HTTPError:
            return None

    def _access_token(self) -> str | ApiResponse:
        """Return a valid access token, or the error response; one thread requests it for all."""
        if not self._lock.acquire(timeout=min(_TIMEOUT_SECONDS, seconds_left())):
            return NO_RESPONSE
        try:
            if self._monotonic() < self._token_until:
                return self._token
            form = {"grant_type": "client_credentials"}
            response = self._send("POST", "/v1/oauth2/token", data=form, auth=self._credentials)
            token, lifetime = response.body.get("access_token"), response.body.get("expires_in")
            if not response.is_success:
                return response
            if not isinstance(token, str) or not isinstance(lifetime, int):
                return NO_RESPONSE
            self._token, self._token_until = token, self._monotonic() + lifetime - _TOKEN_MARGIN_SECONDS
            return token
        finally:
            self._lock.release()

    def _discard_token(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token_until = 0.0

    def _send(self, method: str, path: str, **options: Any) -> ApiResponse:
        """Send a request within the current time limit; nothing is sent once that has ended."""
        left = seconds_left()
        if not left:
            return NO_RESPONSE
        end = self._monotonic() + min(_MAX_SECONDS, left)
        timeout = httpx2.Timeout(min(_TIMEOUT_SECONDS, left), connect=min(_CONNECT_SECONDS, left))
        try:
            with self._http.stream(method, path, timeout=timeout, **options) as http_response:
                status, raw = http_response.status_code, self._read(http_response, end)
                self._note_retry_after(http_response)
        except httpx2.HTTPError:
            return NO_RESPONSE
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        return ApiResponse(status, body) if isinstance(body, dict) else NO_RESPONSE

    def _read(self, http_response: httpx2.Response, end: float) -> bytes:
        raw = b""
        for chunk in http_response.iter_bytes():
            raw += chunk
            if len(raw) > MAX_RESPONSE_BYTES or self._monotonic() > end:
                raise httpx2.ReadTimeout("the response is too long or too slow")
        return raw

    def _note_retry_after(self, http_response: httpx2.Response) -> None:
        """Send nothing for the number of seconds in ``Retry-After``, after a 429."""
        seconds = http_response.headers.get("Retry-After", "")
        if http_response.status_code == 429 and seconds.isascii() and seconds.isdigit():
            self._retry_at = self._monotonic() + min(int(seconds[:6]), _MAX_RETRY_AFTER_SECONDS)
