"""The README names every module of the house in its plan, and every variable that is read.

The plan is the first fenced block that names ``kajoom/``: a line that opens with a folder ("  domain/") says in which
room the files named from there on are, each as ``money.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, modules, named

FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
FOLDER = re.compile(r"^[^\w]*(?:\w+/)*(\w+)/(?![\w])")
VARIABLE = re.compile(r"KAJOOM_[A-Z][A-Z_]*")


def planned(readme: str) -> set[tuple[str, str]]:
    """Each file the plan names, with the folder it is named in."""
    plan = next((block for block in FENCED.findall(readme) if "kajoom/" in block), "")
    folder, found = "", set()
    for line in plan.splitlines():
        opened = FOLDER.match(line)
        folder = opened[1] if opened else folder
        found |= {(folder, name) for name in re.findall(r"\b\w+\.py\b", line)}
    return found


def unplanned(readme: str, paths: list[Path]) -> Iterator[str]:
    """The modules that the plan does not name where they are."""
    plan = planned(readme)
    for path in paths:
        if path.name != "__init__.py" and (path.parent.name, path.name) not in plan:
            yield path.as_posix()


def variables_read(source: str) -> set[str]:
    """The variables a configuration reads: the constants in capitals it passes on; "SELLER_" is the start of many."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    said = (
        arg.value for call in calls for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
    )
    return {f"KAJOOM_{name}" for name in said if re.fullmatch(r"[A-Z][A-Z_]+", name)}


def is_among(name: str, others: set[str]) -> bool:
    """Whether a variable, or the family it belongs to, is in the set."""
    return any(name == other or (other.endswith("_") and name.startswith(other)) for other in others)


PLAN = """
```text
app.py
kajoom/
  clock.py   time
  domain/    what is true
    money.py · tax.py
  web/
    order.py
```
"""


def test_the_plan_is_read_folder_by_folder() -> None:
    assert planned(PLAN) == {
        ("", "app.py"), ("kajoom", "clock.py"), ("domain", "money.py"), ("domain", "tax.py"), ("web", "order.py"),
    }  # fmt: skip


def test_a_module_missing_from_the_plan_is_caught() -> None:
    paths = [Path("kajoom/domain/money.py"), Path("kajoom/domain/order.py"), Path("kajoom/domain/__init__.py")]
    assert list(unplanned(PLAN, paths)) == ["kajoom/domain/order.py"]


def test_the_variables_of_a_configuration_are_found() -> None:
    source = (
        'a = given.get("MAIL_URL", "x"); b = count(given, "PROXY_HOPS"); c = name.startswith("SELLER_"); d = "NOT_READ"'
    )
    assert variables_read(source) == {"KAJOOM_MAIL_URL", "KAJOOM_PROXY_HOPS", "KAJOOM_SELLER_"}
    assert is_among("KAJOOM_SELLER_NAME", variables_read(source))
    assert not is_among("KAJOOM_NOT_READ", variables_read(source))


@pytest.fixture(scope="module")
def readme() -> str:
    path = ROOT / "README.md"
    assert path.is_file(), "README.md is missing"
    return path.read_text()


def test_the_readme_names_every_module_in_its_plan(readme: str) -> None:
    missing = list(unplanned(readme, [path.relative_to(ROOT) for path in modules()]))
    assert not missing, f"not in the plan of the README, in the block that names kajoom/: {missing}"


def test_the_plan_names_no_module_that_is_gone(readme: str) -> None:
    there = {path.name for path in modules()} | {"app.py"}
    gone = {
        f"{folder}/{name}" for folder, name in planned(readme) if name not in there and not name.startswith("test_")
    }
    assert not gone, f"in the plan of the README and no longer in the house: {sorted(gone)}"


def test_every_variable_that_is_read_is_in_the_readme(readme: str) -> None:
    told = set(VARIABLE.findall(readme))
    read = variables_read((ROOT / "kajoom" / "config.py").read_text())
    untold = {
        name for name in read if name not in told and not (name.endswith("_") and any(t.startswith(name) for t in told))
    }
    assert not untold, f"read in {named(ROOT / 'kajoom' / 'config.py')} and not in the README: {sorted(untold)}"


def test_every_variable_of_the_readme_is_read(readme: str) -> None:
    read = variables_read((ROOT / "kajoom" / "config.py").read_text())
    unread = {name for name in VARIABLE.findall(readme) if not is_among(name, read)}
    assert not unread, f"in the README and read nowhere: {sorted(unread)}"
