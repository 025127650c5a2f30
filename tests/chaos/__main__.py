"""``python -m tests.chaos``: the large storm, whose last figures are in docs/reliability.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tests.chaos.storm import Scale, Storm, Tally
from tests.database import PostgresDatabase, postgres


def main() -> None:
    """Run a storm over each database, print what it came to, and fail when anything is broken."""
    options = _options()
    scale = Scale(options.changes, options.kills, options.workers, options.browsers, options.minutes * 60, options.seed)
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.fast_app"])
    failed = False
    for engine in options.on:
        with tempfile.TemporaryDirectory() as folder, _database(engine, Path(folder)) as url:
            tally = Storm(url, Path(folder), scale, context).run()
        sys.stdout.write(_told(engine, tally) + "\n")
        failed |= bool(tally.broken or tally.results[500])
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


@contextmanager
def _database(engine: str, folder: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'kajoom.sqlite'}"
        return
    with postgres(durable=True) as cluster:
        yield PostgresDatabase(cluster, "storm").url


def _told(engine: str, tally: Tally) -> str:
    figures = {"seconds": round(tally.seconds), **tally.figures, "killed": dict(tally.killed)}
    lines = [engine, *(f"  {name}: {value}" for name, value in figures.items())]
    lines.append(f"  answers of the web: {dict(sorted(tally.results.items()))}")
    return "\n".join([*lines, *(f"  BROKEN {each}" for each in tally.broken or ["nothing"])])


if __name__ == "__main__":
    main()
