"""What a web process loads: each of these packages takes megabytes that only commands or the worker need."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.files import ROOT

NOT_LOADED = {"alembic", "flask_migrate", "pydantic", "kajoom.worker.emails", "httpx2"}


@pytest.mark.slow
def test_web_process_loads_neither_the_worker_nor_what_only_commands_need() -> None:
    script = "import sys; from app import create_app; create_app(); print(*sys.modules)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAJOOM_")}
    environment |= {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"}
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert NOT_LOADED & {*loaded} == set()
