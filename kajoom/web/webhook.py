"""Webhooks of payment providers and panels: no session and no CSRF token, each message is verified by its signature."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from kajoom import clock
from kajoom.operations.orders.panel_callbacks import CallbackOutcome, receive_callback
from kajoom.operations.payments.webhooks import WebhookOutcome, receive_webhook
from kajoom.web.csrf import csrf

bp = Blueprint("webhook", __name__, url_prefix="/webhooks")

_STATUSES = {
    WebhookOutcome.RECEIVED: 200,
    WebhookOutcome.INVALID_SIGNATURE: 400,
    WebhookOutcome.UNVERIFIED: 503,  # the provider sends it again
}

_PANEL_STATUSES = {
    CallbackOutcome.RECEIVED: 200,
    CallbackOutcome.INVALID_SIGNATURE: 400,
    CallbackOutcome.NOT_EXPECTED: 404,
}


@bp.post("/paypal")
def paypal() -> ResponseReturnValue:
    """Store a message of PayPal's; the worker acts on it. 404 when PayPal is not configured."""
    provider = current_app.extensions["kajoom"].payments.get("paypal")
    if provider is None:
        abort(404)
    headers = dict(request.headers.items())
    return "", _STATUSES[receive_webhook(provider, headers, request.get_data(), clock.now())]


@bp.post("/panel")
def panel() -> ResponseReturnValue:
    """Store what a panel reports of a request; the worker acts on it. 404 when no panel of the catalogue reports."""
    headers = dict(request.headers.items())
    callback = current_app.extensions["kajoom"].callback
    return "", _PANEL_STATUSES[receive_callback(callback, headers, request.get_data(), clock.now())]


csrf.exempt(bp)
