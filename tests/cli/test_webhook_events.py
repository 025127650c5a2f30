"""`flask staff notices` lists the webhooks that staff must handle, and `close-notice` closes one."""

from __future__ import annotations

from datetime import UTC, datetime

from click.testing import Result
from flask import Flask

from kajoom.cli.staff import staff
from kajoom.models.db import db
from kajoom.models.webhook_event import WebhookEvent
from tests.factories import AT


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
        "WH-16  2026-06-16 12:00  paypal  CUSTOMER.DISPUTE.CREATED  REF-16  (no attempt of ours)",
        "WH-14  2026-06-16 10:00  paypal  PAYMENT.CAPTURE.REFUNDED  REF-14  (attempt k1)",
    ]


def test_notice_is_closed_once_with_what_was_done(app: Flask) -> None:
    columns = {"provider": "paypal", "attempt_key": "", "provider_ref": "REF", "received_at": AT}
    db.session.add(WebhookEvent(id="WH-1", kind="CUSTOMER.DISPUTE.CREATED", **columns))
    db.session.add(WebhookEvent(id="WH-2", kind="PAYMENT.CAPTURE.COMPLETED", **columns))
    db.session.commit()

    def run(*arguments: str) -> Result:
        return app.test_cli_runner().invoke(staff, arguments)

    assert run("close-notice", "WH-1", "--note", " ").exit_code == 1
    assert run("close-notice", "WH-1", "--note", "answered  PayPal").output == "Notice WH-1 is closed.\n"
    assert run("notices").output == ""
    event = db.session.get(WebhookEvent, "WH-1")
    assert event is not None
    assert event.note == "answered PayPal"
    again = run("close-notice", "WH-1", "--note", "again")
    assert (again.exit_code, f"was closed by {event.closed_by}: answered PayPal" in again.output) == (1, True)
    for unknown in ("WH-2", "WH-9"):
        assert f"There is no notice {unknown}" in run("close-notice", unknown, "--note", "x").output
