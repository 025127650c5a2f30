"""The group of all commands imports the module of a command only when the command is used."""

import os
import subprocess
import sys

import click
import pytest

from kajoom.cli import COMMANDS, CommandGroup, LazyCommand
from kajoom.cli.demo import demo
from kajoom.cli.staff import staff
from tests.architecture.files import ROOT

GROUP = CommandGroup("tests")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_found_by_its_name(name: str) -> None:
    command = GROUP.get_command(click.Context(GROUP), name)
    assert isinstance(command, LazyCommand)
    assert command.load().name == name


@pytest.mark.parametrize("name", COMMANDS)
def test_list_of_commands_shows_the_first_sentence_of_their_help(name: str) -> None:
    command = GROUP.get_command(click.Context(GROUP), name)
    assert isinstance(command, LazyCommand)
    assert command.get_short_help_str(1000) == command.load().get_short_help_str(1000)


@pytest.mark.parametrize("command", [demo.commands["load"], staff.commands["digest"]], ids=lambda each: each.name)
def test_command_inside_a_group_is_listed_as_its_own_help_says(command: click.Command) -> None:
    assert isinstance(command, LazyCommand)
    assert command.load().name == command.name
    assert command.get_short_help_str(1000) == command.load().get_short_help_str(1000)


def test_pages_are_added_once_and_for_a_command_that_needs_them_only() -> None:
    added: list[str] = []
    group = CommandGroup("tests", lambda: added.append("pages"))
    context = click.Context(group)
    for name in ("staff", "users"):
        group.get_command(context, name)
    assert added == []  # the list of commands looks for each of them
    for name in ("staff", "users", "roles"):
        command = group.get_command(context, name)
        assert isinstance(command, LazyCommand)
        command.load()
    assert added == ["pages"]
    other = CommandGroup("tests", lambda: added.append("more pages"))
    assert other.get_command(context, "of an extension") is None
    assert added == ["pages", "more pages"]


def test_commands_added_by_an_extension_are_listed_too() -> None:
    group = CommandGroup("tests")
    group.add_command(click.Command("other"))
    assert group.list_commands(click.Context(group)) == sorted([*COMMANDS, "other"])
    assert group.get_command(click.Context(group), "missing") is None


@pytest.mark.slow
def test_argument_that_is_not_utf8_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "flask", "staff", "done", os.fsdecode(b"CH-\xff")]
    environment = {**os.environ, "KAJOOM_DEMO": "1", "KAJOOM_WORKER": "none"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "An argument is not valid UTF-8." in done.stderr
    assert "Traceback" not in done.stderr
