"""The PayPal provider (Orders v2): we create an order, the payer approves it, and our capture takes the money."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote

from kajoom.domain.payment import EXPIRED, SAVED_METHOD_ENDED, AttemptStatus
from kajoom.gateways.paypal.client import ApiResponse, PayPalClient
from kajoom.gateways.paypal.orders import capture_request, money_of, order_request
from kajoom.gateways.paypal.reports import REPORT, captures_in, page_count, report_params
from kajoom.gateways.paypal.responses import (
    APPROVED_BY_SAVED_ACCOUNT,
    ErrorKind,
    approval_link,
    error_kind_of,
    parse_order,
)
from kajoom.gateways.paypal.webhooks import PayPalWebhookVerifier
from kajoom.gateways.ports import (
    Capture,
    ChargeRequest,
    InvalidSignature,
    ProviderResult,
    ProviderUnavailable,
    Refund,
    WebhookMessage,
)

log = logging.getLogger(__name__)

_ORDERS = "/v2/checkout/orders"
_TOKENS = "/v3/vault/payment-tokens"
_SAVING_NOT_ENABLED = "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE"
_REFUND_STATUSES = {
    "COMPLETED": AttemptStatus.CAPTURED,
    "PENDING": AttemptStatus.PENDING,
    "CANCELLED": AttemptStatus.REFUSED,
    "FAILED": AttemptStatus.REFUSED,
}


class PayPalProvider:
    """Payments with one PayPal account.

    Without a ``webhook_verifier`` every webhook request is rejected. ``can_save`` is whether PayPal has enabled the
    account to save payment accounts (vault).
    """

    code = "paypal"
    needs_approval = True

    def __init__(
        self, client: PayPalClient, webhook_verifier: PayPalWebhookVerifier | None = None, can_save: bool = False
    ) -> None:
        self._client = client
        self._webhook_verifier = webhook_verifier
        self.can_save = can_save

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Create the order that the client approves; no money is taken yet.

        The charge's key is the request id, so a repeated request within six hours returns the same order. When PayPal
        does not let the host save accounts, the order is created without saving.
        """
        request_id = f"{charge.key}-saves" if charge.save_method else charge.key
        response = self._client.request("POST", _ORDERS, body=order_request(charge), request_id=request_id)
        if response.issue == _SAVING_NOT_ENABLED and charge.save_method:
            self._log_error(response, charge.key)
            return self.charge(replace(charge, save_method=False))
        if not response.is_success:
            return self._failed(response, charge.key)
        result = parse_order(response.body, charge)
        if result.reason == "mismatch" and not result.reference:
            return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason="mismatch")
        return result

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """Return the state of the order; without its id, create it again with the same key, which PayPal recognises."""
        if not charge.provider_ref:
            return self.charge(charge)
        response = self._client.request("GET", _path(charge.provider_ref))
        if response.status == 404:
            return ProviderResult(AttemptStatus.REFUSED, reason=EXPIRED)  # PayPal deletes orders not approved in time
        if not response.is_success:
            # Whatever the error, the state of the order is unknown: the query was not answered.
            self._log_error(response, charge.key)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=error_kind_of(response).value)
        return parse_order(response.body, charge)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Capture an approved order, which PayPal does only once.

        The request id contains the approval mark: after a decline, a new approval makes a new request, and without one
        PayPal returns the same decline.
        """
        path, request_id = f"{_path(charge.provider_ref)}/capture", f"{charge.key}-{charge.approval}"
        body = capture_request(charge.saved) if charge.approval == APPROVED_BY_SAVED_ACCOUNT else {}
        response = self._client.request("POST", path, body=body, request_id=request_id)
        if response.is_success:
            return parse_order(response.body, charge)
        if error_kind_of(response) is ErrorKind.ALREADY_DONE:
            result = self.look_up(charge)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=response.issue) if result.is_not_captured else result
        return self._handle_capture_error(response, charge)

    def refund(self, refund: Refund) -> ProviderResult:
        """Refund a capture in part or in full; PayPal remembers the request id of a refund for 45 days."""
        body = {
            "amount": money_of(refund.amount),
            "custom_id": refund.key,
            "invoice_id": f"{refund.invoice}-{refund.key}",
        }
        path = f"/v2/payments/captures/{quote(refund.reference, safe='')}/refund"
        response = self._client.request("POST", path, body=body, request_id=refund.key)
        if not response.is_success:
            return self._failed(response, refund.key)
        status = _REFUND_STATUSES.get(str(response.body.get("status")), AttemptStatus.UNKNOWN)
        refund_id = str(response.body.get("id") or "")
        return ProviderResult(status, refund_id, reference=refund_id if status is AttemptStatus.CAPTURED else "")

    def captures(self, day: date) -> Iterator[Capture]:
        """Return the payments PayPal reports for a day in UTC; a payment may be missing for up to three hours.

        Raises ``ProviderUnavailable`` when PayPal does not answer.
        """
        page, pages = 1, 1
        while page <= pages:
            response = self._client.request("GET", REPORT, params=report_params(day, page))
            if not response.is_success:
                raise self._unavailable(response, f"the report of {day}")
            yield from captures_in(response.body)
            page, pages = page + 1, page_count(response.body)

    def has_saved_account(self, token: str) -> bool:
        """Whether the saved account still exists; raise ``ProviderUnavailable`` when PayPal does not answer."""
        response = self._client.request("GET", _token_path(token))
        if not response.is_success and response.status != 404:
            raise self._unavailable(response, "a saved account")
        return response.is_success

    def delete_saved_account(self, token: str) -> None:
        """Delete the saved account at PayPal; raise ``ProviderUnavailable`` unless PayPal confirms it."""
        response = self._client.request("DELETE", _token_path(token))
        if not response.is_success and response.status != 404:
            raise self._unavailable(response, "a saved account")

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """Return the event of a webhook request; raise ``InvalidSignature`` unless PayPal signed it for our webhook."""
        if self._webhook_verifier is None:
            raise InvalidSignature("no webhook is configured")
        return self._webhook_verifier.read(headers, body, at)

    def _handle_capture_error(self, response: ApiResponse, charge: ChargeRequest) -> ProviderResult:
        """Return the result of a failed capture, with an approval link when the payer can fix the problem."""
        kind = error_kind_of(response)
        is_ended = kind is ErrorKind.METHOD_DEAD and charge.approval == APPROVED_BY_SAVED_ACCOUNT
        if kind is not ErrorKind.PAYER_CAN_FIX and not is_ended:
            return self._failed(response, charge.key)
        reason = SAVED_METHOD_ENDED if is_ended else response.issue
        link = approval_link(response.body) or approval_link(
            self._client.request("GET", _path(charge.provider_ref)).body
        )
        status = AttemptStatus.PENDING if link else AttemptStatus.REFUSED
        return ProviderResult(status, charge.provider_ref, reason=reason, approve_url=link)

    def _failed(self, response: ApiResponse, key: str) -> ProviderResult:
        self._log_error(response, key)
        match error_kind_of(response):
            case ErrorKind.IN_PROGRESS:
                return ProviderResult(AttemptStatus.PENDING)
            case ErrorKind.UNKNOWN | ErrorKind.ALREADY_DONE:
                return ProviderResult(AttemptStatus.UNKNOWN, reason=response.issue)
            case ErrorKind.OURS:
                return ProviderResult(AttemptStatus.REFUSED, reason=ErrorKind.OURS.value)
            case _:
                return ProviderResult(AttemptStatus.REFUSED, reason=response.issue)

    def _unavailable(self, response: ApiResponse, about: str) -> ProviderUnavailable:
        self._log_error(response, about)
        return ProviderUnavailable(f"PayPal did not return {about}: HTTP {response.status}, {response.issue}")

    def _log_error(self, response: ApiResponse, about: str) -> None:
        """Log an error that the host must fix, without a token or data of the payer."""
        if error_kind_of(response) is ErrorKind.OURS:
            message = "PayPal rejected a request: HTTP %s, %s, for %s (debug id %s)"
            log.error(message, response.status, response.issue, about, response.body.get("debug_id", "none"))


def _token_path(token: str) -> str:
    return f"{_TOKENS}/{quote(token, safe='')}"


def _path(provider_ref: str) -> str:
    return f"{_ORDERS}/{quote(provider_ref, safe='')}"
