"""The security headers of every response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import Flask, Response, request

from kajoom.web.htmx import VARY
from kajoom.web.session import has_session

_TWO_YEARS = 2 * 365 * 24 * 3600
_OF_FILES = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED})
"""The answers with a static file, which browsers store."""

_FILE_POLICY = "default-src 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of a static file that is opened by itself: it can load and do nothing."""

_SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def init_headers(app: Flask, headers: Mapping[str, str]) -> None:
    """Add the security ``headers`` to every response, errors included; a static file has what concerns it.

    A file may bring a policy of its own, as the host's logo does.
    Over HTTPS a browser is told to use nothing else for two years, for the subdomains too with ``HSTS_SUBDOMAINS``.
    """
    subdomains = "; includeSubDomains" if app.config["HSTS_SUBDOMAINS"] else ""
    file_headers = {**headers, "Content-Security-Policy": _FILE_POLICY}
    del file_headers["Permissions-Policy"]
    varies = ", ".join([*VARY, "Accept-Encoding"])
    shared_headers = {**headers, "Cache-Control": "no-store", "Vary": varies}
    page_headers = {**shared_headers, "Vary": f"{varies}, Cookie"}

    def add_headers(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in _OF_FILES:
            policy = response.headers.get("Content-Security-Policy")  # that of the host's logo
            response.headers.update(file_headers)
            if policy:
                response.headers["Content-Security-Policy"] = policy
        else:
            _set_at_once(response, page_headers if has_session(response) else shared_headers)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}{subdomains}"
        return response

    app.after_request(add_headers)


def _set_at_once(response: Response, headers: Mapping[str, str]) -> None:
    """Set headers without looking for each among those that are there, unless one is: Flask-Security sets one."""
    if any(name in headers for name, _ in response.headers):
        response.headers.update(headers)
    else:
        response.headers.extend(headers)


def security_headers(form_targets: Sequence[str]) -> dict[str, str]:
    """The headers of every response, whatever its content.

    ``form_targets`` are the other origins that a form may redirect to (the payment provider's).
    """
    return {**_SECURITY_HEADERS, "Content-Security-Policy": content_security_policy(form_targets)}


def content_security_policy(form_targets: Sequence[str]) -> str:
    """The policy: resources of this origin only, nothing inline, no frames, forms to this site or ``form_targets``."""
    own_origin = ("script-src", "style-src", "img-src", "font-src", "connect-src")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{directive} 'self'" for directive in own_origin),
            " ".join(["form-action 'self'", *form_targets]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
