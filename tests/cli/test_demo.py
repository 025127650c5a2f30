"""``flask demo usage``: what the demonstration's panel measures of an account."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from kajoom.cli.demo import demo
from kajoom.gateways import Gateways
from kajoom.gateways.demo.store import DemoStore
from tests.fake_gateways import FakeMailer, FakePanel


@pytest.fixture
def store(app: Flask, tmp_path: Path) -> DemoStore:
    store = DemoStore(tmp_path / "demonstration.sqlite")
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer(), demo_store=store)
    return store


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(demo, ["usage", *arguments])


def test_usage_of_an_account_is_set_resource_by_resource(app: Flask, store: DemoStore) -> None:
    assert run(app, "exemple", "--disk-mb", "9000").output == "exemple: disk_mb 9000\n"
    assert run(app, "exemple", "--mailboxes", "0").exit_code == 0
    assert store.usage_of("exemple") == {"disk_mb": 9000, "mailboxes": 0}


@pytest.mark.parametrize("arguments", [["exemple"], ["exemple", "--disk-mb", "-1"], ["exemple", "--disk-mb", "much"]])
def test_wrong_usage_is_refused(app: Flask, store: DemoStore, arguments: list[str]) -> None:
    assert run(app, *arguments).exit_code == 2
    assert store.usage_of("exemple") == {}


def test_outside_the_demonstration_nothing_is_set(app: Flask) -> None:
    app.extensions["kajoom"] = Gateways(FakePanel(), FakeMailer())
    result = run(app, "exemple", "--disk-mb", "1")
    assert (result.exit_code, "this is not the demonstration" in result.output) == (1, True)
