"""A day of the client area as pieces of work: pages, forms, the daily run, the workers and the acts of staff.

Each does what it does whatever was done before: a refusal is as good as an act, since both ask their questions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from threading import Event
from typing import Any

from flask import Flask

from kajoom.domain.cancellation import CancellationWhen
from kajoom.domain.refusal import BusinessError
from kajoom.models.catalog import catalog_version
from kajoom.models.daily_summary import daily_summary
from kajoom.models.db import db
from kajoom.models.health import queue_health
from kajoom.models.outbox import unfinished_messages
from kajoom.models.panel_event import panel_events_since
from kajoom.models.payment import attempt_by_provider_ref
from kajoom.models.reconciliation import differences_of, payments_between, payments_by_reference
from kajoom.models.staff import staff_accounts
from kajoom.models.task import open_tasks
from kajoom.models.webhook_event import webhook_events_for_staff
from kajoom.operations.accounts.access import deactivate_client, reactivate_client, send_reset
from kajoom.operations.accounts.address import request_address_change
from kajoom.operations.accounts.invitations import invite
from kajoom.operations.accounts.passwords import change_password, request_reset
from kajoom.operations.accounts.personal_data import erase_client, export_client
from kajoom.operations.accounts.sessions import close_other_sessions, close_sessions_as_staff
from kajoom.operations.billing.credit import grant_credit
from kajoom.operations.billing.credit_notes import credit_invoice
from kajoom.operations.billing.suspension import lift_as_staff, suspend_as_staff
from kajoom.operations.daily import bill_day, delete_old_rows, enqueue_day, enqueue_digest
from kajoom.operations.orders.cancellation import request_cancellation, withdraw_cancellation
from kajoom.operations.orders.close import cancel_order
from kajoom.operations.orders.end_service import end_service_as_staff
from kajoom.operations.orders.provisioning import mark_operational, mark_refused
from kajoom.operations.orders.stuck import report_stuck_changes, retry_change
from kajoom.operations.outbox import discard_message, retry_message
from kajoom.operations.payments.reconciliation import explain, reconcile
from kajoom.operations.payments.refunds import refund_invoice
from kajoom.operations.tasks import claim_task
from kajoom.worker.loop import run_pending
from tests.conftest import PASSWORD
from tests.web.access_cases import browser_of
from tests.web.conftest import NOON
from tests.web.demo_rows import TODAY, number_of, record_received, reference_of, service_in
from tests.web.pages import hidden_fields, post
from tests.web.paypal_payer import confirm_plan_b

PATHS = "paths of a grown database"
"""The key of every address of the application among its extensions, each about something that there is."""

_STAFF = "staff:1"
_TOMORROW = TODAY + timedelta(days=1)


def open_pages_of_clients(app: Flask) -> None:
    """Open every page as the client whose things it shows, and the lists by page and by text."""
    browser = browser_of(app, "owner")
    for path in app.extensions[PATHS]:
        browser.get(path)
    service = f"/services/{service_in('hosting').id}"
    lists = ("/services?q=exemple&to_do=1", "/services?page=2", "/invoices?page=2", f"{service}/changes?page=2")
    for path in (*lists, f"{service}/plan?plan=b&cycle=monthly&when=now", f"{service}/plan?plan=base"):
        browser.get(path)
        browser.fragment(path)
    for state in ("scheduled", "cancelling", "unpaid-renewal", "waiting-payment", "suspended"):
        browser.get(f"/services/{service_in(state).id}")
    for reference in (reference_of("waiting-payment"), reference_of("scheduled")):
        browser.fragment(f"/orders/{reference}")


def open_pages_of_staff(app: Flask) -> None:
    """Open every page as a manager, and search for texts of each kind."""
    browser = browser_of(app, "manager")
    for path in app.extensions[PATHS]:
        browser.get(path)
    texts = ("domain1", "person 7", "exemple", number_of("unpaid-renewal"), "CH-2022-000001", "paypal:77", "x19")
    for text in texts:
        browser.get("/staff/search", query_string={"q": text})
    for text in (*texts, "41.72", "exemple 172.46"):
        browser.get("/staff/payments", query_string={"q": text})
    for path in ("/staff?page=2", "/staff/jobs?page=2", "/staff/overdue?page=2", "/staff/payments?page=2"):
        browser.get(path)


def send_forms(app: Flask) -> None:
    """Sign in and out, change a plan, pay, cancel, and send every other form without fields."""
    visitor = app.test_client()
    for password in ("wrong", PASSWORD):
        visitor.send("/login", email="en@example.com", password=password)  # type: ignore[attr-defined]
    browser = browser_of(app, "owner")
    with suppress(KeyError):  # there is no form once the change was made
        confirm_plan_b(browser, f"/services/{service_in('hosting').id}")
    browser.get(f"/orders/{reference_of('hosting')}")
    number = number_of("unpaid-renewal")
    post(browser, f"/invoices/{number}/payment", payment_method="demo")
    page = browser.get(f"/services/{service_in('free').id}/cancellation/review?when=now").text
    with suppress(KeyError):
        post(browser, f"/services/{service_in('free').id}/cancellation", **hidden_fields(page, "review"))
    for role in ("stranger", "manager"):
        other = browser_of(app, role)
        for path in app.extensions[PATHS]:
            post(other, path)


def run_days(app: Flask) -> None:
    """Run the work of two days, reconcile, and write what staff read of it; unpaid services are suspended."""
    current = catalog_version()
    assert current is not None
    current.billing, current.version = {"suspend_days": 1, "terminate_days": 2}, current.version + 1
    db.session.commit()
    providers = app.extensions["kajoom"].payments
    for on, at in ((TODAY, NOON), (_TOMORROW, NOON + timedelta(days=1))):
        enqueue_day(on, at)
        enqueue_digest(on, at)
        bill_day(on, at, 14)
        delete_old_rows(at)
        reconcile(providers, on, at)
        daily_summary(on, at)
    panel_events_since(NOON)
    payments_between("paypal", NOON - timedelta(days=1), NOON)
    payments_by_reference(["paypal:1", "paypal:2"])
    differences_of("paypal", TODAY)


def work(app: Flask) -> None:
    """A round of the worker with something to do and one without, and what the monitoring asks."""
    for _ in range(2):
        run_pending(app, Event())
    report_stuck_changes(NOON)
    queue_health(NOON)
    unfinished_messages(NOON, "email", 100)
    unfinished_messages(NOON, "", 100)
    attempt_by_provider_ref("paypal", "ref77")


def act_as_client(_app: Flask) -> None:
    """What clients do, without their pages."""
    client = service_in("hosting").client_id
    for each in (
        lambda: _cancel_a_service(client),
        lambda: cancel_order(client, reference_of("waiting-payment"), TODAY, NOON),
        lambda: request_reset("fr@example.com", NOON),
        lambda: request_address_change(client, "new@example.com", NOON),
        lambda: close_other_sessions(client, 1, NOON),
        lambda: change_password(client, "x", NOON),
    ):
        _try(each)


def _cancel_a_service(client: int) -> None:
    more: dict[str, Any] = {"reason": "", "key": "k", "locale": "fr", "on": TODAY, "at": NOON}
    request = request_cancellation(client, service_in("yearly").id, CancellationWhen.PERIOD_END, **more)
    withdraw_cancellation(client, request.reference, NOON)


def act_as_staff(app: Flask) -> None:
    """What staff do by command or on their pages."""
    providers = app.extensions["kajoom"].payments
    number, waiting = number_of("unpaid-renewal"), reference_of("waiting-payment")
    for each in (
        lambda: record_received(number, "172.46"),
        lambda: mark_operational(waiting, _STAFF, TODAY, NOON),
        lambda: mark_refused(waiting, "full", _STAFF, TODAY, NOON),
        lambda: retry_change(waiting, _STAFF, NOON),
        lambda: claim_task(1, _STAFF, NOON),
        lambda: retry_message(1, _STAFF, NOON),
        lambda: discard_message(1, _STAFF, "not needed", NOON),
        lambda: grant_credit("en@example.com", "5.00", "a gift", NOON),
        lambda: credit_invoice(number, "5.00", "a mistake", _STAFF, TODAY, NOON),
        lambda: refund_invoice(number, providers, _STAFF, NOON),
        lambda: explain("d77", "known", _STAFF, NOON),
        lambda: suspend_as_staff("exemple.ca", "unpaid", _STAFF, NOON),
        lambda: lift_as_staff("garage-exemple.ca", "paid", _STAFF, NOON),
        lambda: end_service_as_staff("domain99", "fraud", _STAFF, TODAY, NOON),
        lambda: send_reset("grown77", _STAFF, NOON),
        lambda: invite("grown78", _STAFF, NOON),
        lambda: deactivate_client("grown79", _STAFF, NOON),
        lambda: reactivate_client("grown79", _STAFF, NOON),
        lambda: close_sessions_as_staff("grown79", _STAFF, NOON),
        lambda: export_client("grown80", _STAFF, NOON),
        lambda: erase_client("grown81", _STAFF, NOON),
        open_tasks, webhook_events_for_staff, staff_accounts,
    ):  # fmt: skip
        _try(each)


def _try(act: Callable[[], object]) -> None:
    with suppress(BusinessError, LookupError):
        act()


WORK: Mapping[str, Callable[[Flask], None]] = {
    each.__name__: each
    for each in (
        open_pages_of_clients,
        open_pages_of_staff,
        send_forms,
        run_days,
        work,
        act_as_client,
        act_as_staff,
    )
}
