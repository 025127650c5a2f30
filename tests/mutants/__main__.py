"""``python -m tests.mutants``: try every mutant of the domain and print those that no test notices."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

from tests.mutants.explained import FILE, Explained
from tests.mutants.mutant import Mutant
from tests.mutants.runner import SOURCES, Result, modules, run

AIM = 95
"""The percentage of mutants that the tests are to kill, those that are explained left out."""


class Report:
    """Counts the results of the mutants and sorts the survivors."""

    def __init__(self) -> None:
        self.results: Counter[Result] = Counter()
        self.survivors: list[Mutant] = []
        self.equivalent: list[tuple[Mutant, str]] = []
        self.explained = Explained()

    def add(self, mutant: Mutant, result: Result) -> None:
        """Count one mutant; on a terminal, show how far the run is."""
        self.results[result] += 1
        if result is Result.SURVIVED:
            if reason := self.explained.reason(mutant):
                self.equivalent.append((mutant, reason))
            else:
                self.survivors.append(mutant)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{mutant.module}: {self.results.total()} tried, {len(self.survivors)} survived \033[K")

    @property
    def percentage(self) -> float:
        """How many mutants were killed of those that could be."""
        killed = self.results.total() - self.results[Result.SURVIVED]
        return 100 * killed / max(1, killed + len(self.survivors))

    def lines(self, whole: bool) -> list[str]:
        """The report, survivors last but for the sum; ``whole`` when all modules were tried."""
        lines = [f"{_place(mutant)} (equivalent: {reason})" for mutant, reason in self.equivalent]
        if whole:
            lines += [f"{FILE.name}: {name}: {change}: survives no longer" for name, change in self.explained.unused]
        lines += [f"{_place(mutant)} SURVIVED" for mutant in self.survivors]
        counts = ", ".join(f"{self.results[result]} {result}" for result in Result)
        sums = f"{counts}, of which {len(self.equivalent)} are equivalent"
        return [*lines, f"{self.results.total()} mutants: {sums}: {self.percentage:.1f} % killed (aim {AIM} %)"]


def _place(mutant: Mutant) -> str:
    return f"{SOURCES / mutant.module}.py:{mutant.line} {mutant.scope}: {mutant.change}"


def main() -> None:
    """Run the tests of the domain on each mutant of its modules; fail when fewer than the aim are killed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=main.__doc__)
    parser.add_argument("modules", nargs="*", metavar="module", help="of kajoom/domain, such as money (default: all)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    report = Report()
    run(options.modules or modules(), options.processes, report.add)
    sys.stdout.write("\n".join(["", *report.lines(whole=not options.modules), ""]))
    raise SystemExit(report.percentage < AIM)


if __name__ == "__main__":
    main()
