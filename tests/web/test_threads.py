"""Eight threads of one process share the application: nothing of one request is seen in another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kajoom.models.db import db
from kajoom.models.order import Order
from kajoom.models.payment import Attempt
from tests.catalog_cache import forget_catalog
from tests.conftest import Browser, SignIn
from tests.operations.ledger_checks import rows
from tests.web.conftest import Address
from tests.web.pages import hidden_fields

THREADS, ROUNDS = 8, 12


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Let threads alternate every 50 microseconds instead of every 5 milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def same_browser(app: Flask, browser: Browser) -> FlaskClient:
    """A test client of another thread with the session of ``browser``."""
    cookie = browser.get_cookie("session")
    assert cookie is not None
    other = FlaskClient(app, app.response_class)
    other.set_cookie("session", cookie.value)
    return other


def together(*functions: Callable[[], object]) -> None:
    """Run functions at once, each in a thread and a context of its own; raise what one of them raised."""
    with ThreadPoolExecutor(len(functions)) as pool:
        for answer in [pool.submit(Context().run, function) for function in functions]:
            answer.result(120)


@pytest.mark.slow
@pytest.mark.usefixtures("impatient_threads")
def test_threads_see_nothing_of_each_other(app: Flask, signed_in: SignIn, address: Address) -> None:
    """Both clients preview in their own language while the catalogue is read again and again."""
    pages = {
        ("fr", "225,00\N{NO-BREAK SPACE}$"): (signed_in("fr@example.com"), address("hosting")),
        ("en", "$225.00"): (signed_in("en@example.com"), address("hosting", "en")),
    }
    db.session.rollback()

    def read(language: str, price: str, browser: FlaskClient, service: str) -> None:
        for number in range(ROUNDS):
            page = browser.get(f"{service}/plan?plan=b&cycle=monthly")
            assert page.status_code == 200
            assert f'<html lang="{language}-CA">' in page.text
            assert price in page.text
            if number % 3 == 0:
                forget_catalog(app)

    tasks = [
        (language, price, same_browser(app, browser), service)
        for (language, price), (browser, service) in pages.items()
        for _ in range(THREADS // 2)
    ]
    together(*(partial(read, *task) for task in tasks))


@pytest.mark.slow
@pytest.mark.usefixtures("impatient_threads")
def test_threads_confirm_one_change_once_each(app: Flask, signed_in: SignIn, address: Address) -> None:
    """Each client confirms the same review four times at once: one order, paid once, that every answer shows."""
    statuses: list[int] = []
    orders, attempts = len(rows(Order)), len(rows(Attempt))

    def confirm(browser: FlaskClient, service: str, form: dict[str, str]) -> None:
        response = browser.post(f"{service}/plan", data=form)
        statuses.append(response.status_code)
        assert "/orders/CH-" in response.location if response.location else "payment_pending" in response.text

    tasks = []
    for language in ("fr", "en"):
        browser, service = signed_in(f"{language}@example.com"), address("hosting", language)
        page = browser.get(f"{service}/plan/review?plan=b&cycle=monthly").text
        form = {**hidden_fields(page, "review"), "csrf_token": browser.token("/services"), "acknowledged": "yes"}
        tasks += [(same_browser(app, browser), service, form) for _ in range(THREADS // 2)]
    db.session.rollback()
    together(*(partial(confirm, *task) for task in tasks))

    db.session.rollback()
    assert set(statuses) <= {303, 409}  # 409: another thread's payment of the order is under way
    assert statuses.count(303) >= 2
    assert (len(rows(Order)), len(rows(Attempt))) == (orders + 2, attempts + 2)
