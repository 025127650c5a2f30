"""``python -m tests.journeys``: sixty days of a host, on each database; the last figures are in decision 0095."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.database import new_database
from tests.journeys.acts import simulate


def main() -> None:
    """Simulate days of a host and print how many figures were compared; the first difference ends it."""
    options = _options()
    for engine in options.on:
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as folder, new_database(engine, Path(folder), "days") as url:
                compared = simulate(Path(folder), url, options.days, seed)
            figures = ", ".join(f"{number} of {what}" for what, number in sorted(compared.items()))
            sys.stdout.write(f"{engine}, seed {seed}: {figures}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make sixty-days", description=main.__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite",))
    return parser.parse_args()


if __name__ == "__main__":
    main()
