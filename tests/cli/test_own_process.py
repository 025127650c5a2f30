"""Each command in a process of its own, as an operator starts it: most of them have no pages there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kajoom.cli import COMMANDS
from tests.architecture.files import ROOT

APPLICATION = """
import atexit, sys
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from app import create_app as build
from kajoom.config import from_environment


def create_app():
    atexit.register(configure_mappers)  # fails where a table refers to one that the command has not loaded
    atexit.register(lambda: print("PAGES", "kajoom.web.service" in sys.modules, file=sys.stderr))
    return build(from_environment(Path(__file__).parent))
"""

CASE = (
    '{"old_price": "150", "new_price": "225", "old_cycle_months": 1, "new_cycle_months": 1, "on": "2022-10-17",'
    ' "next_due": "2022-11-01"}'
)

WITHOUT_PAGES = [
    ("accounts export fr@example.com", "", '"fr@example.com"'),
    ("audit verify", "", "seal"),
    ("bill --dry-run", "", ""),
    ("catalog load demo/catalog.toml", "", ""),
    ("db check", "", ""),
    ("due --anchor 2026-01-31 --cycle-months 1 --count 1", "", "2026-02-28"),
    ("export payments --from 2020-01-01 --to 2030-12-31", "", "CAD"),
    ("import clients {folder}/clients.csv", "", ""),
    ("jobs list", "", "email"),
    ("mail preview operational --lang fr", "", "Content-Language: fr-CA"),
    ("quote", CASE, "41.72"),
    ("staff queue", "", "Plan B"),
    ("staff digest --lang fr", "", "Journal d’audit"),
    ("words compile", "", ""),
    ("work --once", "", ""),
]
"""A command, its standard input, and what it prints."""

WITH_PAGES = [
    ("routes", "", "service.index"),
    ("shell", "print(app.url_map)", "service.index"),
    ("users activate fr@example.com", "", "already activated"),
    ("roles --help", "", "create"),
]


def run(folder: Path, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``flask`` on the demonstration in a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KAJOOM_", "FLASK_"))}
    environment["KAJOOM_DEMO"] = "1"
    command = [sys.executable, "-m", "flask", "--app", str(folder / "own.py"), *arguments]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, input=text, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration, loaded by its command."""
    path = tmp_path_factory.mktemp("own")
    (path / "own.py").write_text(APPLICATION)
    (path / "clients.csv").write_text(
        "external_id,email,name,province,country,locale\nc-1,one@example.com,One,QC,CA,fr\n"
    )
    assert run(path, "demo", "load").stdout == "The demonstration is loaded.\n"
    return path


@pytest.mark.parametrize(("command", "text", "shown"), WITHOUT_PAGES)
def test_command_runs_without_pages(folder: Path, command: str, text: str, shown: str) -> None:
    done = run(folder, *command.format(folder=folder).split(), text=text)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert "PAGES False" in done.stderr


@pytest.mark.parametrize(("command", "text", "shown"), WITH_PAGES)
def test_command_that_needs_pages_has_them(folder: Path, command: str, text: str, shown: str) -> None:
    done = run(folder, *command.split(), text=text)
    assert shown in done.stdout + done.stderr
    assert "PAGES True" in done.stderr


def test_every_command_is_run() -> None:
    assert {command.split()[0] for command, *_ in (*WITHOUT_PAGES, *WITH_PAGES)} | {"demo"} >= COMMANDS.keys()
