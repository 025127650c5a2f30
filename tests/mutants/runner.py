"""Runs the tests of the domain on each mutant, in a process of its own, and tells which mutants survived."""

from __future__ import annotations

import ast
import io
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from enum import StrEnum
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.mutants.mutant import Mutant, mutants
from tests.mutants.selection import Calls, Recorder, Selector

PACKAGE = "kajoom.domain"
SOURCES = Path("kajoom/domain")
TESTS = Path("tests/domain")
SECONDS = 30
"""How much processor time the tests of one mutant may take: a change can make a loop endless."""

PROFILE = "mutants"
"""The profile of Hypothesis: a failing example is enough, so none is looked for that is shorter."""

OPTIONS = (
    "--exitfirst",
    f"--confcutdir={TESTS}",
    f"--hypothesis-profile={PROFILE}",
    "-W=ignore::pytest.PytestAssertRewriteWarning",  # plug-ins are loaded before the fork
)
"""How pytest is run: without the application's own conftest.py, which imports all of it."""


class Result(StrEnum):
    """What the tests said of a mutant; ``ENDLESS`` counts as killed."""

    KILLED = "killed"
    ENDLESS = "endless"
    SURVIVED = "survived"


Report = Callable[[Mutant, Result], None]


def modules() -> list[str]:
    """The names of the modules of the domain."""
    return sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__")


def run(names: Sequence[str], processes: int, report: Report) -> None:
    """Try every mutant of these modules, ``processes`` at a time, and report the result of each.

    ``RuntimeError`` when the tests do not pass on the code as it is, or when pytest cannot run them.
    """
    _prepare()
    calls = _record(names[0])
    running: dict[int, Mutant] = {}
    for name in names:
        for mutant, tree in mutants(name, _path(name).read_text()):
            while len(running) >= processes:
                _wait(running, report)
            running[_start(mutant, tree, calls)] = mutant
    while running:
        _wait(running, report)


def _path(name: str) -> Path:
    return SOURCES / f"{name}.py"


def _prepare() -> None:
    """Load pytest and its plug-ins once, before any fork; nothing of the application is imported."""
    settings.register_profile(
        PROFILE,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with redirect_stdout(io.StringIO()):
        pytest.main(["--version"])


def _record(name: str) -> Calls:
    """Run all tests and see which functions they call; one module is replaced by itself, as the mutants will be."""
    with tempfile.TemporaryFile("w+") as file:

        def record() -> int:
            _replace(name, ast.parse(_path(name).read_text()))
            recorder = Recorder(SOURCES)
            code = pytest.main([*OPTIONS, str(TESTS)], plugins=[recorder])
            recorder.calls.dump(file)
            file.flush()
            return code

        if _result(os.waitpid(_fork(record), 0)[1]) is not Result.SURVIVED:
            raise RuntimeError(f"{TESTS} does not pass on the code as it is")
        file.seek(0)
        return Calls.load(file)


def _start(mutant: Mutant, tree: ast.Module, calls: Calls) -> int:
    """Start the tests on a mutant; the number of their process."""
    tests = calls.of(mutant.function)
    files = {test.partition("::")[0] for test in tests}

    def run_tests() -> int:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        _replace(mutant.module, tree)
        return pytest.main([*OPTIONS, *sorted(files)], plugins=[Selector(tests)])

    return _fork(run_tests)


def _fork(work: Callable[[], int]) -> int:
    """Do some work in a process of its own, whose exit code is its answer; what it prints is not shown."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code: int = pytest.ExitCode.INTERNAL_ERROR
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait(running: dict[int, Mutant], report: Report) -> None:
    pid, status = os.wait()
    report(running.pop(pid), _result(status))


def _result(status: int) -> Result:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF:
        return Result.ENDLESS
    code = os.waitstatus_to_exitcode(status)
    if code in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}:  # interrupted: a module cannot be imported
        return Result.KILLED
    if code == pytest.ExitCode.OK:
        return Result.SURVIVED
    raise RuntimeError(f"pytest could not run the tests: exit code {code}")


def _replace(name: str, tree: ast.Module) -> None:
    """Let a module be imported from a syntax tree."""
    sys.meta_path.insert(0, _Replacement(name, tree))


class _Replacement(MetaPathFinder, Loader):
    def __init__(self, name: str, tree: ast.Module) -> None:
        self._name, self._code = f"{PACKAGE}.{name}", compile(tree, _path(name).resolve(), "exec")

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self) if fullname == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)
