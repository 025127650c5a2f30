"""Which tests call which functions of the domain, so that a mutant is tried on the tests that could notice it."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import pytest


@dataclass
class Calls:
    """What was seen in one run of all tests.

    ``tests`` has the tests that call each function, written "usage.fit", and ``seconds`` how long each test took.
    ``early`` has the functions called while modules are imported and tests collected: any test may depend on them.
    """

    tests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    seconds: dict[str, float] = field(default_factory=dict)
    early: set[str] = field(default_factory=set)

    def of(self, function: str) -> list[str]:
        """The tests that may notice a change of this function, the shortest first; all of them where any may."""
        called = None if function in self.early else self.tests.get(function)
        return sorted(self.seconds if called is None else called, key=self.seconds.__getitem__)

    def dump(self, file: TextIO) -> None:
        """Write it as JSON."""
        json.dump([self.tests, self.seconds, sorted(self.early)], file)

    @classmethod
    def load(cls, file: TextIO) -> Calls:
        """Read what was written by ``dump``."""
        tests, seconds, early = json.load(file)
        return cls(tests, seconds, set(early))


class Recorder:
    """A pytest plug-in that notes the functions each test calls in the modules of one folder."""

    def __init__(self, folder: Path) -> None:
        self.calls = Calls()
        self._folder = str(folder.resolve())
        self._seen: set[str] = set()
        sys.setprofile(self._note)

    def pytest_collection_finish(self) -> None:
        """Everything is imported."""
        self.calls.early = self._stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Note what one test calls, and how long it takes."""
        start = time.perf_counter()
        sys.setprofile(self._note)
        try:
            return (yield)
        finally:
            for function in self._stop():
                self.calls.tests[function].append(item.nodeid)
            self.calls.seconds[item.nodeid] = time.perf_counter() - start

    def _stop(self) -> set[str]:
        sys.setprofile(None)
        seen, self._seen = self._seen, set()
        return seen

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._folder):
            self._seen.add(f"{Path(code.co_filename).stem}.{code.co_qualname.partition('.<locals>')[0]}")


class Selector:
    """A pytest plug-in that runs some tests only, in the order in which they are given."""

    def __init__(self, tests: list[str]) -> None:
        self._order = {test: number for number, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        chosen = [item for item in items if item.nodeid in self._order]
        items[:] = sorted(chosen, key=lambda item: self._order[item.nodeid])
