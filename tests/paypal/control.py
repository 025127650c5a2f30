"""The lever of the fake PayPal for who stands in another process: what is approved, what is spoilt, what was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.paypal.errors import Problem
from tests.paypal.faults import Fault
from tests.paypal.ledger import Body
from tests.paypal.signing import OURS, authority

if TYPE_CHECKING:
    from tests.paypal.server import FakePayPal


def obey(fake: FakePayPal, wish: Body) -> Body:
    """Do what is wished, and tell what the ledger holds.

    ``approve``: an order's id, or "all" that wait for it. ``fault`` and ``on``: the next request that holds ``on`` is
    spoilt. ``chance``, ``seed`` and ``slow``: requests are spoilt at random. ``capture_status``: what captures become.
    ``decline``: the issue with which the next capture is refused. ``deliver``: the address to which all that was not
    told yet is told. The answer's ``authority`` vouches for the certificates: put it in a file, and name the file in
    SSL_CERT_FILE for the processes that are to believe the messages.
    """
    ledger = fake.ledger
    result: Body = {}
    if approved := wish.get("approve"):
        result["approved"] = _approve(fake, approved)
    if "fault" in wish:
        fake.faults.plan(Fault(wish["fault"]), wish.get("on", ""))
    if "chance" in wish:
        fake.faults.storm(wish["chance"], wish.get("seed", 0), wish.get("slow", 0.2))
    if "capture_status" in wish:
        ledger.capture_status = wish["capture_status"]
    if "decline" in wish:
        ledger.declines.append(wish["decline"])
    if "deliver" in wish:
        result["delivered"] = fake.courier.deliver(wish["deliver"], wish.get("seed", 0))
    with ledger.lock:
        result["taken"] = {key: str(amount) for key, amount in ledger.taken().items()}
        result["orders"] = {name: order["status"] for name, order in ledger.orders.items()}
        result["captures"] = len(ledger.captures)
        result["asked"] = len(fake.desk.asked)
    result["authority"] = authority(OURS).certificate.public_bytes(Encoding.PEM).decode()
    return result


def _approve(fake: FakePayPal, wished: str) -> list[str]:
    with fake.ledger.lock:
        waiting = [name for name, each in fake.ledger.orders.items() if each["status"] == "PAYER_ACTION_REQUIRED"]
        approved = []
        for name in waiting if wished == "all" else [wished]:
            try:
                approved.append(fake.ledger.approve(name))
            except Problem:
                continue  # forgotten or captured meanwhile
        return approved
