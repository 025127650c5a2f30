"""``make fuzz``: requests that no browser sends, and what must hold of every answer.

The counts of the last large run are in docs/security.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fuzz_cases import Case
from tests.chaos.fuzz_rules import difference, faults, is_from_server
from tests.chaos.fuzz_site import FuzzSite, open_site
from tests.chaos.fuzz_transport import Answer, Transport
from tests.database import PostgresDatabase, SqliteDatabase, postgres

_SHOWN = 20


@dataclass
class FuzzResult:
    """What a fuzz found: ``statuses`` of the application's answers, ``refused`` of those by the server itself."""

    cases: int = 0
    twins: int = 0
    seconds: float = 0
    statuses: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Fuzz:
    """Sends cases to a site and collects the rules that an answer breaks."""

    def __init__(self, transport: Transport, site: FuzzSite) -> None:
        self.result = FuzzResult()
        self._transport, self._written, self._reopen_sessions = transport, site.written, site.reopen_sessions
        self._errors: list[str] = []

    def run(self, cases: Iterator[Case]) -> FuzzResult:
        """Send every case, and the twin of each that has one."""
        start = time.monotonic()
        with _collected(self._errors):
            for case in cases:
                answer = self._send(case)
                if case.twin is not None:
                    self._compare(case, answer, self._send(case.twin))
        self.result.seconds = time.monotonic() - start
        return self.result

    def _send(self, case: Case) -> Answer:
        before = self._written()
        try:
            answer = self._transport.send(case)
        except Exception as error:  # whatever the application raises, the case is the finding
            self._violation(case, f"{type(error).__name__}: {error}")
            return Answer(0)
        self.result.cases += 1
        if is_from_server(answer):
            self.result.refused[answer.status] += 1
            return answer
        self.result.statuses[answer.status] += 1
        found = [*faults(case, answer), *(f"logged {error}" for error in self._errors)]
        self._errors.clear()
        if (answer.status >= 400 or _only_reads(case)) and self._written() != before:
            found.append(f"status {answer.status} and something was written")
        if self._written() != before:
            self._reopen_sessions()  # one of the cases may have signed out
        for fault in found:
            self._violation(case, fault)
        return answer

    def _compare(self, case: Case, answer: Answer, twin: Answer) -> None:
        if is_from_server(answer) or is_from_server(twin):
            return
        self.result.twins += 1
        if found := difference(case, answer, twin):
            self._violation(case, f"differs from its twin: {found}")

    def _violation(self, case: Case, fault: str) -> None:
        headers = {name: value[:80] for name, value in case.headers}
        sent = f"{case.method} {case.target[:200]!r} {headers} {case.body[:200]!r}"
        self.result.violations.append(f"{fault} <- {sent}")


def _only_reads(case: Case) -> bool:
    """Whether a request may write nothing even when it succeeds: only the choice of a language does, of GET."""
    return case.method in {"GET", "HEAD", "OPTIONS"} and "lang=" not in case.target


@contextmanager
def _collected(errors: list[str]) -> Iterator[None]:
    """Collect the errors that are logged: an answer may hide one."""

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            errors.append(f"{record.name}: {record.getMessage()}: {record.exc_info and record.exc_info[1]!r}")

    handler = Collector(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def fuzz(site: FuzzSite, count: int, seed: int) -> FuzzResult:
    """Send ``count`` cases to a site in this process."""
    return Fuzz(site.in_process(), site).run(site.generator(seed).cases(count))


def fuzz_socket(site: FuzzSite, count: int, seed: int) -> FuzzResult:
    """Send ``count`` cases to a site through gunicorn with the project's settings."""
    with site.server() as (transport, host):
        result = Fuzz(transport, site).run(site.generator(seed, transport, host).cases(count))
    lines = site.server_log.read_text(errors="replace").splitlines()
    result.violations += [f"logged {line}" for line in lines if "level=error" in line or "Traceback" in line]
    return result


def main() -> None:
    """Fuzz in this process and through a socket on SQLite, then on PostgreSQL; exit with 1 for a violation."""
    options = _options(sys.argv[1:])
    logging.basicConfig(level=logging.CRITICAL)
    parts = {"SQLite": 0.7, "gunicorn": 0.2, "PostgreSQL": 0.1}
    failed = False
    for part in options.on:
        count = round(options.cases * parts[part])
        with tempfile.TemporaryDirectory() as folder, _site(part, Path(folder)) as site:
            result = (fuzz_socket if part == "gunicorn" else fuzz)(site, count, options.seed)
        sys.stdout.write(_report(part, result) + "\n")
        failed |= bool(result.violations)
    raise SystemExit(failed)


@contextmanager
def _site(part: str, folder: Path) -> Iterator[FuzzSite]:
    if part != "PostgreSQL":
        with open_site(SqliteDatabase(folder / "kajoom.sqlite"), folder) as site:
            yield site
        return
    with postgres() as cluster, open_site(PostgresDatabase(cluster, "fuzz"), folder) as site:
        yield site


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=25_000)
    parser.add_argument("--seed", type=int, default=1)
    everything = ("SQLite", "gunicorn", "PostgreSQL")
    parser.add_argument("--on", nargs="+", choices=everything, default=everything)
    return parser.parse_args(arguments)


def _report(part: str, result: FuzzResult) -> str:
    figures = {
        "requests": result.cases,
        "compared with a twin": result.twins,
        "statuses": dict(sorted(result.statuses.items())),
        "refused by the server": dict(sorted(result.refused.items())),
        "seconds": round(result.seconds),
        "violations": len(result.violations),
    }
    lines = [f"  {name}: {value}" for name, value in figures.items()]
    return "\n".join([part, *lines, *(f"    {violation}" for violation in result.violations[:_SHOWN])])


if __name__ == "__main__":
    main()
