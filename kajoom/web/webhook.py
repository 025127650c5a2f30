"""What other systems tell us: no session and no token, each message proves itself or is refused."""

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
    """A message of PayPal's: kept and answered at once, acted on by the worker; it is sent again unless answered."""
    provider = current_app.extensions["kajoom"].payments.get("paypal")
    if provider is None:
        abort(404)
    headers = dict(request.headers.items())
    return "", _STATUSES[receive_webhook(provider, headers, request.get_data(), clock.now())]


csrf.exempt(bp)
