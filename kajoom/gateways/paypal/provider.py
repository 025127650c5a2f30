"""PayPal, Orders v2: an order is created, the payer approves it there, and only our capture takes the money."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import quote

from kajoom.domain.payment import EXPIRED, SAVED_METHOD_ENDED, AttemptStatus
from kajoom.gateways.paypal.client import PayPalClient, Reply
from kajoom.gateways.paypal.orders import capture_with, money_of, order_for
from kajoom.gateways.paypal.reports import REPORT, pages_of, received_in, report_of
from kajoom.gateways.paypal.responses import BY_SAVED, ErrorKind, approval_link, error_kind_of, read_order
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
        self._notices = webhook_verifier
        self.can_save = can_save

    def charge(self, charge: ChargeRequest) -> ProviderResult:
        """Create the order that the client is to approve, or approved by saving the account it is paid with.

        Nothing is taken yet, so whatever goes wrong costs nothing. The request bears the charge's key, by which PayPal
        knows it for six hours; asked again, it tells of the same. An account that may not save is paid without.
        """
        request_id = f"{charge.key}-saves" if charge.save_method else charge.key
        reply = self._client.ask("POST", _ORDERS, body=order_for(charge), request_id=request_id)
        if reply.issue == _MAY_NOT_SAVE and charge.save_method:
            self._note(reply, charge.key)
            return self.charge(replace(charge, save_method=False))
        if not reply.is_good:
            return self._failed(reply, charge.key)
        result = read_order(reply.body, charge)
        if result.reason == "mismatch" and not result.reference:
            return ProviderResult(AttemptStatus.REFUSED, result.provider_ref, reason="mismatch")
        return result

    def look_up(self, charge: ChargeRequest) -> ProviderResult:
        """What became of the order; one whose name was lost on the way is asked for again by the charge's key."""
        if not charge.provider_ref:
            return self.charge(charge)
        reply = self._client.ask("GET", _path(charge.provider_ref))
        if reply.status == 404:
            return ProviderResult(AttemptStatus.REFUSED, reason=EXPIRED)  # PayPal forgets what was not approved in time
        if not reply.is_good:
            # Even what is our own fault tells nothing of the money: this question was not answered.
            self._note(reply, charge.key)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=error_kind_of(reply).value)
        return read_order(reply.body, charge)

    def capture(self, charge: ChargeRequest) -> ProviderResult:
        """Take the money of an approved order, which can be captured only once.

        A declined payer may approve anew, which PayPal marks anew: only then is it a new request, and until then the
        same refusal is told again.
        """
        path, request_id = f"{_path(charge.provider_ref)}/capture", f"{charge.key}-{charge.approval}"
        body = capture_with(charge.saved) if charge.approval == BY_SAVED else {}
        reply = self._client.ask("POST", path, body=body, request_id=request_id)
        if reply.is_good:
            return read_order(reply.body, charge)
        if error_kind_of(reply) is ErrorKind.ALREADY_DONE:
            found = self.look_up(charge)
            return ProviderResult(AttemptStatus.UNKNOWN, reason=reply.issue) if found.is_untaken else found
        return self._handle_business_error(reply, charge)

    def refund(self, refund: Refund) -> ProviderResult:
        """Give back a part or the whole of a capture; PayPal knows the key of a refund for 45 days."""
        body = {
            "amount": money_of(refund.amount),
            "custom_id": refund.key,
            "invoice_id": f"{refund.invoice}-{refund.key}",
        }
        path = f"/v2/payments/captures/{quote(refund.reference, safe='')}/refund"
        reply = self._client.ask("POST", path, body=body, request_id=refund.key)
        if not reply.is_good:
            return self._failed(reply, refund.key)
        status = _REFUND_STATUSES.get(str(reply.body.get("status")), AttemptStatus.UNKNOWN)
        name = str(reply.body.get("id") or "")
        return ProviderResult(status, name, reference=name if status is AttemptStatus.CAPTURED else "")

    def captures(self, day: date) -> Iterator[Capture]:
        """What PayPal reports as received on a day in UTC; it may tell of a payment three hours late.

        ``ProviderUnavailable`` when it does not answer.
        """
        page, pages = 1, 1
        while page <= pages:
            reply = self._client.ask("GET", REPORT, params=report_of(day, page))
            if not reply.is_good:
                raise self._unavailable(reply, f"the report of {day}")
            yield from received_in(reply.body)
            page, pages = page + 1, pages_of(reply.body)

    def has_saved(self, token: str) -> bool:
        """Whether PayPal still keeps an account; ``ProviderUnavailable`` when it does not say."""
        reply = self._client.ask("GET", _token_path(token))
        if not reply.is_good and reply.status != 404:
            raise self._unavailable(reply, "a saved account")
        return reply.is_good

    def forget(self, token: str) -> None:
        """Have PayPal keep an account no longer; ``ProviderUnavailable`` when it does not say that it is gone."""
        reply = self._client.ask("DELETE", _token_path(token))
        if not reply.is_good and reply.status != 404:
            raise self._unavailable(reply, "a saved account")

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, at: datetime) -> WebhookMessage:
        """What a message of PayPal's hints at; ``InvalidSignature`` unless PayPal signed it for this very house."""
        if self._notices is None:
            raise InvalidSignature("no webhook is configured")
        return self._notices.read(headers, body, at)

    def _handle_business_error(self, reply: Reply, charge: ChargeRequest) -> ProviderResult:
        """What a capture that was not carried out means for its charge: where its payer can mend it, they are led."""
        kind = error_kind_of(reply)
        is_ended = kind is ErrorKind.METHOD_DEAD and charge.approval == BY_SAVED
        if kind is not ErrorKind.PAYER_CAN_FIX and not is_ended:
            return self._failed(reply, charge.key)
        reason = SAVED_METHOD_ENDED if is_ended else reply.issue
        link = approval_link(reply.body) or approval_link(self._client.ask("GET", _path(charge.provider_ref)).body)
        status = AttemptStatus.PENDING if link else AttemptStatus.REFUSED
        return ProviderResult(status, charge.provider_ref, reason=reason, approve_url=link)

    def _failed(self, reply: Reply, key: str) -> ProviderResult:
        self._note(reply, key)
        match error_kind_of(reply):
            case ErrorKind.IN_PROGRESS:
                return ProviderResult(AttemptStatus.PENDING)
            case ErrorKind.UNKNOWN | ErrorKind.ALREADY_DONE:
                return ProviderResult(AttemptStatus.UNKNOWN, reason=reply.issue)
            case ErrorKind.OURS:
                return ProviderResult(AttemptStatus.REFUSED, reason=ErrorKind.OURS.value)
            case _:
                return ProviderResult(AttemptStatus.REFUSED, reason=reply.issue)

    def _unavailable(self, reply: Reply, about: str) -> ProviderUnavailable:
        self._note(reply, about)
        return ProviderUnavailable(f"PayPal does not tell of {about}: HTTP {reply.status}, {reply.issue}")

    def _note(self, reply: Reply, about: str) -> None:
        """Tell staff what only they can mend; never a token, and nothing of the payer."""
        if error_kind_of(reply) is ErrorKind.OURS:
            debug_id = reply.body.get("debug_id", "none")
            log.error(
                "PayPal refuses what we ask: HTTP %s, %s, for %s (%s)", reply.status, reply.issue, about, debug_id
            )


def _token_path(token: str) -> str:
    return f"{_TOKENS}/{quote(token, safe='')}"


def _path(provider_ref: str) -> str:
    return f"{_ORDERS}/{quote(provider_ref, safe='')}"
