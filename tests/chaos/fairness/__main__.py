"""Bill renewals on each database while clients confirm changes, and print how long they waited."""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles

from tests.chaos.fairness.processes import Billing, bill, confirm, fill
from tests.database import new_database

_CHANGES = 4_000
"""Services of each process that confirms: enough for the whole time of the billing."""


def main() -> None:
    """Bill renewals on each database while clients confirm changes, and print how long they waited."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.fairness", description=main.__doc__)
    parser.add_argument("--renewals", type=int, default=30_000)
    parser.add_argument("--clients", type=int, default=2, help="processes that confirm; 0 measures the billing alone")
    parser.add_argument("--on", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    options = parser.parse_args()
    for engine in options.on:
        with (
            tempfile.TemporaryDirectory() as folder,
            new_database(engine, Path(folder), "fairness", durable=True) as url,
        ):
            sys.stdout.write(f"{engine}: {_measure(url, options.renewals, options.clients)}\n")
            sys.stdout.flush()


def _measure(url: str, renewals: int, clients: int) -> str:
    context = get_context("spawn")
    with ProcessPoolExecutor(max_workers=clients + 1, mp_context=context) as pool, context.Manager() as manager:
        ids = pool.submit(fill, url, renewals, clients * _CHANGES).result()
        is_over = manager.Event()
        waiting = [pool.submit(confirm, url, ids[number::clients], is_over) for number in range(clients)]
        billing = pool.submit(bill, url, is_over).result()
        return _report(renewals, billing, [seconds for each in waiting for seconds in each.result()])


def _report(renewals: int, billing: Billing, waits: list[float]) -> str:
    each = f"{1000 * billing.cpu_seconds / renewals:.2f} ms of CPU and {1000 * billing.seconds / renewals:.2f} ms each"
    text = f"{renewals} renewals in {billing.seconds:.0f} s, {each}"
    if len(waits) < 2:
        return text
    parts = quantiles(waits, n=100, method="inclusive")
    figures = {"median": parts[49], "p95": parts[94], "p99": parts[98], "longest": max(waits)}
    return f"{text}; {len(waits)} confirmations, " + ", ".join(f"{name} {each:.3f} s" for name, each in figures.items())


if __name__ == "__main__":
    main()
