"""Measures rate, latency and processor time of the pages under gunicorn, beside a bare Flask route: `make bench`."""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import others
from tests.bench.acts import Act, acts
from tests.bench.load import Page, Reading, measure, median_of
from tests.bench.pages import COMPARED, bare, choice_of_a_plan, hot_pages, other_pages, peer_pages
from tests.bench.rows import copies
from tests.bench.servers import PEER_BIN, kajoom, peer

_HEADINGS = ("", "requests/s", "÷ bare", "p50", "p99", "ms of CPU", "spread", "bare ÷ it", "spread")
_WIDTHS = (34, 11, 8, 9, 9, 11, 14, 11, 14)


def main() -> None:
    """Measure the pages in turn, some rounds of all of them, and print the medians with their spreads."""
    options = _options()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: the benchmark needs it")
    if options.peer and not (PEER_BIN / "gunicorn").exists():
        raise SystemExit("django-plans is not installed: run `make bench-peer`")
    if not options.anyway:
        others.refuse_if_busy()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        pages, readings, done, part = _measured(stack, Path(name), options)
    if part > others.MOST_OF_A_CORE and not options.anyway:
        raise SystemExit(others.sentence(part))
    print(f"Medians of {options.rounds} rounds in turns, and the extremes. Other programs used {part:.0%} of a core.\n")
    _print_pages(pages, readings)
    _print_acts(done, median_of(readings[0]))
    _print_comparison(dict(zip((page.name for page in pages), readings, strict=True)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", action="store_true", help="measure django-plans as well")
    parser.add_argument("--plans", type=int, default=4, help="the plans of its site; the demonstration has 4")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="how long each page is asked for in a round")
    parser.add_argument("--anyway", action="store_true", help="print figures that were taken beside other programs")
    return parser.parse_args()


def _measured(
    stack: ExitStack, folder: Path, options: argparse.Namespace
) -> tuple[list[Page], list[list[Reading]], list[Act], float]:
    """The pages, their readings, the acts, and the part of a core that others used meanwhile."""
    ours = stack.enter_context(kajoom(folder))
    pages = [bare(ours), *hot_pages(ours, folder), choice_of_a_plan(ours, folder)]
    servers = [ours]
    if options.peer:
        servers.append(stack.enter_context(peer(folder, options.plans)))
        pages += peer_pages(servers[-1])
    else:
        servers.append(stack.enter_context(kajoom(folder, "embedded")))
        pages += [*hot_pages(servers[-1], folder, ", embedded worker"), *other_pages(ours, folder)]
    for page in pages:
        measure(page, 1)  # compiles templates and fills caches
    watch = others.Others(process for server in servers for process in (server.arbiter, *server.workers()))
    rounds = [[measure(page, options.seconds) for page in pages] for _ in range(options.rounds)]
    done = [] if options.peer else acts(ours, copies(folder / "none.sqlite")[:48])
    return pages, [list(readings) for readings in zip(*rounds, strict=True)], done, watch.part_of_a_core()


def _print_pages(pages: list[Page], readings: list[list[Reading]]) -> None:
    """A line for each page; its ratios are to the bare route of the same round."""
    first = readings[0]
    print("".join(f"{heading:>{width}}" for heading, width in zip(_HEADINGS, _WIDTHS, strict=True)))
    for page, of_page in zip(pages, readings, strict=True):
        middle = median_of(of_page)
        rates = [reading.rate / bare.rate for reading, bare in zip(of_page, first, strict=True)]
        costs = [bare.spent / reading.spent for reading, bare in zip(of_page, first, strict=True)]
        spent = [reading.spent for reading in of_page]
        cells = (
            page.name, f"{middle.rate:.0f}", f"{statistics.median(rates):.3f}", middle.p50, middle.p99,
            f"{middle.spent:.2f}", f"{min(spent):.2f}–{max(spent):.2f}",
            f"{statistics.median(costs):.3f}", f"{min(costs):.3f}–{max(costs):.3f}",
        )  # fmt: skip
        print(
            f"{cells[0]:<{_WIDTHS[0]}}"
            + "".join(f"{cell:>{width}}" for cell, width in zip(cells[1:], _WIDTHS[1:], strict=True))
        )


def _print_comparison(readings: dict[str, list[Reading]]) -> None:
    """How many of our pages cost what one of django-plans costs, in processor time."""
    for ours, theirs in COMPARED:
        if theirs in readings:
            pairs = zip(readings[theirs], readings[ours], strict=True)
            times = [other.spent / own.spent for other, own in pairs]
            print(f"{theirs} costs {statistics.median(times):.1f} × {ours} ({min(times):.1f}–{max(times):.1f})")


def _print_acts(done: list[Act], bare_route: Reading) -> None:
    """A line for each act, one after another by one client."""
    for act in done:
        spread = f"{min(act.spent):.1f}–{max(act.spent):.1f}"
        print(f"{act.name:<34}{act.median:>48.2f}{spread:>14}{bare_route.spent / act.median:>11.3f}")


if __name__ == "__main__":
    main()
