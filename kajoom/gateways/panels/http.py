"""One HTTP request to a panel: no redirect, no kept connection, and an end to how long and how much is read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kajoom.gateways.panel_port import PANEL_SECONDS
from kajoom.gateways.time_limit import seconds_left

if TYPE_CHECKING:
    import httpx2

_MAX_RESPONSE_BYTES = 1024 * 1024
_CONNECT_SECONDS = 5.0
_MARGIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer. ``status`` is the HTTP status, or 0 without a readable answer: the effect is then unknown."""

    status: int = 0
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


NO_ANSWER = HttpAnswer()


def http_client(*, uses_proxy: bool = True) -> httpx2.Client:
    """A client that is safe to share between threads and does not follow redirects.

    Without ``uses_proxy`` it connects itself, whatever the environment says of proxies.
    """
    http = _http_package()
    # No keep-alive: a stale connection would lose a response, and one opened before a fork would be shared.
    limits = http.Limits(max_keepalive_connections=0)
    client: httpx2.Client = http.Client(
        limits=limits, follow_redirects=False, verify=http.create_ssl_context(), trust_env=uses_proxy
    )
    return client


def send(client: httpx2.Client, method: str, url: str, **options: Any) -> HttpAnswer:
    """Send one request, and read its answer before the time of a call to a panel has passed."""
    seconds = min(PANEL_SECONDS - _MARGIN_SECONDS, seconds_left())
    if not seconds:
        return NO_ANSWER
    http, end = _http_package(), time.monotonic() + seconds
    timeout = http.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
    try:
        with client.stream(method, url, timeout=timeout, **options) as response:
            body = b""
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MAX_RESPONSE_BYTES or time.monotonic() > end:
                    return NO_ANSWER
            return HttpAnswer(
                response.status_code, body, {name.lower(): text for name, text in response.headers.items()}
            )
    except (http.HTTPError, http.InvalidURL):
        return NO_ANSWER


def _http_package() -> Any:
    """The package httpx2, loaded when a panel is first asked: a web process asks none, and it takes 4 MB."""
    return import_module("httpx2")
