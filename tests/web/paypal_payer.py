"""Paying at the fake PayPal through the pages: confirm a change, be redirected, approve, come back."""

from __future__ import annotations

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
from tests.web.pages import hidden_fields, post, post_fragment


@pytest.fixture
def with_paypal(app: Flask, paypal: PayPalProvider, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with PayPal as a second payment provider."""
    gateways = app.extensions["kajoom"]
    both = replace(gateways, payments={**gateways.payments, paypal.code: paypal}, breakers={})
    monkeypatch.setitem(app.extensions, "kajoom", both)
    return app


def review_of_plan_b(browser: Browser, service: str) -> str:
    """The review of the change from plan A to plan B: 41.72 due today."""
    return browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text


def confirm_plan_b(browser: Browser, service: str, *, fragment: bool = False, **fields: str) -> TestResponse:
    """The response to the confirmation of that change."""
    send = post_fragment if fragment else post
    return send(browser, f"{service}/plan", **hidden_fields(review_of_plan_b(browser, service), "review"), **fields)


def start_payment(browser: Browser, service: str) -> str:
    """Confirm the change to plan B, which redirects to PayPal; the reference of the order."""
    assert confirm_plan_b(browser, service).status_code == 303
    return last_order().reference


def last_order() -> Order:
    """The order that was placed last."""
    db.session.rollback()
    return rows(Order)[-1]


def order_to_approve(fake: FakePayPal) -> str:
    """The id of the one order at PayPal that waits for its payer."""
    [order_id] = [name for name, each in fake.ledger.orders.items() if each["status"] == "PAYER_ACTION_REQUIRED"]
    return order_id


def path_of(url: str) -> str:
    """The path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
