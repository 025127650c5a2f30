"""``python -m tests.paypal PORT``: the fake PayPal as a process of its own, with its lever at /control."""

from __future__ import annotations

import sys

from tests.paypal.server import FakePayPal

if __name__ == "__main__":
    FakePayPal(port=int(sys.argv[1])).serve()
