"""Sends webhook events like PayPal at its worst: twice, out of order and mixed with forged ones."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from tests.paypal.ledger import Ledger
from tests.paypal.signing import SignedRequest, event, signed, signer

_KINDS = {"COMPLETED": "COMPLETED", "PENDING": "PENDING", "DECLINED": "DENIED", "PARTIALLY_REFUNDED": "COMPLETED"}


class WebhookSender:
    """Makes one event for each change in the ledger, and sends it."""

    def __init__(self, ledger: Ledger, cert_url: str, webhook_id: str) -> None:
        self.ledger = ledger
        self.cert_url = cert_url
        self.webhook_id = webhook_id
        self._sent: set[str] = set()

    def events(self) -> list[dict[str, Any]]:
        """Return the events that were not returned before."""
        with self.ledger.lock:
            changes = [
                *(("CHECKOUT.ORDER.APPROVED", each) for each in self.ledger.orders.values() if _is_approved(each)),
                *((_kind(each), each) for each in self.ledger.captures.values()),
                *(("PAYMENT.CAPTURE.REFUNDED", each) for each in self.ledger.refunds.values()),
                *(("VAULT.PAYMENT-TOKEN.CREATED", each) for each in self.ledger.tokens.values()),
                *(("VAULT.PAYMENT-TOKEN.DELETED", {"id": each}) for each in self.ledger.deleted_tokens),
            ]
            new = [(kind, each) for kind, each in changes if f"{kind} {each['id']}" not in self._sent]
            self._sent.update(f"{kind} {each['id']}" for kind, each in new)
            return [event(kind, dict(each)) for kind, each in new]

    def signed(self, content: dict[str, Any], at: datetime, **changed: str) -> SignedRequest:
        """Sign an event as PayPal, sent ``at``; ``changed`` headers replace the signed ones afterwards."""
        return signed(content, self.cert_url, self.webhook_id, at, changed=changed)

    def deliver(self, url: str, seed: int) -> list[int]:
        """Send the new events twice in random order, each after a forged one; return the statuses of the valid ones."""
        events = self.events() * 2
        random.Random(seed).shuffle(events)
        statuses = []
        for content in events:
            at = datetime.now(UTC)
            forged = signed(content, self.cert_url, self.webhook_id, at, by=signer(issuer="Another authority"))
            send(url, forged)
            statuses.append(send(url, self.signed(content, at)))
        return statuses


def send(url: str, message: SignedRequest) -> int:
    """Post a request; return the status, 0 when the server is unreachable."""
    request = urllib.request.Request(url, data=message.body, headers=message.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as result:
            return int(result.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _is_approved(order: dict[str, Any]) -> bool:
    return order["status"] in {"APPROVED", "COMPLETED"}


def _kind(capture: dict[str, Any]) -> str:
    return f"PAYMENT.CAPTURE.{_KINDS.get(capture['status'], 'REFUNDED')}"
