"""Every status of a service × every status of its order × each button of the client: shown, obeyed, or refused by name.

The buttons of staff are tried the same way in ``test_staff_queue.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import select

from kajoom.domain.invoice import InvoiceStatus
from kajoom.domain.order import OrderStatus
from kajoom.domain.service import ServiceStatus
from kajoom.models.db import db
from kajoom.models.invoice import Invoice
from kajoom.models.order import Order
from tests.catalog_cache import forget_catalog
from tests.conftest import Browser
from tests.database import Database
from tests.operations.ledger_checks import nothing_written
from tests.web.demo_rows import service_in
from tests.web.pages import refusal_in

pytestmark = pytest.mark.slow

# upgrade: the green button. plan: the choice, the review and the confirmation. end: the cancellation. pay, cancel: the
# order. "yes" is offered and done, a code is the refusal of the page and of the POST, "." is not offered and does
# nothing. The end of a service closes its order: the rows of an open order and an ended service never last.
TABLE = """
order                  service     upgrade  plan              end               pay  cancel
none                   active      yes      yes               yes               .    .
none                   pending     yes      not_active        yes               .    .
none                   suspended   yes      not_active        yes               .    .
none                   terminated  .        not_active        not_active        .    .
none                   cancelled   .        not_active        not_active        .    .
awaiting_payment       active      yes      change_under_way  change_under_way  yes  yes
awaiting_payment       pending     yes      not_active        change_under_way  yes  yes
awaiting_payment       suspended   yes      not_active        change_under_way  yes  yes
awaiting_payment       terminated  .        not_active        not_active        yes  yes
awaiting_payment       cancelled   .        not_active        not_active        yes  yes
awaiting_provisioning  active      yes      change_under_way  change_under_way  .    .
awaiting_provisioning  pending     yes      not_active        change_under_way  .    .
awaiting_provisioning  suspended   yes      not_active        change_under_way  .    .
awaiting_provisioning  terminated  .        not_active        not_active        .    .
awaiting_provisioning  cancelled   .        not_active        not_active        .    .
scheduled              active      yes      change_under_way  change_under_way  .    yes
scheduled              pending     yes      not_active        change_under_way  .    yes
scheduled              suspended   yes      not_active        change_under_way  .    yes
scheduled              terminated  .        not_active        not_active        .    yes
scheduled              cancelled   .        not_active        not_active        .    yes
completed              active      yes      yes               yes               .    .
completed              pending     yes      not_active        yes               .    .
completed              suspended   yes      not_active        yes               .    .
completed              terminated  .        not_active        not_active        .    .
completed              cancelled   .        not_active        not_active        .    .
cancelled              active      yes      yes               yes               .    .
cancelled              pending     yes      not_active        yes               .    .
cancelled              suspended   yes      not_active        yes               .    .
cancelled              terminated  .        not_active        not_active        .    .
cancelled              cancelled   .        not_active        not_active        .    .
refused                active      yes      yes               yes               .    .
refused                pending     yes      not_active        yes               .    .
refused                suspended   yes      not_active        yes               .    .
refused                terminated  .        not_active        not_active        .    .
refused                cancelled   .        not_active        not_active        .    .
"""

_INVOICES = {
    OrderStatus.AWAITING_PAYMENT: InvoiceStatus.OPEN,
    OrderStatus.SCHEDULED: InvoiceStatus.VOID,
    OrderStatus.CANCELLED: InvoiceStatus.VOID,
}
"""The invoice of an order in each status, paid in the others."""

_CHOICE = "plan=b&cycle=monthly"


class Row(NamedTuple):
    """A row of the table."""

    order: str
    service: str
    upgrade: str
    plan: str
    end: str
    pay: str
    cancel: str


ROWS = [Row(*line.split()) for line in TABLE.strip().splitlines()[1:]]


class Case:
    """The service and the order of a row, in the demonstration as it was before each button."""

    def __init__(self, database: Database, browser: Browser, row: Row) -> None:
        self.database, self.browser, self.row = database, browser, row
        self.token = browser.token("/services")
        self.service = self.reference = ""

    def restore(self) -> None:
        """Give the service and the order the statuses of the row."""
        db.session.rollback()
        self.database.restore()
        forget_catalog()
        service = service_in("hosting" if self.row.order == "none" else "waiting-payment")
        service.status = ServiceStatus(self.row.service)
        self.service = f"/services/{service.id}"
        if self.row.order != "none":
            order = db.session.scalars(select(Order).where(Order.service_id == service.id)).one()
            order.status, self.reference = OrderStatus(self.row.order), order.reference
            invoice = db.session.scalars(select(Invoice).where(Invoice.order_id == order.id)).one()
            invoice.status = _INVOICES.get(order.status, InvoiceStatus.PAID)
            if invoice.status is InvoiceStatus.PAID:
                invoice.paid_cents = invoice.total_cents - invoice.credit_cents
        db.session.commit()

    def page(self, path: str) -> tuple[str, int, str]:
        """A page: its text, its status, and what it says of the act that it is about: "yes" or a refusal."""
        response = self.browser.get(path)
        return response.text, response.status_code, refusal_in(response.text) or "yes"

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Press a button: the status of the answer, and "yes" or a refusal."""
        response = self.browser.post(path, data={"csrf_token": self.token, **fields})
        return response.status_code, refusal_in(response.text) or "yes"


