"""Control of the fake PayPal from another process: approvals, faults and the state of the ledger."""

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
    """Apply a command and return the state of the ledger.

    Keys of the command: ``approve``, an order id or "all"; ``fault`` and ``on``, a fault of the next request whose
    "METHOD /path" contains ``on``; ``chance``, ``seed`` and ``slow``, random faults; ``capture_status``, the status of
    later captures; ``decline``, the issue of the next capture; ``deliver``, the URL to which the new webhook events are
    sent. The result's ``authority`` is the certificate authority that signs them, for SSL_CERT_FILE.
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
        result["captured"] = {key: str(amount) for key, amount in ledger.captured_amounts().items()}
        result["orders"] = {name: order["status"] for name, order in ledger.orders.items()}
        result["captures"] = len(ledger.captures)
        result["requests"] = len(fake.api.requests)
    result["authority"] = authority(OURS).certificate.public_bytes(Encoding.PEM).decode()
    return result


def _approve(fake: FakePayPal, order_id: str) -> list[str]:
    with fake.ledger.lock:
        waiting = [name for name, each in fake.ledger.orders.items() if each["status"] == "PAYER_ACTION_REQUIRED"]
        approved = []
        for name in waiting if order_id == "all" else [order_id]:
            try:
                approved.append(fake.ledger.approve(name))
            except ApiError:
                continue  # deleted or captured meanwhile
        return approved
