"""Request bodies of PayPal's Orders API; the same charge always gives the same body."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from kajoom.domain.money import Money
from kajoom.gateways.ports import ChargeRequest

_LOCALES = {"fr": "fr-CA", "en": "en-CA"}


def order_request(charge: ChargeRequest) -> dict[str, Any]:
    """Build an order that the payer approves and that we capture.

    ``invoice_id`` is the invoice number plus the first characters of the attempt's key: PayPal may refuse a second
    payment with the same ``invoice_id``, so a failed attempt would block the next one.
    """
    experience = {
        "return_url": charge.return_url,
        "cancel_url": _cancel_url(charge.return_url),
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": _LOCALES.get(charge.locale, _LOCALES["fr"]),
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    unit = {
        "custom_id": charge.key,
        "invoice_id": f"{charge.invoice}-{charge.key[:8]}",
        # No breakdown: with account credit or a partial payment its sum would not be the amount.
        "amount": money_of(charge.amount),
    }
    wallet: dict[str, Any] = {"experience_context": experience}
    if charge.save_method:
        wallet["attributes"] = {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}
    return {"intent": "CAPTURE", "purchase_units": [unit], "payment_source": {"paypal": wallet}}


def capture_request(token: str) -> dict[str, Any]:
    """Build the capture of an order with a saved account, initiated by its client."""
    credential = {"payment_initiator": "CUSTOMER", "usage": "SUBSEQUENT"}
    return {"payment_source": {"paypal": {"vault_id": token, "stored_credential": credential}}}


def money_of(amount: Money) -> dict[str, str]:
    """Format an amount for PayPal."""
    return {"currency_code": amount.currency, "value": str(amount)}


def _cancel_url(return_url: str) -> str:
    """Return ``return_url`` with ``cancelled=1``, where PayPal sends a payer who cancels."""
    parts = urlsplit(return_url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), ("cancelled", "1")])))