@contextmanager
def written(is_done: bool) -> Iterator[None]:
    """Fail unless the block writes exactly when the button is obeyed."""
    if is_done:
        yield
        return
    with nothing_written():
        yield


@pytest.fixture(params=ServiceStatus)
def cases(request: pytest.FixtureRequest, app: Flask, demo_database: Database, french: Browser) -> list[Case]:
    """The cases of one status of a service."""
    return [Case(demo_database, french, row) for row in ROWS if row.service == request.param.value]


def test_table_has_every_status_of_a_service_and_of_an_order() -> None:
    expected = {(order, service.value) for order in ["none", *OrderStatus] for service in ServiceStatus}
    assert {(row.order, row.service) for row in ROWS} == expected
    assert len(ROWS) == len(expected)


def test_buttons_of_a_service(cases: list[Case]) -> None:
    for case in cases:
        row = case.row
        case.restore()
        page = case.page(case.service)[0]
        assert ('id="upgrade"' in page) is (row.upgrade == "yes"), row
        assert (f'href="{case.service}/cancellation"' in page) is (row.upgrade == "yes"), row
        for path, expected in (("/plan", row.plan), ("/cancellation", row.end)):
            assert case.page(f"{case.service}{path}")[1:] == (200, expected), (row, path)
        review, status, code = case.page(f"{case.service}/plan/review?{_CHOICE}")
        assert (status, code) == (200 if row.plan == "yes" else 409, row.plan), row
        _, status, code = case.page(f"{case.service}/cancellation/review?when=now")
        assert (status, code) == (200 if row.end == "yes" else 409, row.end), row
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', review))
        fields = {"digest": form.get("digest", "0" * 40), "key": "k" * 20, "plan": "b", "cycle": "monthly"}
        with written(row.plan == "yes"):
            assert case.post(f"{case.service}/plan", **fields) == (303 if row.plan == "yes" else 409, row.plan), row
        if row.plan == "yes":
            case.restore()
        with written(row.end == "yes"):
            answer = case.post(f"{case.service}/cancellation", when="now", key="k" * 20)
        assert answer == (303 if row.end == "yes" else 409, row.end), row


def test_buttons_of_an_order(cases: list[Case]) -> None:
    for case in (each for each in cases if each.row.order != "none"):
        row = case.row
        case.restore()
        path = f"/orders/{case.reference}"
        page = case.page(path)[0]
        for name, expected in (("payment", row.pay), ("cancel", row.cancel)):
            assert (f'action="{path}/{name}"' in page) is (expected == "yes"), (row, name)
        with written(row.pay == "yes"):
            assert case.post(f"{path}/payment", method="demonstration")[0] == 303, row
        if row.pay == "yes":
            case.restore()
        with written(row.cancel == "yes"):
            status, code = case.post(f"{path}/cancel")
        # One that is cancelled already is shown; for any other it is too late.
        done = row.cancel == "yes" or row.order == "cancelled"
        assert (status, code) == ((303, "yes") if done else (409, "too_late")), row
