"""The house starts when it may be served, says by name what is missing, and lets an operator work without it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import create_app
from kajoom.config import Misconfigured, from_environment
from tests.architecture.files import ROOT


def test_nothing_is_served_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="KAJOOM_SECRET_KEY"):
        create_app(from_environment(tmp_path, {}))


def test_the_demonstration_needs_nothing(tmp_path: Path) -> None:
    assert create_app(from_environment(tmp_path, {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"})).secret_key


def test_an_operator_calculates_without_any_configuration() -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("KAJOOM_", "FLASK_"))}
    command = [sys.executable, "-m", "flask", "due", "--anchor", "2026-01-31", "--cycle-months", "1", "--count", "3"]
    done = subprocess.run(command, cwd=ROOT, env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2026-02-28", "2026-03-31", "2026-04-30"]


@pytest.mark.parametrize(
    ("name", "value"), [("KAJOOM_WORKER", "sometimes"), ("KAJOOM_PROXY_HOPS", "-1"), ("KAJOOM_PROXY_HOPS", "two")]
)
def test_a_value_that_cannot_be_read_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        from_environment(tmp_path, {name: value})


def test_the_forwarded_scheme_is_believed_only_behind_the_proxies_that_were_counted(tmp_path: Path) -> None:
    given = {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"}
    for hops in ("0", "1"):
        house = create_app(from_environment(tmp_path, {**given, "KAJOOM_PROXY_HOPS": hops}))
        with house.app_context():
            answer = house.test_client().get("/healthz", headers={"X-Forwarded-Proto": "https"})
        assert ("Strict-Transport-Security" in answer.headers) is (hops == "1")
