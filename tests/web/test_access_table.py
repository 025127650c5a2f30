"""Every address, asked for with every method by everybody, is answered as `access.toml` says."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from flask import Flask

from tests.architecture.files import ROOT
from tests.database import Database
from tests.web.access_cases import ROLES, answer_of, browser_of, path_of, rules_of

TABLE: dict[str, dict[str, Any]] = tomllib.loads((ROOT / "tests/web/access.toml").read_text(encoding="utf-8"))
KINDS = TABLE["kinds"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
RULES = sorted({*TABLE["GET"], *TABLE["POST"]})
WEBHOOKS = {"/webhooks/panel", "/webhooks/paypal"}


def expected(rule: str, method: str, role: str) -> str:
    """What the table says."""
    if method == "OPTIONS":
        return "200"
    row = TABLE["GET" if method == "HEAD" else method].get(rule) if method in {"GET", "HEAD", "POST"} else None
    if row is None:
        return "405"
    kind, answer = row.split()
    return KINDS[kind][role].replace("*", answer)  # type: ignore[no-any-return]


def test_every_address_has_a_row_for_each_of_its_methods(app: Flask) -> None:
    routes = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    assert {rule for rule, _ in routes} == set(rules_of(app))
    assert {(rule, method) for method in ("GET", "POST") for rule in TABLE[method]} == {
        (rule, method) for rule, method in routes if method not in {"HEAD", "OPTIONS"}
    }


@pytest.mark.slow  # some 1,400 requests
@pytest.mark.parametrize("rule", RULES)
def test_address_is_answered_as_the_table_says(app: Flask, demo_database: Database, rule: str) -> None:
    path = path_of(app, rule)
    found, said = {}, {}
    for method in METHODS:
        for role in ROLES:
            found[method, role] = answer_of(app, browser_of(app, role), method, path)
            said[method, role] = expected(rule, method, role)
    assert found == said


def test_form_without_a_csrf_token_is_refused(app: Flask) -> None:
    anonymous, owner = browser_of(app, "anonymous"), browser_of(app, "owner")
    for rule in {*TABLE["POST"]} - WEBHOOKS:
        browser = anonymous if rule.startswith("/login") else owner
        assert browser.post(path_of(app, rule)).status_code == 403, rule
