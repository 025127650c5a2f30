"""`flask staff notices` lists the webhooks that staff must handle."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask

from kajoom.cli.staff import staff
from kajoom.models.db import db
from kajoom.models.webhook_event import WebhookEvent


def test_refunds_and_disputes_are_listed_newest_first(app: Flask) -> None:
    kinds = ["PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.COMPLETED", "CUSTOMER.DISPUTE.CREATED"]
    for hour, (kind, key) in enumerate(zip(kinds, ["k1", "k1", ""], strict=True), 14):
        db.session.add(
            WebhookEvent(
                id=f"WH-{hour}",
                provider="paypal",
                kind=kind,
                attempt_key=key,
                provider_ref=f"REF-{hour}",
                received_at=datetime(2026, 6, 16, hour, tzinfo=UTC),
            )
        )
    db.session.commit()

    result = app.test_cli_runner().invoke(staff, ["notices"])

    assert result.output.splitlines() == [
        "2026-06-16 12:00  paypal  CUSTOMER.DISPUTE.CREATED  REF-16  (no attempt of ours)",
        "2026-06-16 10:00  paypal  PAYMENT.CAPTURE.REFUNDED  REF-14  (attempt k1)",
    ]
