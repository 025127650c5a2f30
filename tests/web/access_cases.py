"""The accounts and addresses of the access table: whose things are asked for, and by whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import select, update

from kajoom.domain.reconciliation import DifferenceKind
from kajoom.domain.task import TaskKind
from kajoom.models.address_change import AddressChange
from kajoom.models.cancellation import Cancellation
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.models.outbox import Message, message_by_key
from kajoom.models.reconciliation import Difference
from kajoom.models.saved_method import SavedMethod
from kajoom.models.session import ClientSession
from kajoom.models.task import Task
from kajoom.models.webhook_event import WebhookEvent
from kajoom.operations.accounts.links import LinkKind, make_token, signing_keys
from tests.conftest import Browser
from tests.web.conftest import NOON
from tests.web.demo_rows import number_of, reference_of, service_in

ROLES = ("anonymous", "stranger", "agent", "manager", "owner")
"""Who asks; the owner last, as what the owner posts is done."""

_EMAILS = {
    "stranger": "en@example.com",
    "agent": "staff@example.com",
    "manager": "staff@example.com",
    "owner": "fr@example.com",
}


def browser_of(app: Flask, role: str) -> Browser:
    """A browser that is signed in with a role, or not signed in."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    if role in _EMAILS:
        browser.set_cookie("session", app.extensions["test_sessions"][_EMAILS[role]])
    if role in {"agent", "manager"}:
        db.session.execute(update(Client).where(Client.email == _EMAILS[role]).values(role=role))
        db.session.commit()
    return browser


def path_of(app: Flask, rule: str) -> str:
    """The address of something of the owner's, for a rule of the application."""
    values = _values(app, rule)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(values[name[1]]), rule)


def _values(app: Flask, rule: str) -> Mapping[str, Any]:
    owner = client_by_email("fr@example.com")
    assert owner is not None
    session = select(ClientSession.id).where(ClientSession.client_id == owner.id)
    return {
        "service_id": service_in("hosting").id,
        "client_id": owner.id,
        "reference": _cancellation() if "cancellations" in rule else reference_of("waiting-payment"),
        "number": number_of("unpaid-renewal"),
        "session_id": db.session.scalar(session),
        "method_id": _saved_method(owner) if "method_id" in rule else 0,
        "task_id": _closed_task() if "task_id" in rule else 0,
        "token": _token(app, rule, owner) if "token" in rule else "",
        "name": _asset(app),
        "job": _dead_job() if "job" in rule else 0,
        "difference_id": _difference() if "difference_id" in rule else 0,
        "event_id": _notice() if "event_id" in rule else "",
    }


def answer_of(app: Flask, browser: Browser, method: str, path: str) -> str:
    """The answer to a request without fields: its status, and where a page of sign-in or of the password is shown.

    A POST has the CSRF token of the browser's session and comes from the application's own page.
    """
    data = {"csrf_token": browser.token("/reset")} if method == "POST" and not path.startswith("/webhooks") else None
    response = browser.open(path, method=method, data=data)
    location = response.headers.get("Location", "")
    for page in ("/login", "/verify", "/staff"):
        if response.status_code in {302, 303} and location.partition("?")[0] == page:
            return page
    return str(response.status_code)


def rules_of(app: Flask) -> Iterator[str]:
    """The rules of the application's addresses, each once."""
    yield from sorted({rule.rule for rule in app.url_map.iter_rules()})


def _asset(app: Flask) -> str:
    """The name of the style sheet, as pages link to it."""
    name = re.search(r'href="/static/(style[^"]*)"', app.test_client().get("/login").text)
    assert name is not None
    return name[1]


def _cancellation() -> str:
    reference = db.session.scalar(
        select(Cancellation.reference).where(Cancellation.service_id == service_in("cancelling").id)
    )
    assert reference is not None
    return reference


def _saved_method(owner: Client) -> int:
    method = SavedMethod(client_id=owner.id, provider="demo", token="t", label="c•••@example.com", saved_at=NOON)
    db.session.add(method)
    db.session.commit()
    return method.id


def _closed_task() -> int:
    columns = {"kind": TaskKind.END, "service_id": service_in("hosting").id, "opened_at": NOON, "closed_at": NOON}
    task = Task(key=f"end-{uuid4()}", **columns)
    db.session.add(task)
    db.session.commit()
    return task.id


def _dead_job() -> int:
    job = message_by_key("dead")
    if job is None:
        job = Message(kind="email", key="dead", ids={}, run_at=NOON, attempts=20, dead_at=NOON)
        db.session.add(job)
        db.session.commit()
    return job.id


def _difference() -> int:
    kind = DifferenceKind.NOT_IN_LEDGER
    columns = {"provider": "paypal", "day": NOON.date(), "currency": "CAD", "found_at": NOON, "taken_cents": 100}
    difference = Difference(**columns, reference=uuid4().hex, kind=kind, invoice="")
    db.session.add(difference)
    db.session.commit()
    return difference.id


def _notice() -> str:
    columns = {"provider": "paypal", "attempt_key": "", "provider_ref": "PP-D-1", "received_at": NOON}
    event = WebhookEvent(id=uuid4().hex, kind="CUSTOMER.DISPUTE.CREATED", **columns)
    db.session.add(event)
    db.session.commit()
    return event.id


def _token(app: Flask, rule: str, owner: Client) -> str:
    """The token of a link that was sent to the owner."""
    about, kind = 0, LinkKind.RESET
    if rule.startswith("/account/email/"):
        change = AddressChange(client_id=owner.id, old_email=owner.email, new_email="n@example.com", requested_at=NOON)
        db.session.add(change)
        db.session.commit()
        kind, about = LinkKind.ADDRESS, change.id
    elif rule.startswith("/invite/"):
        kind, owner.password = LinkKind.INVITATION, None
        db.session.commit()
    return make_token(signing_keys(app.config), kind, owner, NOON, about)
