"""What the fake PayPal knows: orders, what was taken and given back, and what each request id already did."""

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
_BY_CLIENT = {"payment_initiator": "CUSTOMER", "usage": "SUBSEQUENT"}
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
    _saving: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: count(1))

    def create(self, body: Body) -> Body:
        """A new order, to be approved by its payer."""
        _check_order(body)
        unit, wallet = body["purchase_units"][0], body["payment_source"]["paypal"]
        require(self.can_save or "attributes" not in wallet, "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE")
        number = f"ORDER{next(self._numbers):012d}"
        order = {
            "id": number,
            "intent": "CAPTURE",
            "status": "PAYER_ACTION_REQUIRED",
            "create_time": self._moment(),
            "update_time": self._moment(),
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
            self._saving.add(number)
        return order

    def order(self, order_id: str) -> Body:
        """An order that is not forgotten yet."""
        if order_id not in self.orders:
            raise ApiError(404, "INVALID_RESOURCE_ID")
        return self.orders[order_id]

    def approve(self, order_id: str) -> str:
        """The payer approves; answers where they are led back to."""
        order = self.order(order_id)
        require(order["status"] in {"PAYER_ACTION_REQUIRED", "APPROVED"}, "ORDER_CANNOT_BE_APPROVED")
        order["status"], order["update_time"] = "APPROVED", self._moment()
        back = self.experience_contexts[order_id]["return_url"]
        return f"{back}{'&' if '?' in back else '?'}token={order_id}&PayerID=PAYER"

    def expire(self, order_id: str) -> None:
        """An order that was not captured in time is forgotten."""
        require(self.order(order_id)["status"] != "COMPLETED", "ORDER_ALREADY_CAPTURED")
        del self.orders[order_id]

    def capture(self, order_id: str, body: Body | None = None) -> Body:
        """Take the money of an order, once: an approved one, or one whose capture names a saved account."""
        order = self.order(order_id)
        require(order["status"] != "COMPLETED", "ORDER_ALREADY_CAPTURED")
        if body:
            require(_token_in(body) in self.tokens, "TOKEN_ID_NOT_FOUND")
        else:
            require(order["status"] == "APPROVED", "ORDER_NOT_APPROVED")
        unit = order["purchase_units"][0]
        taken = {capture["invoice_id"] for capture in self.captures.values()}
        require(unit.get("invoice_id") not in taken, "DUPLICATE_INVOICE_ID")
        if self.declines:
            issue = self.declines.pop(0)
            raise ApiError(422, issue, [{"rel": "redirect", "method": "GET", "href": order["links"][1]["href"]}])
        capture = {
            "id": f"CAPTURE{next(self._numbers):010d}",
            "status": self.capture_status,
            "amount": unit["amount"],
            "invoice_id": unit.get("invoice_id"),
            "custom_id": unit.get("custom_id"),
            "create_time": self._moment(),
            "supplementary_data": {"related_ids": {"order_id": order_id}},
        }
        if self.capture_status == "PENDING":
            capture["status_details"] = {"reason": "PENDING_REVIEW"}
        self.captures[str(capture["id"])] = capture
        unit["payments"] = {"captures": [capture]}
        order["status"], order["update_time"] = "COMPLETED", self._moment()
        if order_id in self._saving and self.capture_status == "COMPLETED":
            self._save(order)
        return order

    def assign_token(self, order_id: str) -> str:
        """An account that was saved is named after all."""
        vault = self.orders[order_id]["payment_source"]["paypal"]["attributes"]["vault"]
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = {"id": token, "customer": {"id": "customer-1"}, "metadata": {"order_id": order_id}}
        vault.update(id=token, status="VAULTED")
        return token

    def assign_tokens(self) -> None:
        """Every account that waits for its name gets one."""
        with self.lock:
            for order_id in self._saving & set(self.orders):
                wallet = self.orders[order_id]["payment_source"]["paypal"]
                if "id" not in wallet.get("attributes", {}).get("vault", {"id": "none"}):
                    self.assign_token(order_id)

    def token(self, token: str) -> Body:
        """An account that is still kept."""
        if token not in self.tokens:
            raise ApiError(404, "RESOURCE_NOT_FOUND")
        return self.tokens[token]

    def forget(self, token: str) -> Body:
        """Keep an account no longer: asked by the merchant, or by its payer at PayPal."""
        if self.tokens.pop(token, None) is not None:
            self.deleted_tokens.append(token)
        return {}

    def _save(self, order: Body) -> None:
        vault = {"status": "APPROVED"}
        order["payment_source"] = {"paypal": {"email_address": PAYER, "attributes": {"vault": vault}}}
        if not self.assigns_tokens_later:
            self.assign_token(order["id"])

    def refund(self, capture_id: str, body: Body) -> Body:
        """Give back a part or the whole of what was taken."""
        require(capture_id in self.captures, "INVALID_RESOURCE_ID", 404)
        require(not set(body) - {"amount", "custom_id", "invoice_id", "note_to_payer"}, "INVALID_PARAMETER", 400)
        capture = self.captures[capture_id]
        require(capture["status"] in {"COMPLETED", "PARTIALLY_REFUNDED"}, "CAPTURE_FULLY_REFUNDED")
        given = [each for each in self.refunds.values() if each["capture_id"] == capture_id]
        before = sum((Decimal(each["amount"]["value"]) for each in given), Decimal())
        amount = body.get("amount") or capture["amount"]
        _check_amount(amount)
        total = before + Decimal(amount["value"])
        whole = Decimal(capture["amount"]["value"])
        require(amount["currency_code"] == capture["amount"]["currency_code"], "REFUND_CAPTURE_CURRENCY_MISMATCH")
        require(total <= whole, "REFUND_AMOUNT_EXCEEDED")
        refund = {
            "id": f"REFUND{next(self._numbers):011d}",
            "status": "COMPLETED",
            "amount": amount,
            "create_time": self._moment(),
            **{name: body[name] for name in ("custom_id", "invoice_id") if name in body},
        }
        self.refunds[str(refund["id"])] = {**refund, "capture_id": capture_id}
        capture["status"] = "REFUNDED" if total == whole else "PARTIALLY_REFUNDED"
        return refund

    def settle(self, capture_id: str, status: str) -> None:
        """A capture that waited is decided."""
        self.captures[capture_id]["status"] = status

    def taken(self) -> dict[str, Decimal]:
        """What is in the account for each of our attempts, whatever was given back taken off."""
        total: dict[str, Decimal] = {}
        for capture_id, capture in self.captures.items():
            if capture["status"] in {"COMPLETED", "REFUNDED", "PARTIALLY_REFUNDED"}:
                back = (each for each in self.refunds.values() if each["capture_id"] == capture_id)
                left = Decimal(capture["amount"]["value"]) - sum(Decimal(each["amount"]["value"]) for each in back)
                total[capture["custom_id"]] = total.get(capture["custom_id"], Decimal()) + left
        return total

    def _moment(self) -> str:
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
    require(wallet["stored_credential"] == _BY_CLIENT, "INVALID_PARAMETER", 400)
    require(re.fullmatch(r"[0-9a-zA-Z_-]{1,255}", wallet["vault_id"]), "INVALID_STRING_LENGTH", 400)
    return str(wallet["vault_id"])


def _check_amount(amount: Any) -> None:
    require(isinstance(amount, dict) and set(amount) == {"currency_code", "value"}, "MISSING_REQUIRED_PARAMETER", 400)
    require(amount["currency_code"] in {"CAD", "USD"}, "CURRENCY_NOT_SUPPORTED")
    require(_AMOUNT.fullmatch(amount["value"]), "DECIMAL_PRECISION")
    require(Decimal(amount["value"]) > 0, "CANNOT_BE_ZERO_OR_NEGATIVE")
