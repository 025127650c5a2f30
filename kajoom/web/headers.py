"""What every answer tells the browser it may and may not do."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask, Response, request

from kajoom.web.htmx import VARY

_TWO_YEARS = 2 * 365 * 24 * 3600
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def init_headers(app: Flask, form_targets: Sequence[str]) -> None:
    """Add them to every answer, errors and files included; ``form_targets`` are where a form may lead after us."""
    always = {**_ALWAYS, "Content-Security-Policy": policy(form_targets)}
    of_page = {**always, "Cache-Control": "no-store", "Vary": ", ".join(VARY)}

    def add(response: Response) -> Response:
        response.headers.update(always if request.endpoint == "static" else of_page)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}; includeSubDomains"
        return response

    app.after_request(add)


def policy(form_targets: Sequence[str]) -> str:
    """Nothing from anywhere but this house, nothing inline, nothing framed."""
    own = ("script-src", "style-src", "img-src", "font-src", "connect-src")
    return "; ".join(
        [
            "default-src 'none'",
            *(f"{kind} 'self'" for kind in own),
            " ".join(["form-action 'self'", *form_targets]),
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )
