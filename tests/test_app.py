"""The application starts when its configuration is complete, and shares no state with another in its process."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from kajoom import clock
from kajoom.config import Misconfigured, from_environment
from kajoom.domain.money import Money
from kajoom.i18n.formats import formats_for
from kajoom.models.catalog import catalog
from kajoom.models.db import db
from kajoom.operations.catalog.load import load_catalog
from tests.architecture.files import ROOT
from tests.conftest import config_for, set_time
from tests.database import create_tables

MIDNIGHT = datetime(2026, 6, 16, 0, 30, tzinfo=UTC)
"""The evening of the 15th in Toronto, the afternoon of the 16th in Auckland."""


def test_nothing_is_served_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="KAJOOM_SECRET_KEY"):
        create_app(from_environment(tmp_path, {}))


def test_the_demonstration_needs_no_other_variable(tmp_path: Path) -> None:
    assert create_app(from_environment(tmp_path, {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"})).secret_key


@pytest.mark.slow
def test_a_command_needs_no_configuration() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("KAJOOM_", "FLASK_"))}
    command = [sys.executable, "-m", "flask", "due", "--anchor", "2026-01-31", "--cycle-months", "1", "--count", "3"]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_the_forwarded_scheme_counts_only_behind_a_configured_proxy(tmp_path: Path) -> None:
    environment = {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"}
    for hops in ("0", "1"):
        app = create_app(from_environment(tmp_path, {**environment, "KAJOOM_PROXY_HOPS": hops}))
        with app.app_context():
            response = app.test_client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
        assert ("Strict-Transport-Security" in response.headers) is (hops == "1")


def test_former_secret_still_opens_sessions_and_forms(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kajoom.sqlite'}"
    before = create_app(config_for(tmp_path, url, secret_key="the former secret"))
    forgotten = create_app(config_for(tmp_path, url, secret_key="the new secret"))
    after = create_app(
        config_for(tmp_path, url, secret_key="the new secret", secret_key_fallbacks=("the former secret",))
    )
    with before.app_context():
        create_tables()
        db.engine.dispose()
    page = before.test_client().get("/login")
    cookie = page.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "email": "no@example.com", "password": "not the password"}
    for app, status in ((after, 422), (forgotten, 403)):
        browser = app.test_client()
        browser.set_cookie("session", cookie)
        assert browser.post("/login", data=form).status_code == status


def test_two_applications_share_no_state(tmp_path: Path) -> None:
    """Time zone, seller, catalogue, gateways, database and e-mails belong to the application."""
    toronto = application(tmp_path / "toronto", "95.00", timezone="America/Toronto", seller={"name": "Toronto"})
    auckland = application(
        tmp_path / "auckland",
        "80.00",
        timezone="Pacific/Auckland",
        seller={"name": "Auckland"},
        base_url="https://auckland.example.com",
        days_to_pay=3,
        paypal_client_id="client",
        paypal_secret="secret",
    )
    for _ in range(2):
        assert facts_of(toronto) == {
            "day": "2026-06-15",
            "time": "8:30 p.m.",
            "seller": "Toronto",
            "price": Money(9500),
            "providers": ["demonstration"],
            "base_url": "http://127.0.0.1:8000",
            "days_to_pay": 7,
        }
        assert facts_of(auckland) == {
            "day": "2026-06-16",
            "time": "12:30 p.m.",
            "seller": "Auckland",
            "price": Money(8000),
            "providers": ["demonstration", "paypal"],
            "base_url": "https://auckland.example.com",
            "days_to_pay": 3,
        }
    assert toronto.extensions["kajoom"] is not auckland.extensions["kajoom"]


def application(folder: Path, price: str, **settings: Any) -> Flask:
    """An application whose catalogue is the demonstration's with another price for the plan "base"."""
    app = create_app(config_for(folder, f"sqlite:///{folder / 'kajoom.sqlite'}", **settings))
    set_time(app, MIDNIGHT)
    text = (ROOT / "demo" / "catalog.toml").read_text(encoding="utf-8")
    assert text.count('monthly = "95.00"') == 1
    with app.app_context():
        create_tables()
        assert not load_catalog(text.replace('monthly = "95.00"', f'monthly = "{price}"').encode(), MIDNIGHT).errors
        db.engine.dispose()
    return app


def facts_of(app: Flask) -> dict[str, Any]:
    """What an application has of its own, as its layers read it."""
    with app.app_context():
        plans = {plan.code: plan for plan in catalog().plans.values() if plan.group == "hosting"}
        facts = {
            "day": clock.today().isoformat(),
            "time": formats_for("en").clock_time(clock.now()).replace("\N{NO-BREAK SPACE}", " "),
            "seller": catalog().seller["name"],
            "price": min(plans["base"].prices.values()),
            "providers": list(app.extensions["kajoom"].payments),
            "base_url": app.config["BASE_URL"],
            "days_to_pay": app.config["DAYS_TO_PAY"],
        }
        db.engine.dispose()
    return facts
