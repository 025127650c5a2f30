"""`flask staff create`, `list` and `disable`, and that staff are no clients."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask

from kajoom.cli.accounts import accounts
from kajoom.cli.staff import staff
from kajoom.config import Config
from kajoom.models.client import Client, client_by_email
from kajoom.models.db import db
from kajoom.operations.accounts.links import InvalidLink, LinkKind, read_token, signing_keys
from tests import factories
from tests.conftest import set_time
from tests.factories import AT

Invoke = Callable[..., Result]

EMAIL = "lea@kajoom.example"


@pytest.fixture
def invoke(app: Flask, config: Config) -> Invoke:
    """Runs ``flask staff``."""
    set_time(app, AT)
    app.config.update(BASE_URL=config.base_url, SECRET_KEY=config.secret_key, SECRET_KEY_FALLBACKS=[])
    app.extensions["config"] = config

    def run(*arguments: str) -> Result:
        db.session.rollback()
        return app.test_cli_runner().invoke(staff, arguments)

    return run


def member() -> Client:
    """The account of the tests, as it is now."""
    db.session.rollback()
    client = client_by_email(EMAIL)
    assert client is not None
    return client


def fits(app: Flask, output: str) -> bool:
    """Whether the link in the output of a command can be used."""
    [token] = re.findall(r"http://127.0.0.1:8000/invite/(\S+)", output)
    try:
        return read_token(signing_keys(app.config), LinkKind.INVITATION, token, AT).fits(member())
    except InvalidLink:
        return False


def test_create_prints_a_link_and_again_another_until_there_is_a_password(app: Flask, invoke: Invoke) -> None:
    first = invoke("create", EMAIL.upper(), "--name", "Léa")
    assert (first.exit_code, member().role, member().name, member().password) == (0, "agent", "Léa", None)
    assert fits(app, first.output)
    second = invoke("create", EMAIL, "--role", "manager")
    assert (fits(app, first.output), fits(app, second.output), member().role) == (False, True, "manager")

    member().password = "a hash"
    db.session.commit()
    assert not fits(app, second.output)
    again = invoke("create", EMAIL, "--role", "manager")
    assert (again.exit_code, "has a password already" in again.output) == (1, True)
    assert invoke("create", EMAIL).output == f"{EMAIL} is now agent.\n"
    assert member().password == "a hash"


def test_disabled_account_is_opened_again_with_a_link_only(app: Flask, invoke: Invoke) -> None:
    invoke("create", EMAIL)
    member().password = "a hash"
    db.session.commit()
    for _ in range(2):
        assert invoke("disable", EMAIL).output == f"{EMAIL} is disabled.\n"
    assert not member().active
    assert f"{EMAIL}  agent  disabled  no second factor  last seen never  {EMAIL}" in invoke("list").output
    assert fits(app, invoke("create", EMAIL).output)
    assert (member().active, member().password) == (True, None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "client@example.com"], "client@example.com is a client's address"),
        (["create", "nobody"], "'nobody' is not a complete e-mail address"),
        (["disable", "client@example.com"], "There is no staff account client@example.com"),
        (["disable", "nobody@example.com"], "There is no staff account nobody@example.com"),
        (["credit", EMAIL, "--amount", "1.00", "--reason", "test"], f"There is no client {EMAIL}"),
    ],
)
def test_address_of_the_wrong_kind_is_refused_by_name(invoke: Invoke, arguments: list[str], sentence: str) -> None:
    factories.client(email="client@example.com")
    invoke("create", EMAIL)
    result = invoke(*arguments)
    assert (result.exit_code, sentence in result.output) == (1, True), result.output


def test_staff_are_not_invited_as_clients(app: Flask, invoke: Invoke) -> None:
    invoke("create", EMAIL)
    assert app.test_cli_runner().invoke(accounts, ["invite", "--all"]).output == "invited: 0\n"
