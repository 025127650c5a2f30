"""What every answer tells the browser it may and may not do."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from kajoom.config import Config
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


def init_headers(app: Flask, config: Config) -> None:
    """Add them to every answer, errors and files included."""
    always = {**_ALWAYS, "Content-Security-Policy": policy(payment_hosts(config))}

    def add(response: Response) -> Response:
        response.headers.update(always)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}; includeSubDomains"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
            response.vary.update(VARY)
        return response

    app.after_request(add)


def payment_hosts(config: Config) -> list[str]:
    """Where a form may lead after us: the approval page of each payment provider that is in use."""
    if not config.paypal_client_id:
        return []
    api = urlsplit(config.paypal_base_url)
    if not (api.hostname or "").endswith("paypal.com"):
        return [f"{api.scheme}://{api.netloc}"]
    return ["https://www.sandbox.paypal.com" if "sandbox" in api.netloc else "https://www.paypal.com"]


def policy(form_targets: list[str]) -> str:
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
