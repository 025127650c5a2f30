"""What a process loads: each of these packages takes megabytes and a part of each start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.architecture.files import ROOT

NOT_LOADED = {"alembic", "flask_migrate", "httpx2", "pydantic", "sqlalchemy.dialects.postgresql"}
NOT_BY_PAGES = {"kajoom.cli.staff", "kajoom.worker.emails"}
NOT_BY_COMMANDS = {"email_validator", "flask_babel", "flask_security", "kajoom.web", "structlog", "wtforms"}
NOT_BY_HELP = {"kajoom.i18n.formats", "kajoom.models.client"}

WEB_PROCESS = "import sys; from app import create_app; create_app(); print(*sys.modules)"
COMMAND = "import atexit, sys; from flask.cli import main; atexit.register(lambda: print(*sys.modules)); main()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "arguments", "not_loaded"),
    [
        (WEB_PROCESS, (), NOT_LOADED | NOT_BY_PAGES),
        (COMMAND, ("--help",), NOT_LOADED | NOT_BY_PAGES | NOT_BY_COMMANDS | NOT_BY_HELP),
        (COMMAND, ("staff", "queue", "--help"), NOT_LOADED | NOT_BY_COMMANDS),
    ],
    ids=["web process", "list of commands", "command"],
)
def test_process_loads_only_what_it_uses(script: str, arguments: tuple[str, ...], not_loaded: set[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAJOOM_")}
    environment |= {"KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert not_loaded & {*done.stdout.split()} == set()
