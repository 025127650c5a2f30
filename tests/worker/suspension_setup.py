"""Services that stay unpaid, and days of the worker, for the tests of suspensions and ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kajoom.gateways import Gateways
from kajoom.models.catalog import CatalogVersion
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.outbox import Message
from kajoom.models.service import Service
from kajoom.operations.daily import bill_day
from kajoom.operations.orders.service_tasks import report_late_accounts
from tests import factories
from tests.factories import DUE
from tests.operations.ledger_checks import rows
from tests.operations.renewal_setup import issue_next_renewal
from tests.worker_runs import drain

DAY = timedelta(days=1)
SUSPENDED_ON = DUE + 14 * DAY


def set_policy(suspend_days: int | None = 14, terminate_days: int | None = None) -> None:
    """Have the catalogue suspend services, and staff asked about them, after so many days."""
    version = db.session.query(CatalogVersion).one()
    version.billing = {"suspend_days": suspend_days, "terminate_days": terminate_days}
    factories.reload_catalogue()


def instant(on: date) -> datetime:
    """Eleven in the morning of a day."""
    return factories.AT + (on - factories.ON)


def live_day(gateways: Gateways, on: date) -> datetime:
    """Do the work of a day and what follows from it; that instant."""
    at = instant(on)
    bill_day(on, at, 14)
    report_late_accounts(at)
    drain(gateways, at)
    db.session.rollback()
    return at


def unpaid_service() -> tuple[Service, Invoice]:
    """A service whose renewal of July 1 is issued."""
    row = factories.service(label="exemple.ca")
    return row, issue_next_renewal(row)


def announced(gateways: Gateways) -> tuple[Service, Invoice]:
    """A service whose suspension of July 15 was announced on July 2."""
    set_policy()
    row, invoice = unpaid_service()
    live_day(gateways, DUE + DAY)
    return row, invoice


def suspended(gateways: Gateways) -> tuple[Service, Invoice]:
    """A service that the panel has suspended on July 15."""
    row, invoice = announced(gateways)
    live_day(gateways, SUSPENDED_ON)
    return row, invoice


def emails(*kinds: str) -> list[str]:
    """The keys of the e-mails of these kinds that were queued."""
    return [message.key for message in rows(Message) if message.ids.get("email") in kinds]
