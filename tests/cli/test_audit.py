"""``flask audit verify``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask import Flask
from sqlalchemy import text

from kajoom.cli.audit import audit
from kajoom.domain.audit import Act
from kajoom.models.audit import record_act
from kajoom.models.db import db
from kajoom.operations.transaction import transactional
from kajoom.operations.upkeep.audit import newest_seal, seal_new_acts
from tests.factories import AT

SECRET = "a secret for tests"


def verify(app: Flask, *arguments: str) -> Any:
    app.config["SECRET_KEY"] = SECRET
    app.extensions["config"] = SimpleNamespace(check_complete=lambda: None)
    return app.test_cli_runner().invoke(audit, ["verify", *arguments])


def test_audit_is_verified_and_its_first_broken_row_is_named(app: Flask) -> None:
    assert verify(app).output == "0 acts are sealed and unchanged.\n"
    for _ in range(2):
        transactional(record_act)(Act.TASK_DONE, "staff:lea", AT)
    seal_new_acts([SECRET], AT)
    seal = newest_seal() or ""
    transactional(record_act)(Act.TASK_DONE, "staff:lea", AT)

    result = verify(app, "--seal", seal)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "2 acts are sealed and unchanged.",
        "1 act waits for a worker to seal.",
        f"Newest seal: {seal}",
    ]

    db.session.execute(text("UPDATE audit SET actor = 'x' WHERE id = 2"))
    db.session.commit()
    result = verify(app)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Place 2, row 2 (task_done, 2026-06-16T15:00:00+00:00): this is not")
