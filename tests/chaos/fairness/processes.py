"""The two kinds of processes that are measured: one bills renewals, the others confirm changes of plan.

They import nothing that writes without waiting for the disk.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import insert

from kajoom.clock import Clock
from kajoom.domain.service import ServiceStatus
from kajoom.models.client import Client
from kajoom.models.db import db
from kajoom.models.service import Service
from kajoom.operations.daily import issue_renewal_batch
from tests import factories
from tests.factories import AT, DUE, MONTHLY, ON

RENEWAL_DAYS = 15
"""Billed on ``ON``, the services due on ``DUE`` are renewed, and those of the clients who confirm are not."""

_LATER = DUE + timedelta(days=60)
_PAUSE_SECONDS = 0.02
"""Between two confirmations of one process."""


class Billing(NamedTuple):
    """What the billing of all renewals took."""

    seconds: float
    cpu_seconds: float


@contextmanager
def application(url: str) -> Iterator[Flask]:
    """The context of an application with nothing but a database and a clock; its connections are closed at the end."""
    app = Flask("fairness")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.extensions["clock"] = Clock(ZoneInfo("America/Toronto"))
    db.init_app(app)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def fill(url: str, renewals: int, changes: int) -> list[int]:
    """Create the services to renew, and as many to change; returns the ids of the latter."""
    with application(url):
        db.create_all()
        factories.catalogue()
        total = renewals + changes
        db.session.execute(insert(Client), [_client(number) for number in range(1, total + 1)])
        plan = factories.plan_row("a")
        rows = [_service(number, plan.id, is_renewed=number <= renewals) for number in range(1, total + 1)]
        db.session.execute(insert(Service), rows)
        db.session.commit()
        return list(range(renewals + 1, total + 1))


def _client(number: int) -> dict[str, Any]:
    name, email = f"Client {number}", f"c{number}@example.com"
    search = {"search_name": name, "search_last_name": str(number), "search_company": "", "search_email": email}
    row = {"id": number, "external_id": f"C{number}", "email": email, "name": name, "fs_uniquifier": f"u{number}"}
    return {**row, **search, "created_at": AT}


def _service(number: int, plan_id: int, *, is_renewed: bool) -> dict[str, Any]:
    terms = {"cycle": MONTHLY, "currency": "CAD", "recurring_cents": 15_000, "payment_method": "paypal"}
    dates = {"registered_on": ON, "next_due_date": DUE if is_renewed else _LATER, "anchor_day": 1}
    names = {"id": number, "external_id": f"S{number}", "username": f"u{number}", "search_label": ""}
    owner = {"client_id": number, "plan_id": plan_id, "status": ServiceStatus.ACTIVE, "version": 1}
    return {**names, **owner, **terms, **dates, "usage": {"disk_mb": 1_000, "mailboxes": 3, "databases": 1}}


def bill(url: str, is_over: Event) -> Billing:
    """Issue all renewals, as ``flask bill`` does."""
    with application(url):
        issue_renewal_batch(ON - timedelta(days=365), AT, 0)  # compiles what every batch needs
        wall, cpu = time.perf_counter(), time.process_time()
        cursor = issue_renewal_batch(ON, AT, RENEWAL_DAYS)
        while cursor is not None:
            cursor = issue_renewal_batch(ON, AT, RENEWAL_DAYS, cursor)
        took = Billing(time.perf_counter() - wall, time.process_time() - cpu)
    is_over.set()
    return took


def confirm(url: str, service_ids: list[int], is_over: Event) -> list[float]:
    """Confirm a change of each service until the billing is over; how many seconds each confirmation took."""
    took = []
    with application(url):
        for service_id in service_ids:
            if is_over.is_set():
                break
            service = db.session.get_one(Service, service_id)
            digest = factories.price(service).digest
            began = time.perf_counter()
            factories.confirm(service, digest=digest, key=f"fairness-{service_id}")
            took.append(time.perf_counter() - began)
            db.session.remove()
            time.sleep(_PAUSE_SECONDS)
    return took
