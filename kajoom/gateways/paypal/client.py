"""The wire to PayPal: each question is waited for briefly, and an answer that was lost is said to be lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import httpx2

MAX_RESPONSE_BYTES = 2 * 1024 * 1024
_TIMEOUT = httpx2.Timeout(8, connect=2)
# No connection outlives its question: one gone stale would lose an answer, and one from before a fork is another's too.
_LIMITS = httpx2.Limits(max_keepalive_connections=0)
# Each read may take its eight seconds: a server that drips would keep us for ever.
_MAX_SECONDS = 12.0
_TOKEN_MARGIN_SECONDS = 60.0
# A server may ask to be left alone for longer than makes sense: the outbox waits by itself.
_MAX_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What came back. ``status`` is HTTP's, or 0 when no answer that can be read came: nobody knows what was done."""

    status: int = 0
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether PayPal did what was asked."""
        return 200 <= self.status < 300

    @property
    def issue(self) -> str:
        """PayPal's code for what is wrong, the most precise there is; empty when it says none."""
        details = self.body.get("details")
        first = details[0] if isinstance(details, list) and details else None
        precise = first.get("issue") if isinstance(first, dict) else None
        return str(precise or self.body.get("name") or self.body.get("error") or "")


NO_RESPONSE = ApiResponse()


class PayPalClient:
    """One account at PayPal, asked by any number of threads. ``monotonic`` counts seconds from anywhere."""

    def __init__(
        self, base_url: str, client_id: str, secret: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._credentials = (client_id, secret)
        self._monotonic = monotonic
        self._http = httpx2.Client(base_url=self.base_url, timeout=_TIMEOUT, limits=_LIMITS, follow_redirects=False)
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
        """Ask once, and once more with a new token if the one we had is refused; never raises for a lost answer.

        ``request_id`` names the request for six hours at least: asked again, PayPal carries it out once.
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
        """A file that PayPal publishes, asked without telling who we are; ``None`` when it cannot be had."""
        try:
            with self._http.stream("GET", url) as result:
                return self._read(result) if result.status_code == 200 else None
        except httpx2.HTTPError:
            return None

    def _access_token(self) -> str | ApiResponse:
        """A token that is good for a while, or why there is none; one thread asks for all."""
        with self._lock:
            if self._monotonic() < self._token_until:
                return self._token
            form = {"grant_type": "client_credentials"}
            response = self._send("POST", "/v1/oauth2/token", data=form, auth=self._credentials)
            token, lasts = response.body.get("access_token"), response.body.get("expires_in")
            if not response.is_success:
                return response
            if not isinstance(token, str) or not isinstance(lasts, int):
                return NO_RESPONSE
            self._token, self._token_until = token, self._monotonic() + lasts - _TOKEN_MARGIN_SECONDS
            return token

    def _discard_token(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token_until = 0.0

    def _send(self, method: str, path: str, **sent: Any) -> ApiResponse:
        try:
            with self._http.stream(method, path, **sent) as result:
                status, raw = result.status_code, self._read(result)
                self._note_retry_after(result)
        except httpx2.HTTPError:
            return NO_RESPONSE
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = None
        return ApiResponse(status, body) if isinstance(body, dict) else NO_RESPONSE

    def _read(self, result: httpx2.Response) -> bytes:
        end, raw = self._monotonic() + _MAX_SECONDS, b""
        for chunk in result.iter_bytes():
            raw += chunk
            if len(raw) > MAX_RESPONSE_BYTES or self._monotonic() > end:
                raise httpx2.ReadTimeout("an answer without end")
        return raw

    def _note_retry_after(self, result: httpx2.Response) -> None:
        """Leave PayPal alone for as long as it asks."""
        asked = result.headers.get("Retry-After", "")
        if result.status_code == 429 and asked.isascii() and asked.isdigit():
            self._retry_at = self._monotonic() + min(int(asked[:6]), _MAX_RETRY_AFTER_SECONDS)
