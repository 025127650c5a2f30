"""Parse PayPal's responses: one table classifies the error codes, and the capture decides the status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from kajoom.domain.money import Money
from kajoom.domain.payment import AttemptStatus
from kajoom.gateways.paypal.client import ApiResponse
from kajoom.gateways.ports import ChargeRequest, ProviderResult, SavedAccount


class ErrorKind(StrEnum):
    """What an error response means for the charge.

    ``OURS`` is an error of our request or of the account's settings, which the host must fix.
    """

    PAYER_CAN_FIX = "payer_can_fix"
    METHOD_DEAD = "method_dead"
    FINAL = "final"
    ALREADY_DONE = "already_done"
    IN_PROGRESS = "in_progress"
    UNKNOWN = "unknown"
    OURS = "ours"


_BY_KIND: dict[ErrorKind, tuple[str, ...]] = {
    ErrorKind.PAYER_CAN_FIX: (
        "INSTRUMENT_DECLINED",
        "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
        "PAYER_ACTION_REQUIRED",
        "ORDER_NOT_APPROVED",
    ),
    ErrorKind.METHOD_DEAD: (
        "TOKEN_ID_NOT_FOUND",
        "AGREEMENT_ALREADY_CANCELLED",
        "BILLING_AGREEMENT_NOT_FOUND",
        "PAYMENT_SOURCE_CANNOT_BE_USED",
        "PAYER_ACCOUNT_RESTRICTED",
        "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    ),
    ErrorKind.FINAL: (
        "TRANSACTION_REFUSED",
        "PAYER_CANNOT_PAY",
        "COMPLIANCE_VIOLATION",
        "PAYEE_BLOCKED_TRANSACTION",
        "TRANSACTION_BLOCKED_BY_PAYEE",
        "TRANSACTION_LIMIT_EXCEEDED",
        "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
        "REFUND_AMOUNT_EXCEEDED",
        "REFUND_NOT_ALLOWED",
        "REFUND_TIME_LIMIT_EXCEEDED",
        "CAPTURE_FULLY_REFUNDED",
    ),
    ErrorKind.ALREADY_DONE: ("ORDER_ALREADY_CAPTURED", "DUPLICATE_INVOICE_ID"),
    ErrorKind.IN_PROGRESS: ("ORDER_COMPLETION_IN_PROGRESS", "PREVIOUS_REQUEST_IN_PROGRESS"),
}
ISSUES: dict[str, ErrorKind] = {issue: kind for kind, issues in _BY_KIND.items() for issue in issues}
"""The error codes of PayPal's Orders and Payments APIs that are not ``ErrorKind.OURS``."""

APPROVED_BY_SAVED_ACCOUNT = "saved"
"""The ``approval`` of an order paid with a saved account, which needs no approval by the payer."""

_UNAPPROVED = frozenset({"CREATED", "PAYER_ACTION_REQUIRED"})
_UNKNOWN_STATUSES = frozenset({0, 408, 425, 429})
_CONFLICT = 409
_APPROVAL_RELATIONS = ("payer-action", "approve", "redirect")


def error_kind_of(response: ApiResponse) -> ErrorKind:
    """Classify an error response; a 4xx code that is not in the table is ``OURS``."""
    if response.status in _UNKNOWN_STATUSES or not 400 <= response.status < 500:
        return ErrorKind.UNKNOWN
    return ISSUES.get(response.issue, ErrorKind.IN_PROGRESS if response.status == _CONFLICT else ErrorKind.OURS)


def approval_link(*bodies: Mapping[str, Any]) -> str:
    """Return the URL of the approval page, found by the relation of the links; empty without one."""
    lists = [links for body in bodies if isinstance(links := body.get("links"), list)]
    links = [link for each in lists for link in each if isinstance(link, dict)]
    by_rel = {str(link.get("rel")): str(link.get("href") or "") for link in reversed(links)}
    return next((by_rel[rel] for rel in _APPROVAL_RELATIONS if by_rel.get(rel)), "")


