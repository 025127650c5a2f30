"""The documentation agrees with the repository: links, variables, commands and the length of the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from urllib.parse import unquote

import click
import pytest

from kajoom.cli import COMMANDS
from kajoom.config import PREFIX, READERS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# A decision and a changelog tell what was true at the time.
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md" and "decisions" not in page.parts]
LONGEST_README = 150

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```[^\n]*\n(.*?)^ *```|`([^`\n]+)`", re.DOTALL | re.MULTILINE)
FENCE = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
VARIABLE = re.compile(r"KAJOOM_[A-Z][A-Z_]*")
PATH = re.compile(r"(?:kajoom|templates|tests|translations|migrations|demo|static|deploy|docs|\.ci)/[\w./-]*\w/?")
TARGET = re.compile(r"\bmake ([a-z][a-z-]*)")
FLASK = re.compile(r"\bflask ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?")
GROUPS: dict[str, click.Command] = {name: resolve_name(path) for name, (path, _) in COMMANDS.items()}


def anchors(text: str) -> set[str]:
    """The names that the headings of a page can be linked to by, as GitHub makes them."""
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(FENCE.sub("", text)))
    return {heading.strip().replace(" ", "-") for heading in words}


def broken_links(page: Path, text: str) -> Iterator[str]:
    """The links to a file or a heading that is not there; links to other sites are not followed."""
    for link in LINK.findall(FENCE.sub("", text)):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link:
            continue
        if not target.exists():
            yield f"{link}: no such file"
        elif anchor and anchor not in anchors(text if target == page else target.read_text()):
            yield f"{link}: no such heading"


def code_in(text: str) -> str:
    """The fenced blocks and the inline code of a page, one a line."""
    return "\n".join(block or inline for block, inline in CODE.findall(text))


def unknown_commands(text: str) -> Iterator[str]:
    """The ``flask`` commands that the page names and that do not exist."""
    for name, inner in FLASK.findall(code_in(text)):
        command = GROUPS.get(name)
        if command is None or (inner and isinstance(command, click.Group) and inner not in command.commands):
            yield f"flask {name} {inner}".strip()


def unknown_targets(text: str, makefile: str) -> Iterator[str]:
    """The ``make`` targets that the page names and that the Makefile does not have."""
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    yield from (f"make {name}" for name in TARGET.findall(code_in(text)) if name not in targets)


def missing_paths(text: str) -> Iterator[str]:
    """The files and folders that the page names in inline code and that are not in the repository."""
    named = (inline for _, inline in CODE.findall(text) if PATH.fullmatch(inline))
    yield from (path for path in named if not (ROOT / path).exists())


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_a_broken_link_is_found() -> None:
    page = ROOT / "README.md"
    text = "# A title\n[a](LICENSE) [b](#a-title) [c](https://example.com/x) [d](missing.md) [e](#missing)"
    assert list(broken_links(page, text)) == ["missing.md: no such file", "#missing: no such heading"]


def test_an_unknown_command_is_found() -> None:
    text = "`flask work` and `flask staff done X`, `flask staff vanish`\n```sh\nflask vanish\n```\nflask prose"
    assert list(unknown_commands(text)) == ["flask staff vanish", "flask vanish"]


def test_an_unknown_target_is_found() -> None:
    assert list(unknown_targets("`make run PORT=1`, `make vanish`, make prose", "run: x\n\techo")) == ["make vanish"]


def test_a_missing_path_is_found() -> None:
    text = "`kajoom/config.py`, `tests/`, `kajoom/<noun>.py`, `kajoom/gone.py`"
    assert list(missing_paths(text)) == ["kajoom/gone.py"]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(broken_links(page, page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_commands_exist(page: Path) -> None:
    assert not list(unknown_commands(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_targets_exist(page: Path) -> None:
    assert not list(unknown_targets(page.read_text(), (ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("page", CURRENT, ids=page_id)
def test_named_paths_exist(page: Path) -> None:
    assert not list(missing_paths(page.read_text()))


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def test_every_page_is_linked_from_the_readme_or_the_list_of_decisions() -> None:
    decisions = ROOT / "docs" / "decisions" / "README.md"
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in (ROOT / "README.md", decisions)
        for link in LINK.findall(page.read_text())
    }
    assert not [page_id(page) for page in PAGES if page not in {*linked, ROOT / "README.md"}]


def documented_variables() -> set[str]:
    """The variables of ``docs/configuration.md``, without those of a hosting server, whose names a host chooses."""
    named = VARIABLE.findall((ROOT / "docs" / "configuration.md").read_text())
    return {name for name in named if not name.startswith("KAJOOM_SERVER_")}


def test_documented_variables_are_those_that_are_read() -> None:
    assert documented_variables() == {f"{PREFIX}{name}" for name in READERS}


def test_every_variable_that_a_page_names_is_documented() -> None:
    named = {name for page in CURRENT for name in VARIABLE.findall(page.read_text())}
    assert named <= documented_variables() | {name for name in named if name.startswith("KAJOOM_SERVER_")}
