"""The state of the fake PayPal: orders, captures, refunds and saved accounts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from threading import RLock
from typing import Any

from tests.paypal.errors import ApiError, require

Body = dict[str, Any]

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,8})\.[0-9]{2}", re.ASCII)
PAYER = "camille@example.com"
_SAVES = {"vault": {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT"}}
_CUSTOMER_INITIATED = {"payment_initiator": "CUSTOMER", "usage": "SUBSEQUENT"}
_EXPERIENCE = {
    "return_url",
    "cancel_url",
    "user_action",
    "shipping_preference",
    "locale",
    "payment_method_preference",
    "brand_name",
}


@dataclass
class Ledger:
    """One merchant account. ``now`` is the clock; ``site`` the origin of the approval page. ``can_save`` is whether the
    account may store payers' accounts in its vault. A stored account gets its token with the capture, or from
    ``assign_token`` when ``assigns_tokens_later``."""

    site: str = "https://www.sandbox.paypal.com"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    orders: dict[str, Body] = field(default_factory=dict)
    captures: dict[str, Body] = field(default_factory=dict)
    refunds: dict[str, Body] = field(default_factory=dict)
    experience_contexts: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, Body] = field(default_factory=dict)
    deleted_tokens: list[str] = field(default_factory=list)
    can_save: bool = True
    assigns_tokens_later: bool = False
    capture_status: str = "COMPLETED"
    declines: list[str] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)
    _orders_that_save: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: count(1))

    def create(self, body: Body) -> Body:
        """Create an order that the payer must approve."""
        _check_order(body)
        unit, wallet = body["purchase_units"][0], body["payment_source"]["paypal"]
        require(self.can_save or "attributes" not in wallet, "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE")
        number = f"ORDER{next(self._numbers):012d}"
        order = {
            "id": number,
            "intent": "CAPTURE",
            "status": "PAYER_ACTION_REQUIRED",
            "create_time": self._date(),
            "update_time": self._date(),
            "purchase_units": [{"reference_id": "default", **unit}],
            "payment_source": {"paypal": {}},
            "links": [
                {"rel": "self", "method": "GET", "href": f"{self.site}/v2/checkout/orders/{number}"},
                {"rel": "payer-action", "method": "GET", "href": f"{self.site}/checkoutnow?token={number}"},
            ],
        }
        self.orders[number] = order
        self.experience_contexts[number] = wallet["experience_context"]
        if "attributes" in wallet:
            self._orders_that_save.add(number)
        return order

    def order(self, order_id: str) -> Body:
        """Return an order; raise ``ApiError`` when it does not exist."""
        if order_id not in self.orders:
            raise ApiError(404, "INVALID_RESOURCE_ID")
        return self.orders[order_id]

    def approve(self, order_id: str) -> str:
        """Approve an order as the payer; return the URL where the payer comes back."""
        order = self.order(order_id)
        require(order["status"] in {"PAYER_ACTION_REQUIRED", "APPROVED"}, "ORDER_CANNOT_BE_APPROVED")
        order["status"], order["update_time"] = "APPROVED", self._date()
        back = self.experience_contexts[order_id]["return_url"]
        return f"{back}{'&' if '?' in back else '?'}token={order_id}&PayerID=PAYER"

    def expire(self, order_id: str) -> None:
        """Delete an order that was not captured in time."""
        require(self.order(order_id)["status"] != "COMPLETED", "ORDER_ALREADY_CAPTURED")
        del self.orders[order_id]

    def capture(self, order_id: str, body: Body | None = None) -> Body:
        """Capture an order once: it must be approved, or the capture must have a saved account."""
        order = self.order(order_id)
        require(order["status"] != "COMPLETED", "ORDER_ALREADY_CAPTURED")
        if body:
            require(_token_in(body) in self.tokens, "TOKEN_ID_NOT_FOUND")
        else:
            require(order["status"] == "APPROVED", "ORDER_NOT_APPROVED")
        unit = order["purchase_units"][0]
        invoice_ids = {capture["invoice_id"] for capture in self.captures.values()}
        require(unit.get("invoice_id") not in invoice_ids, "DUPLICATE_INVOICE_ID")
        if self.declines:
            issue = self.declines.pop(0)
            raise ApiError(422, issue, [{"rel": "redirect", "method": "GET", "href": order["links"][1]["href"]}])
        capture = {
            "id": f"CAPTURE{next(self._numbers):010d}",
            "status": self.capture_status,
            "amount": unit["amount"],
            "invoice_id": unit.get("invoice_id"),
            "custom_id": unit.get("custom_id"),
            "create_time": self._date(),
            "supplementary_data": {"related_ids": {"order_id": order_id}},
        }
        if self.capture_status == "PENDING":
            capture["status_details"] = {"reason": "PENDING_REVIEW"}
        self.captures[str(capture["id"])] = capture
        unit["payments"] = {"captures": [capture]}
        order["status"], order["update_time"] = "COMPLETED", self._date()
        if order_id in self._orders_that_save and self.capture_status == "COMPLETED":
            self._save(order)
        return order

    def assign_token(self, order_id: str) -> str:
        """Give a saved account its token and return it."""
        vault = self.orders[order_id]["payment_source"]["paypal"]["attributes"]["vault"]
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = {"id": token, "customer": {"id": "customer-1"}, "metadata": {"order_id": order_id}}
        vault.update(id=token, status="VAULTED")
        return token

    def assign_tokens(self) -> None:
        """Give every saved account without a token its token."""
        with self.lock:
            for order_id in self._orders_that_save & set(self.orders):
                wallet = self.orders[order_id]["payment_source"]["paypal"]
                if "id" not in wallet.get("attributes", {}).get("vault", {"id": "none"}):
                    self.assign_token(order_id)

    def token(self, token: str) -> Body:
        """Return a saved account; raise ``ApiError`` when it does not exist."""
        if token not in self.tokens:
            raise ApiError(404, "RESOURCE_NOT_FOUND")
        return self.tokens[token]

    def delete_token(self, token: str) -> Body:
        """Delete a saved account, as the merchant or the payer."""
        if self.tokens.pop(token, None) is not None:
            self.deleted_tokens.append(token)
        return {}

    def _save(self, order: Body) -> None:
        vault = {"status": "APPROVED"}
        order["payment_source"] = {"paypal": {"email_address": PAYER, "attributes": {"vault": vault}}}
        if not self.assigns_tokens_later:
            self.assign_token(order["id"])

    def refund(self, capture_id: str, body: Body) -> Body:
        """Refund a capture in part or in full."""
        require(capture_id in self.captures, "INVALID_RESOURCE_ID", 404)
        require(not set(body) - {"amount", "custom_id", "invoice_id", "note_to_payer"}, "INVALID_PARAMETER", 400)
        capture = self.captures[capture_id]
        require(capture["status"] in {"COMPLETED", "PARTIALLY_REFUNDED"}, "CAPTURE_FULLY_REFUNDED")
        refunds = [each for each in self.refunds.values() if each["capture_id"] == capture_id]
        before = sum((Decimal(each["amount"]["value"]) for each in refunds), Decimal())
        amount = body.get("amount") or capture["amount"]
        _check_amount(amount)
        total = before + Decimal(amount["value"])
        captured = Decimal(capture["amount"]["value"])
        require(amount["currency_code"] == capture["amount"]["currency_code"], "REFUND_CAPTURE_CURRENCY_MISMATCH")
        require(total <= captured, "REFUND_AMOUNT_EXCEEDED")
        refund: Body = {
            "id": f"REFUND{next(self._numbers):011d}",
            "status": "COMPLETED",
            "amount": amount,
            "create_time": self._date(),
            **{name: body[name] for name in ("custom_id", "invoice_id") if name in body},
        }
        self.refunds[str(refund["id"])] = {**refund, "capture_id": capture_id}
        capture["status"] = "REFUNDED" if total == captured else "PARTIALLY_REFUNDED"
        return refund

    def set_capture_status(self, capture_id: str, status: str) -> None:
        """Change the status of a pending capture."""
        self.captures[capture_id]["status"] = status

    def captured_amounts(self) -> dict[str, Decimal]:
        """Return the captured amount of each attempt, by its key, less the refunds."""
        total: dict[str, Decimal] = {}
        for capture_id, capture in self.captures.items():
            if capture["status"] in {"COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"}:
                refunds = (each for each in self.refunds.values() if each["capture_id"] == capture_id)
                left = Decimal(capture["amount"]["value"]) - sum(Decimal(each["amount"]["value"]) for each in refunds)
                total[capture["custom_id"]] = total.get(capture["custom_id"], Decimal()) + left
        return total

    def _date(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _check_order(body: Body) -> None:
    require(not set(body) - {"intent", "purchase_units", "payment_source"}, "INVALID_PARAMETER", 400)
    require(body.get("intent") == "CAPTURE", "MISSING_REQUIRED_PARAMETER", 400)
    units = body.get("purchase_units")
    require(isinstance(units, list) and len(units) == 1, "MISSING_REQUIRED_PARAMETER", 400)
    unit = body["purchase_units"][0]
    require(set(unit) == {"amount", "custom_id", "invoice_id"}, "INVALID_PARAMETER", 400)
    _check_amount(unit["amount"])
    require(set(body.get("payment_source", {})) == {"paypal"}, "PAYMENT_SOURCE_NOT_SUPPORTED")
    wallet = body["payment_source"]["paypal"]
    require({"experience_context"} <= set(wallet) <= {"experience_context", "attributes"}, "INVALID_PARAMETER", 400)
    require(wallet.get("attributes", _SAVES) == _SAVES, "INVALID_PARAMETER", 400)
    experience = wallet["experience_context"]
    require(not set(experience) - _EXPERIENCE, "INVALID_PARAMETER", 400)
    for name in ("return_url", "cancel_url"):
        require(re.match(r"https?://[^/]+/", experience.get(name, "")), f"{name.upper()}_REQUIRED")


def _token_in(body: Body) -> str:
    require(set(body) == {"payment_source"} and set(body["payment_source"]) == {"paypal"}, "INVALID_PARAMETER", 400)
    wallet = body["payment_source"]["paypal"]
    require(set(wallet) == {"vault_id", "stored_credential"}, "INVALID_PARAMETER", 400)
    require(wallet["stored_credential"] == _CUSTOMER_INITIATED, "INVALID_PARAMETER", 400)
    require(re.fullmatch(r"[0-9a-zA-Z_-]{1,255}", wallet["vault_id"]), "INVALID_STRING_LENGTH", 400)
    return str(wallet["vault_id"])


def _check_amount(amount: Any) -> None:
    require(isinstance(amount, dict) and set(amount) == {"currency_code", "value"}, "MISSING_REQUIRED_PARAMETER", 400)
    require(amount["currency_code"] in {"CAD", "USD"}, "CURRENCY_NOT_SUPPORTED")
    require(_AMOUNT.fullmatch(amount["value"]), "DECIMAL_PRECISION")
    require(Decimal(amount["value"]) > 0, "CANNOT_BE_ZERO_OR_NEGATIVE")