def parse_order(order: Mapping[str, Any], charge: ChargeRequest) -> ProviderResult:
    """Return the state of a charge from its PayPal order.

    The status of the capture decides: an order can be COMPLETED while its capture is pending or declined. An amount
    other than the charge's gives ``UNKNOWN`` with the reason "mismatch", so that nothing is retried automatically.
    """
    ref = str(order.get("id") or charge.provider_ref)
    unit = _first(order.get("purchase_units"))
    capture = _decisive(_captures(unit))
    if capture is not None:
        result = _parse_capture(capture, ref, charge)
        return replace(result, saved=_saved_account(order)) if charge.save_method else result
    return _parse_uncaptured(order, unit, ref, charge)


def amount_of(money: Any) -> Money | None:
    """Parse an amount of a response, ``None`` when it is invalid."""
    try:
        return Money.parse(money["value"], money["currency_code"])
    except (AttributeError, TypeError, KeyError, ValueError):
        return None


def _parse_uncaptured(
    order: Mapping[str, Any], unit: Mapping[str, Any], ref: str, charge: ChargeRequest
) -> ProviderResult:
    if order.get("status") == "VOIDED":
        return ProviderResult(AttemptStatus.REFUSED, ref, reason="voided")
    if amount_of(unit.get("amount")) != charge.amount:
        return ProviderResult(AttemptStatus.UNKNOWN, ref, reason="mismatch")
    status, link = order.get("status"), approval_link(order)
    if status == "APPROVED":
        return ProviderResult(AttemptStatus.PENDING, ref, approval=str(order.get("update_time") or status))
    if charge.saved and status in _UNAPPROVED:
        return ProviderResult(AttemptStatus.PENDING, ref, approval=APPROVED_BY_SAVED_ACCOUNT)
    if link and status != "COMPLETED":
        return ProviderResult(AttemptStatus.PENDING, ref, approve_url=link)
    return ProviderResult(AttemptStatus.UNKNOWN, ref, reason="unreadable")


def _parse_capture(capture: Mapping[str, Any], ref: str, charge: ChargeRequest) -> ProviderResult:
    reference = str(capture.get("id") or "")
    match capture.get("status"):
        case "COMPLETED" if amount_of(capture.get("amount")) != charge.amount or not reference:
            return ProviderResult(AttemptStatus.UNKNOWN, ref, reason="mismatch")
        case "COMPLETED":
            return ProviderResult(AttemptStatus.CAPTURED, ref, reference)
        case "PENDING":
            return ProviderResult(AttemptStatus.PENDING, ref, reason=_reason(capture))
        case "DECLINED" | "FAILED" | "REFUNDED" as status:
            return ProviderResult(AttemptStatus.REFUSED, ref, reason=_reason(capture) or status.lower())
        case _:  # partially refunded at PayPal, or an unknown status: staff must look at it
            return ProviderResult(AttemptStatus.UNKNOWN, ref, reason=str(capture.get("status")).lower())


def _saved_account(order: Mapping[str, Any]) -> SavedAccount | None:
    """Return the account saved with a payment, ``None`` until PayPal gives its token."""
    wallet = _mapping(_mapping(order.get("payment_source")).get("paypal"))
    token = _mapping(_mapping(wallet.get("attributes")).get("vault")).get("id")
    return SavedAccount(token, _label(wallet.get("email_address"))) if isinstance(token, str) and token else None


def _label(address: Any) -> str:
    """Return a masked e-mail address, for example "c•••@example.com"."""
    name, at, host = str(address or "").rpartition("@")
    return f"{name[0]}•••@{host}" if name and at and host else "PayPal"


def _reason(capture: Mapping[str, Any]) -> str:
    return str(_mapping(capture.get("status_details")).get("reason") or "")


def _captures(unit: Mapping[str, Any]) -> list[Any]:
    captures = _mapping(unit.get("payments")).get("captures")
    return captures if isinstance(captures, list) else []


def _decisive(captures: list[Any]) -> Mapping[str, Any] | None:
    """Return the completed capture if there is one, else the last one, ``None`` without any."""
    valid = [capture for capture in captures if isinstance(capture, dict)]
    completed = (capture for capture in valid if capture.get("status") == "COMPLETED")
    return next(completed, valid[-1] if valid else None)


def _first(units: Any) -> dict[str, Any]:
    return _mapping(units[0] if isinstance(units, list) and units else None)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
