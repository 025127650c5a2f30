"""What PayPal is asked for a charge: the same order however often it is asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from kajoom.domain.money import Money
from kajoom.gateways.ports import ChargeRequest

_LOCALES = {"fr": "fr-CA", "en": "en-CA"}


def order_request(charge: ChargeRequest) -> dict[str, Any]:
    """An order to be approved by its payer and captured by us.

    The invoice alone would not do as ``invoice_id``: an account may refuse the second payment that bears one, and a
    try that failed would bar the next. With the head of its key each try has its own, for longer than any request id.
    """
    experience = {
        "return_url": charge.return_url,
        "cancel_url": _cancelling(charge.return_url),
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": _LOCALES.get(charge.locale, _LOCALES["fr"]),
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    unit = {
        "custom_id": charge.key,
        "invoice_id": f"{charge.invoice}-{charge.key[:8]}",
        "amount": money_of(charge.amount),  # no breakdown: with credit, or a part already paid, it would not add up
    }
    wallet: dict[str, Any] = {"experience_context": experience}
    if charge.save_method:
        wallet["attributes"] = {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}
    return {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}


def capture_request(token: str) -> dict[str, Any]:
    """The capture of an order with a saved account, asked for by the client who saved it."""
    initiated = {"payment_initiator": "CUSTOMER", "usage": "SUBSEQUENT"}
    return {"payment_source": {"paypal": {"vault_id": token, "stored_credential": initiated}}}


def money_of(amount: Money) -> dict[str, str]:
    """An amount as PayPal reads it."""
    return {"currency_code": amount.currency, "value": str(amount)}


def _cancelling(return_url: str) -> str:
    """Where a payer who thinks better of it is led: the same page, told so."""
    parts = urlsplit(return_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), ("cancelled", "1")])))
