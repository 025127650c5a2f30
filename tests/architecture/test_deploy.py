"""The files of deploy/ and the commands of the pages that name them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from kajoom.config import from_environment
from tests.architecture.files import ROOT

UNITS = sorted((ROOT / "deploy").glob("*.service"))
BLOCK = re.compile(r"(?ms)^ *```sh\n(.*?)^ *```")


def test_example_of_the_environment_has_known_variables_and_right_values(tmp_path: Path) -> None:
    lines = (ROOT / "deploy" / "kajoom.env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if re.match("[A-Z]", line))
    named = {line.removeprefix("# ").partition("=")[0] for line in lines if re.match("# KAJOOM_[A-Z_0-9]+=", line)}
    assert [value for value in given.values() if not re.fullmatch("'[^']*'", value)] == []
    values = {name: shlex.split(value)[0] for name, value in given.items()}
    config = from_environment(tmp_path, {**values, "KAJOOM_SECRET_KEY": "x" * 48})
    config.check_complete()
    assert (config.proxy_hops, config.worker) == (1, "none")
    others = dict.fromkeys(named, "x" * 48)
    from_environment(tmp_path, {**values, **others, "KAJOOM_SECRET_KEY": "x" * 48})


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_unit_starts_what_the_repository_and_its_packages_have(unit: Path) -> None:
    [command] = re.findall("(?m)^ExecStart=(.*)$", unit.read_text())
    program, *arguments = shlex.split(command)
    folder, _, name = program.rpartition("/")
    assert folder == "/srv/kajoom/.venv/bin"
    assert name in {"flask", "gunicorn", "python"}
    assert [path for path in arguments if path.startswith("deploy/") and not (ROOT / path).is_file()] == []


def test_units_are_confined_alike() -> None:
    rule = re.compile("(?m)^(?:Protect|Private|Restrict|SystemCall)[A-Z].*$")
    confined = {tuple(rule.findall(unit.read_text())) for unit in UNITS}
    assert [len(rules) > 15 for rules in confined] == [True]


@pytest.mark.parametrize("page", ["docs/deploy.md", "docs/operate.md", "docs/cut-over.md"])
def test_commands_of_the_page_are_those_of_a_shell(page: str) -> None:
    blocks = [dedent(block).replace("<this repository>", "x") for block in BLOCK.findall((ROOT / page).read_text())]
    assert blocks
    subprocess.run(["bash", "-n"], input="\n".join(blocks), text=True, check=True)


def test_scripts_are_those_of_a_shell() -> None:
    subprocess.run(["sh", "-n", ROOT / "deploy" / "kajoom"], check=True)
