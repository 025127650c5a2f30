"""Requests a page with wrk, and what each request cost the server."""

from __future__ import annotations

import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import NamedTemporaryFile

from tests.bench.servers import USER_AGENT, Server

CONNECTIONS = 8

_SCRIPT = """
local paths = {%s}
local turn = 0
function request()
  turn = turn %% #paths + 1
  return wrk.format("GET", paths[turn])
end
"""


@dataclass(frozen=True)
class Page:
    """A page to measure: the paths that are asked for in turn, and the headers that htmx would send."""

    name: str
    server: Server
    paths: Sequence[str]
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """One round: requests per second, milliseconds of processor time for each, and the latencies as wrk prints them."""

    rate: float
    spent: float
    p50: str
    p99: str


def measure(page: Page, seconds: float) -> Reading:
    """Request a page for some seconds, over eight connections."""
    sent = (f"User-Agent: {USER_AGENT}", f"Cookie: {page.server.cookie}", *page.headers)
    headers = [argument for header in sent for argument in ("-H", header)]
    with NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT % ", ".join(f'"{path}"' for path in page.paths))
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--latency", "-s", script.name]
        before = page.server.spent()
        output = subprocess.run(
            [*command, *headers, page.server.address], capture_output=True, text=True, check=True
        ).stdout
        spent = page.server.spent() - before
    if "Non-2xx" in output:
        raise SystemExit(f"{page.name}: not every response was a success\n{output}")
    patterns = (r"Requests/sec:\s+(\S+)", r"\n +50% +(\S+)", r"\n +99% +(\S+)", r"(\d+) requests in")
    rate, p50, p99, responses = (_first(pattern, output) for pattern in patterns)
    return Reading(float(rate), spent / int(responses) * 1000, p50, p99)


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk has not printed {pattern}\n{text}")
    return match[1]


def median_of(readings: Sequence[Reading]) -> Reading:
    """The medians of the rate and of the processor time, and the latencies of the round with the median rate."""
    middle = sorted(readings, key=lambda reading: reading.rate)[len(readings) // 2]
    spent = statistics.median(reading.spent for reading in readings)
    return Reading(middle.rate, spent, middle.p50, middle.p99)
