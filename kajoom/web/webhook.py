"""Webhooks of payment providers: no session and no CSRF token, since each message is verified by its signature."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.operations.payments.webhooks import WebhookOutcome, receive_webhook
from kajoom.web.csrf import csrf

bp = Blueprint("webhook", __name__, url_prefix="/webhooks")

_STATUSES = {
    WebhookOutcome.RECEIVED: 200,
    WebhookOutcome.INVALID_SIGNATURE: 400,
    WebhookOutcome.UNVERIFIED: 503,  # the provider sends it again
}


@bp.post("/paypal")
def paypal() -> ResponseReturnValue:
    """Store a message of PayPal's; the worker acts on it. 404 when PayPal is not configured."""
    provider = current_app.extensions["kajoom"].payments.get("paypal")
    if provider is None:
        abort(404)
    headers = dict(request.headers.items())
    return "", _STATUSES[receive_webhook(provider, headers, request.get_data(), clock.now())]


csrf.exempt(bp)
