"""``make run`` on another port: the links of pages and e-mails lead to that port."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.architecture.files import ROOT


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ({}, "http://127.0.0.1:8123"),
        ({"KAJOOM_BASE_URL": "https://clients.example.com"}, "https://clients.example.com"),
    ],
)
def test_links_lead_to_the_port_or_to_the_address_configured(configured: dict[str, str], expected: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "KAJOOM_BASE_URL"}
    recipe = subprocess.run(
        ["make", "--dry-run", "run", "PORT=8123"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    [serve] = [line for line in recipe.splitlines() if "gunicorn" in line and "KAJOOM_BASE_URL" in line]
    assignment = serve.strip().removeprefix("@").split(" ", 1)[0]
    shell = subprocess.run(
        ["sh", "-c", f'{assignment}; echo "$KAJOOM_BASE_URL"'],
        env=inherited | configured, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shell.stdout.strip() == expected
    assert "127.0.0.1:8123" in serve
