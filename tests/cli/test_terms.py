"""``flask staff terms``: what it would do, what it does, and why it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from kajoom.cli.staff import staff
from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.models.terms_change import TermsChange
from kajoom.operations.billing.renewals import issue_renewal
from tests import factories
from tests.conftest import set_time
from tests.factories import AT, ON

Invoke = Callable[..., Result]


@pytest.fixture
def row(app: Flask) -> Service:
    """A service named by its domain, on the day of ``AT``."""
    factories.catalogue()
    set_time(app, AT)
    return factories.service(label="site.example.com")


@pytest.fixture
def terms(app: Flask) -> Invoke:
    """Runs ``flask staff terms`` for the service."""

    def run(*arguments: str) -> Result:
        db.session.rollback()
        result = app.test_cli_runner().invoke(staff, ["terms", "site.example.com", *arguments])
        db.session.rollback()
        return result

    return run


def test_dry_run_shows_what_would_be_done_and_does_nothing(row: Service, terms: Invoke) -> None:
    invoice = issue_renewal(row.id, ON, AT)
    assert invoice is not None
    result = terms("--price", "165.00", "--dry-run")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "site.example.com: with the renewal of 2026-07-01",
            "  monthly price before tax: 150.00 CAD → 165.00 CAD",
            f"  invoice {invoice.number} becomes void and is issued anew",
            "  renewal of 2026-07-01: 189.71 CAD, taxes included",
            "Nothing was done.",
        ],
    )
    assert db.session.query(TermsChange).count() == 0


def test_terms_are_changed_from_today(row: Service, terms: Invoke) -> None:
    result = terms("--plan", "b", "--quantity", "2", "--due", "2026-07-15", "--from", "today", "--reason", "Entente")
    assert (result.exit_code, result.output.splitlines()) == (
        0,
        [
            "site.example.com: now",
            "  plan: a → b",
            "  monthly price before tax: 150.00 CAD → 450.00 CAD",
            "  quantity: 1 → 2",
            "  next due date: 2026-07-01 → 2026-07-15",
            "  renewal of 2026-07-15: 517.39 CAD, taxes included",
            "The terms are changed; the client is sent an e-mail.",
        ],
    )
    assert (row.plan.code, row.quantity, str(row.recurring)) == ("b", 2, "450.00")
    assert db.session.query(TermsChange).one().actor.startswith("staff:")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--price", "165.00"], "Give the reason in one line of at most 500 characters."),
        (["--reason", "x"], "The service has these terms already."),
        (["--price", "dear", "--reason", "x"], "'dear' is not an amount like 41.72."),
        (["--quantity", "0", "--reason", "x"], "'0' is not a quantity from 1 to 9999."),
        (["--due", "2026-13-01", "--reason", "x"], "'2026-13-01' is not a day like 2026-12-01."),
        (["--due", "2026-06-01", "--reason", "x"], "2026-06-01 is in the past: give today, a later day, or the due"),
        (["--plan", "z", "--reason", "x"], "There is no plan z in the group of this service."),
        (["--price", "1", "--from", "2040-01-01", "--reason", "x"], "2040-01-01 is more than ten years away."),
    ],
)
def test_what_is_refused_is_named(row: Service, terms: Invoke, arguments: list[str], sentence: str) -> None:
    result = terms(*arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {sentence}")
    assert db.session.query(TermsChange).count() == 0


def test_open_change_and_ended_service_are_named(row: Service, terms: Invoke) -> None:
    order = factories.confirm(row, "b")
    assert f"A change of plan is under way, {order.reference}" in terms("--price", "1", "--dry-run").stderr
    other = factories.service(label="ended.example.com", status=ServiceStatus.TERMINATED)
    other.label, row.label = "site.example.com", "other.example.com"
    db.session.commit()
    assert terms("--price", "1", "--dry-run").stderr == "Error: The service site.example.com has already ended.\n"
