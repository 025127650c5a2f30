"""What stands around the house in a storm: providers and a panel whose answers are late, lost, or nonsense."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding

from kajoom.gateways.demo.store import Behaviour, DemoStore, DemoSystem
from tests.chaos.environment import World, world_of
from tests.paypal.server import WEBHOOK_ID, FakePayPal
from tests.paypal.signing import OURS, authority

_PAYMENT = (Behaviour.REFUSE, Behaviour.SLOW, Behaviour.LOSE_AFTER, Behaviour.LOSE_BEFORE, Behaviour.PENDING)
_PANEL = (*_PAYMENT, Behaviour.ACCEPT)
_CHANCE = 0.2
_SLOW_SECONDS = 0.3
_SLOW_TO_NAME, _REMOVED_THERE = 0.3, 0.02


class Weather:
    """One request of five to PayPal is spoilt; what the demonstration does next is drawn at each turn."""

    def __init__(self, folder: Path, house: str, seed: int) -> None:
        self._dice = random.Random(seed)
        self._file = folder / "demonstration.sqlite"
        self._demonstration = DemoStore(self._file)
        self._paypal = FakePayPal()
        self._paypal.faults.fail_randomly(_CHANCE, seed, _SLOW_SECONDS)
        self._webhook = f"{house}/webhooks/paypal"
        self._over = Event()
        self._courier = Thread(target=self._carry, daemon=True)
        vouching = folder / "authority.pem"
        vouching.write_bytes(authority(OURS).certificate.public_bytes(Encoding.PEM))
        self.environment = {
            "KAJOOM_PAYPAL_BASE_URL": self._paypal.address,
            "KAJOOM_PAYPAL_CLIENT_ID": "client",
            "KAJOOM_PAYPAL_SECRET": "secret",
            "KAJOOM_PAYPAL_WEBHOOK_ID": WEBHOOK_ID,
            "KAJOOM_PAYPAL_VAULT": "1",
            "SSL_CERT_FILE": str(vouching),
        }
        self.mark_done = 0

    def __enter__(self) -> Self:
        self._paypal.__enter__()
        self._courier.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._courier.join()

    def turn(self) -> None:
        """Draw what goes wrong next; PayPal may be slow to name what it saves, and payers remove it there."""
        self._demonstration.choose(DemoSystem.PAYMENT, self._dice.choice(_PAYMENT), once=True)
        self._demonstration.choose(DemoSystem.PANEL, self._dice.choice(_PANEL), once=True)
        ledger = self._paypal.ledger
        with ledger.lock:
            ledger.assigns_tokens_later = self._dice.random() < _SLOW_TO_NAME
            if ledger.tokens and self._dice.random() < _REMOVED_THERE:
                ledger.delete_token(self._dice.choice(list(ledger.tokens)))

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """The sky is clear: everybody answers."""
        for door in DemoSystem:
            self._demonstration.choose(door, Behaviour.ACCEPT)
        self._paypal.faults.fail_randomly(0, 0, 0)
        try:
            yield
        finally:
            self._paypal.__exit__()

    def approve(self) -> None:
        """Whoever was led to PayPal approves; without that their payment waits for days."""
        with self._paypal.ledger.lock:
            for name, order in list(self._paypal.ledger.orders.items()):
                if order["status"] == "PAYER_ACTION_REQUIRED":
                    self._paypal.ledger.approve(name)

    def world(self) -> World:
        """What both providers took, and where the panel has each account."""
        shown = world_of(self._file)
        captures = {
            f"paypal:{name}": int(Decimal(capture["amount"]["value"]) * 100)
            for name, capture in self._paypal.ledger.captures.items()
            if capture["status"] == "COMPLETED"
        }
        return replace(shown, took={**shown.took, **captures})

    def _carry(self) -> None:
        """PayPal's messages: late, twice, in no order, and a forgery beside each."""
        while not self._over.wait(0.5):
            self._paypal.ledger.assign_tokens()
            self.mark_done += len(self._paypal.webhook_sender.deliver(self._webhook, self._dice.randrange(1000)))
