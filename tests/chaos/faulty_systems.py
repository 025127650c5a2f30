"""PayPal, WHM, and the demonstration's provider and panel in a storm: answers are late, lost, refused or nonsense."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

from cryptography.hazmat.primitives.serialization import Encoding

from kajoom.domain.server import DEMONSTRATION
from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from tests.chaos.external_state import ExternalState, read_demo_state
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, authority
from tests.whm.server import TOKEN, USER, FakeWhm

_PAYMENT = (Behaviour.REFUSE, Behaviour.SLOW, Behaviour.LOSE_AFTER, Behaviour.LOSE_BEFORE, Behaviour.PENDING)
_PANEL = (*_PAYMENT, Behaviour.ACCEPT)
_FAULT_RATE = 0.2
_SLOW_SECONDS = 0.3
_LATE_TOKEN_RATE, _REMOVED_AT_PAYPAL_RATE = 0.3, 0.02
_REVIEW_RATE, _REVIEW_ENDS_RATE = 0.1, 0.02
_WEBHOOK_SECONDS = 0.5
_WHM_REFUSAL_RATE = 0.05


class FaultySystems:
    """A fake PayPal and a fake WHM that spoil one request of five, and the demonstration's provider and panel, which
    misbehave at random each time ``next_faults`` is called. ``environment`` are the variables that point the
    application at them, and ``servers`` those of the catalogue.
    """

    def __init__(self, folder: Path, app_url: str, seed: int) -> None:
        self._random = random.Random(seed)
        self._file = folder / "demonstration.sqlite"
        self._demo_store = DemoStore(self._file)
        self._paypal = FakePayPal()
        self._paypal.faults.fail_randomly(_FAULT_RATE, seed, _SLOW_SECONDS)
        self.whm = FakeWhm()
        self.whm.faults.fail_randomly(_FAULT_RATE, seed, _SLOW_SECONDS)
        self.servers: dict[str, dict[str, Any]] = {
            "s1": {"panel": DEMONSTRATION, "is_default": True},
            "s2": {"panel": "whm", "url": self.whm.address},
        }
        self._webhook_url = f"{app_url}/webhooks/paypal"
        self._stop = Event()
        self._webhooks = Thread(target=self._send_webhooks, daemon=True)
        certificate = folder / "authority.pem"
        certificate.write_bytes(authority(OURS).certificate.public_bytes(Encoding.PEM))
        self.environment = {
            "KAJOOM_PAYPAL_BASE_URL": self._paypal.address,
            "KAJOOM_PAYPAL_CLIENT_ID": "client",
            "KAJOOM_PAYPAL_SECRET": "secret",
            "KAJOOM_PAYPAL_WEBHOOK_ID": WEBHOOK_ID,
            "KAJOOM_PAYPAL_VAULT": "1",
            "KAJOOM_SERVER_S2_USER": USER,
            "KAJOOM_SERVER_S2_TOKEN": TOKEN,
            "SSL_CERT_FILE": str(certificate),
        }

    def __enter__(self) -> Self:
        self._paypal.__enter__()
        self.whm.__enter__()
        self._webhooks.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._webhooks.join()

    def next_faults(self) -> None:
        """Draw what fails next; PayPal may hold captures for review and name a saved account late, and payers may
        remove one there."""
        self._demo_store.set_behaviour(DemoSystem.PAYMENT, self._random.choice(_PAYMENT), once=True)
        self._demo_store.set_behaviour(DemoSystem.PANEL, self._random.choice(_PANEL), once=True)
        if self._random.random() < _WHM_REFUSAL_RATE:
            self.whm.refuse("changepackage", "The account exceeds the quota of the package.")
        ledger = self._paypal.ledger
        with ledger.lock:
            ledger.capture_status = "PENDING" if self._random.random() < _REVIEW_RATE else "COMPLETED"
            if self._random.random() < _REVIEW_ENDS_RATE:
                self._end_reviews()
            ledger.assigns_tokens_later = self._random.random() < _LATE_TOKEN_RATE
            if ledger.tokens and self._random.random() < _REMOVED_AT_PAYPAL_RATE:
                ledger.delete_token(self._random.choice(list(ledger.tokens)))

    @contextmanager
    def healthy(self) -> Iterator[None]:
        """No system fails inside; PayPal and WHM are shut down at the end."""
        for system in DemoSystem:
            self._demo_store.set_behaviour(system, Behaviour.ACCEPT)
        self._paypal.faults.fail_randomly(0, 0, 0)
        self.whm.faults.fail_randomly(0, 0, 0)
        self.whm.refusals.clear()
        with self._paypal.ledger.lock:
            self._paypal.ledger.capture_status = "COMPLETED"
            self._end_reviews()
        try:
            yield
        finally:
            self._paypal.__exit__()
            self.whm.__exit__()

    def _end_reviews(self) -> None:
        """Complete the captures that PayPal held for review."""
        for name, capture in self._paypal.ledger.captures.items():
            if capture["status"] == "PENDING":
                self._paypal.ledger.set_capture_status(name, "COMPLETED")

    def approve_all(self) -> None:
        """Every client who was sent to PayPal approves there; otherwise their payments would wait for days."""
        with self._paypal.ledger.lock:
            for name, order in list(self._paypal.ledger.orders.items()):
                if order["status"] == "PAYER_ACTION_REQUIRED":
                    self._paypal.ledger.approve(name)

    def state(self) -> ExternalState:
        """What both providers captured, and each account's package."""
        state = read_demo_state(self._file)
        captures = {
            f"paypal:{name}": int(Decimal(capture["amount"]["value"]) * 100)
            for name, capture in self._paypal.ledger.captures.items()
            if capture["status"] == "COMPLETED"
        }
        packages = {**state.packages, **{username: account.plan for username, account in self.whm.accounts.items()}}
        return replace(state, captured={**state.captured, **captures}, packages=packages)

    def _send_webhooks(self) -> None:
        """Send PayPal's webhooks late, twice, out of order, each with a forged one."""
        while not self._stop.wait(_WEBHOOK_SECONDS):
            self._paypal.ledger.assign_tokens()
            self._paypal.webhook_sender.deliver(self._webhook_url, self._random.randrange(1000))
