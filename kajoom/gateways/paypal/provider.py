"""PayPal, Orders v2: an order is created, the payer approves it there, and only our capture takes the money."""

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
_MAY_NOT_SAVE = "NOT_ENABLED_TO_VAULT_PAYMENT_SOURCE"
_REFUND_STATUSES = {
    "COMPLETED": AttemptStatus.CAPTURED,
    "PENDING": AttemptStatus.PENDING,
    "CANCELLED": AttemptStatus.REFUSED,
    "FAILED": AttemptStatus.REFUSED,
}


class PayPalProvider:
    """One PayPal account. ``webhook_verifier`` verifies its messages; without one none of them is believed.
    ``can_save`` when PayPal has approved the account to keep what clients pay with."""

    code = "paypal"

    def __init__(
        self, client: PayPalClient, webhook_verifier: PayPalWebhookVerifier | None = None, can_save: bool = False
    ) -> None:
        self._client = client
        self._webhook_verifier = webhook_verifier
        self.can_save = can_save

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Create the order that the client is to approve, or approved by saving the account it is paid with.

        Nothing is taken yet, so whatever goes wrong costs nothing. The request bears the charge's key, by which PayPal
        knows it for six hours; asked again, it tells of the same. An account that may not save is paid without.
        """
        request_id = f"{charge.key}-saves" if charge.save_method else charge.key
        response = self._client.request("POST", _ORDERS, body=order_request(charge), request_id=request_id)
        if response.issue == _MAY_NOT_SAVE and charge.save_method:
            self._note(response, charge.key)
            return self.charge(replace(charge, save_method=False))
        if not response.is_success:
            return self._failed(response, charge.key)
        result = parse_order(response.body, charge)
        if result.reason == "mismatch" and not result.reference:
            return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason="mismatch")
        return result

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """What became of the order; one whose name was lost on the way is asked for again by the charge's key."""
        if not charge.provider_ref:
            return self.charge(charge)
        response = self._client.request("GET", _path(charge.provider_ref))
        if response.status == 404:
            return ProviderResult(AttemptStatus.REFUSED, reason=EXPIRED)  # PayPal forgets what was not approved in time
        if not response.is_success:
            # Even what is our own fault tells nothing of the money: this question was not answered.
            self._note(response, charge.key)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=error_kind_of(response).value)
        return parse_order(response.body, charge)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Take the money of an approved order, which can be captured only once.

        A declined payer may approve anew, which PayPal marks anew: only then is it a new request, and until then the
        same refusal is told again.
        """
        path, request_id = f"{_path(charge.provider_ref)}/capture", f"{charge.key}-{charge.approval}"
        body = capture_request(charge.saved) if charge.approval == APPROVED_BY_SAVED_ACCOUNT else {}
        response = self._client.request("POST", path, body=body, request_id=request_id)
        if response.is_success:
            return parse_order(response.body, charge)
        if error_kind_of(response) is ErrorKind.ALREADY_DONE:
            found = self.look_up(charge)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=response.issue) if found.is_not_captured else found
        return self._handle_business_error(response, charge)

    def refund(self, refund: Refund) -> ProviderResult:
        """Give back a part or the whole of a capture; PayPal knows the key of a refund for 45 days."""
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
        name = str(response.body.get("id") or "")
        return ProviderResult(status, name, reference=name if status is AttemptStatus.CAPTURED else "")

    def captures(self, day: date) -> Iterator[Capture]:
        """What PayPal reports as received on a day in UTC; it may tell of a payment three hours late.

        ``ProviderUnavailable`` when it does not answer.
        """
        page, pages = 1, 1
        while page <= pages:
            response = self._client.request("GET", REPORT, params=report_params(day, page))
            if not response.is_success:
                raise self._unavailable(response, f"the report of {day}")
            yield from captures_in(response.body)
            page, pages = page + 1, page_count(response.body)

    def has_saved_account(self, token: str) -> bool:
        """Whether PayPal still keeps an account; ``ProviderUnavailable`` when it does not say."""
        response = self._client.request("GET", _token_path(token))
        if not response.is_success and response.status != 404:
            raise self._unavailable(response, "a saved account")
        return response.is_success

    def delete_saved_account(self, token: str) -> None:
        """Have PayPal keep an account no longer; ``ProviderUnavailable`` when it does not say that it is gone."""
        response = self._client.request("DELETE", _token_path(token))
        if not response.is_success and response.status != 404:
            raise self._unavailable(response, "a saved account")

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """What a message of PayPal's hints at; ``InvalidSignature`` unless PayPal signed it for this very house."""
        if self._webhook_verifier is None:
            raise InvalidSignature("no webhook is configured")
        return self._webhook_verifier.read(headers, body, at)

    def _handle_business_error(self, response: ApiResponse, charge: ChargeRequest) -> ProviderResult:
        """What a capture that was not carried out means for its charge: where its payer can mend it, they are led."""
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
        self._note(response, key)
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
        self._note(response, about)
        return ProviderUnavailable(f"PayPal does not tell of {about}: HTTP {response.status}, {response.issue}")

    def _note(self, response: ApiResponse, about: str) -> None:
        """Tell staff what only they can mend; never a token, and nothing of the payer."""
        if error_kind_of(response) is ErrorKind.OURS:
            debug_id = response.body.get("debug_id", "none")
            log.error(
                "PayPal refuses what we ask: HTTP %s, %s, for %s (%s)", response.status, response.issue, about, debug_id
            )


def _token_path(token: str) -> str:
    return f"{_TOKENS}/{quote(token, safe='')}"


def _path(provider_ref: str) -> str:
    return f"{_ORDERS}/{quote(provider_ref, safe='')}"
