"""A client of the house who pays at PayPal: what they press, where they are led, and where their order stands."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kajoom.gateways.paypal.provider import PayPalProvider
from kajoom.models.db import db
from kajoom.models.order import Order
from tests.conftest import Browser
from tests.operations.ledger_checks import rows
from tests.paypal.server import FakePayPal

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def offered(app: Flask, paypal: PayPalProvider, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The house with PayPal beside what it offers."""
    doors = app.extensions["kajoom"]
    both = replace(doors, payments={**doors.payments, paypal.code: paypal})
    monkeypatch.setitem(app.extensions, "kajoom", both)
    return app


def confirmed(visitor: Browser, service: str, **asked: object) -> TestResponse:
    """The answer to confirming the move from A to B: 41.72 due today."""
    review = visitor.get(f"{service}/plan/review?plan=b&cycle=monthly").text
    fields = dict(FIELD.findall(review[review.index('name="digest"') - 2000 :]))
    return visitor.open(f"{service}/plan", method="POST", data=fields, **asked)


def posted(visitor: Browser, path: str, **fields: str) -> TestResponse:
    """The answer to a form of the house."""
    return visitor.post(path, data={"csrf_token": visitor.token("/services"), **fields})


def begun(visitor: Browser, service: str) -> str:
    """The reference of an order whose client was led to PayPal."""
    assert confirmed(visitor, service).status_code == 303
    return newest().reference


def newest() -> Order:
    """The order that was made last."""
    db.session.rollback()
    return rows(Order)[-1]


def awaited(fake: FakePayPal) -> str:
    """The order at PayPal that waits for its payer."""
    [order_id] = [name for name, each in fake.ledger.orders.items() if each["status"] == "PAYER_ACTION_REQUIRED"]
    return order_id


def status_of(reference: str) -> str:
    """Where an order stands."""
    db.session.rollback()
    return next(order.status.value for order in rows(Order) if order.reference == reference)


def path_of(url: str) -> str:
    """An address as a visitor of the house asks for it."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
