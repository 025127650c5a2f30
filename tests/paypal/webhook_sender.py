"""Who carries PayPal's messages: late, twice, in no order, and among them some that PayPal never wrote."""

from __future__ import annotations

import random
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from tests.paypal.ledger import Ledger
from tests.paypal.signing import Signed, event, signed, signer

_KINDS = {"COMPLETED": "COMPLETED", "PENDING": "PENDING", "DECLINED": "DENIED", "PARTIALLY_REFUNDED": "COMPLETED"}


class WebhookSender:
    """Writes a message for each thing that happened in the ledger, once, and carries it as badly as can be."""

    def __init__(self, ledger: Ledger, cert_url: str, webhook_id: str) -> None:
        self.ledger = ledger
        self.cert_url = cert_url
        self.webhook_id = webhook_id
        self._told: set[str] = set()

    def events(self) -> list[dict[str, Any]]:
        """What happened and was not told yet."""
        with self.ledger.lock:
            happened = [
                *(("CHECKOUT.ORDER.APPROVED", each) for each in self.ledger.orders.values() if _is_approved(each)),
                *((_kind(each), each) for each in self.ledger.captures.values()),
                *(("PAYMENT.CAPTURE.REFUNDED", each) for each in self.ledger.refunds.values()),
                *(("VAULT.PAYMENT-TOKEN.CREATED", each) for each in self.ledger.tokens.values()),
                *(("VAULT.PAYMENT-TOKEN.DELETED", {"id": each}) for each in self.ledger.deleted_tokens),
            ]
            fresh = [(kind, each) for kind, each in happened if f"{kind} {each['id']}" not in self._told]
            self._told.update(f"{kind} {each['id']}" for kind, each in fresh)
            return [event(kind, dict(each)) for kind, each in fresh]

    def signed(self, content: dict[str, Any], at: datetime, **changed: str) -> Signed:
        """A message as PayPal would send it at an instant; ``changed`` are headers forged afterwards."""
        return signed(content, self.cert_url, self.webhook_id, at, **changed)

    def deliver(self, url: str, seed: int) -> list[int]:
        """Send what was not told yet twice, shuffled, and a forgery beside each; answers the statuses of the true."""
        told = self.events() * 2
        random.Random(seed).shuffle(told)
        statuses = []
        for content in told:
            at = datetime.now(UTC)
            forged = signed(content, self.cert_url, self.webhook_id, at, by=signer(issuer="Somebody else"))
            send(url, forged)
            statuses.append(send(url, self.signed(content, at)))
        return statuses


def send(url: str, message: Signed) -> int:
    """Post a message; answers the status, 0 when nobody was there."""
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
