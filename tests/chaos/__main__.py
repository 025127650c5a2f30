"""``python -m tests.chaos``: a large storm on each database; the last figures are in docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

from tests.chaos.storm import Scale, Storm, StormResult
from tests.database import new_database


def main() -> None:
    """Run a storm on each database and print its figures; exit with 1 when a rule is violated or a page failed."""
    options = _options()
    scale = Scale(options.changes, options.kills, options.workers, options.browsers, options.minutes * 60, options.seed)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.fast_app"])
    failed = False
    for engine in options.on:
        with tempfile.TemporaryDirectory() as folder, new_database(engine, Path(folder), "storm", durable=True) as url:
            result = Storm(url, Path(folder), scale, context).run()
        sys.stdout.write(_report(engine, result) + "\n")
        failed |= bool(result.violations or result.statuses[500])
    raise SystemExit(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make storm", description=main.__doc__)
    parser.add_argument("--changes", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--browsers", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=30, help="at most, for each database")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    return parser.parse_args()


def _report(engine: str, result: StormResult) -> str:
    figures = {
        "seconds": round(result.seconds),
        **result.figures,
        "kills": dict(result.kills),
        "HTTP statuses": dict(sorted(result.statuses.items())),
        "violations": result.violations or "none",
    }
    return "\n".join([engine, *(f"  {name}: {value}" for name, value in figures.items())])


if __name__ == "__main__":
    main()
