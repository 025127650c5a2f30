"""The lever of the fake PayPal for who stands in another process: what is approved, what is spoilt, what was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding

from tests.paypal.errors import ApiError
from tests.paypal.faults import Fault
from tests.paypal.ledger import Body
from tests.paypal.signing import OURS, authority

if TYPE_CHECKING:
    from tests.paypal.server import FakePayPal


def apply_command(fake: FakePayPal, command: Body) -> Body:
    """Do what is wished, and tell what the ledger holds.

    ``approve``: an order's id, or "all" that wait for it. ``fault`` and ``on``: the next request that holds ``on`` is
    spoilt. ``chance``, ``seed`` and ``slow``: requests are spoilt at random. ``capture_status``: what captures become.
    ``decline``: the issue with which the next capture is refused. ``deliver``: the address to which all that was not
    told yet is told. The answer's ``authority`` vouches for the certificates: put it in a file, and name the file in
    SSL_CERT_FILE for the processes that are to believe the messages.
    """
    ledger = fake.ledger
    result: Body = {}
    if approved := command.get("approve"):
        result["approved"] = _approve(fake, approved)
    if "fault" in command:
        fake.faults.plan(Fault(command["fault"]), command.get("on", ""))
    if "chance" in command:
        fake.faults.fail_randomly(command["chance"], command.get("seed", 0), command.get("slow", 0.2))
    if "capture_status" in command:
        ledger.capture_status = command["capture_status"]
    if "decline" in command:
        ledger.declines.append(command["decline"])
    if "deliver" in command:
        result["delivered"] = fake.webhook_sender.deliver(command["deliver"], command.get("seed", 0))
    with ledger.lock:
        result["taken"] = {key: str(amount) for key, amount in ledger.taken().items()}
        result["orders"] = {name: order["status"] for name, order in ledger.orders.items()}
        result["captures"] = len(ledger.captures)
        result["asked"] = len(fake.api.requests)
    result["authority"] = authority(OURS).certificate.public_bytes(Encoding.PEM).decode()
    return result


def _approve(fake: FakePayPal, wished: str) -> list[str]:
    with fake.ledger.lock:
        waiting = [name for name, each in fake.ledger.orders.items() if each["status"] == "PAYER_ACTION_REQUIRED"]
        approved = []
        for name in waiting if wished == "all" else [wished]:
            try:
                approved.append(fake.ledger.approve(name))
            except ApiError:
                continue  # forgotten or captured meanwhile
        return approved
