"""Run the fake PayPal as a process: ``python -m tests.paypal PORT``. It is controlled by POST /control."""

from __future__ import annotations

import sys

from tests.paypal.server import FakePayPal

if __name__ == "__main__":
    FakePayPal(port=int(sys.argv[1])).serve()
