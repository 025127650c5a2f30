"""Measures requests per second, latency and processor time under gunicorn, with a signed-in session."""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

ROUNDS, SECONDS, CONNECTIONS = 3, 5, 8
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Page:
    """A page to measure: its path, and the headers that htmx would send."""

    name: str
    path: str
    headers: tuple[str, ...] = ()


USER_AGENT = "User-Agent: Kajoom bench"
PARTIAL = ("HX-Request: true", "HX-Request-Type: partial")
PAGES = (
    Page("bare Flask route", "/bare/"),
    Page("product page", "/services/1"),
    Page("preview", "/services/1/plan?plan=b&cycle=monthly&when=now&asked=monthly.now", PARTIAL),
)


@dataclass(frozen=True)
class Round:
    """One round: requests per second, the 50th and 99th percentile of latency, and the milliseconds of processor time
    that the server spent on a request, which vary less than the rate on a busy machine."""

    rate: float
    p50: str
    p99: str
    spent: float


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the demonstration with gunicorn on a free port; yields its address and process id."""
    environment = os.environ | {
        "KAJOOM_DEMO": "1",
        "KAJOOM_WORKER": "none",
        "KAJOOM_DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite'}",
    }
    subprocess.run([BIN / "flask", "demo", "load"], env=environment, check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command: list[str | Path] = [BIN / "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
    command.append("tests.bench.server:application")
    server = subprocess.Popen(command, env=environment)
    try:
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def sign_in(address: str) -> str:
    """Sign in as the French-speaking client; returns the value of the Cookie header."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    name, _, value = USER_AGENT.partition(": ")
    browser.addheaders = [(name, value)]
    page = _wait_for_page(browser, f"{address}/login")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    if token is None:
        raise SystemExit("the sign-in page has no form")
    form = {"email": "fr@example.com", "password": "kajoom-demonstration", "csrf_token": token[1]}
    browser.open(f"{address}/login", urlencode(form).encode())
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _wait_for_page(browser: OpenerDirector, url: str) -> str:
    for _ in range(100):
        try:
            return str(browser.open(url).read().decode())
        except URLError:
            time.sleep(0.1)
    raise SystemExit("the server does not respond")


def processor_seconds(server: int) -> float:
    """The processor time of a server's workers so far, from /proc."""
    workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    times = (Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11:13] for worker in workers)
    return sum(int(ticks) for user_and_system in times for ticks in user_and_system) / os.sysconf("SC_CLK_TCK")


def measure(address: str, server: int, page: Page, cookie: str) -> Round:
    """Request a page with wrk for a few seconds."""
    headers = [argument for header in (USER_AGENT, f"Cookie: {cookie}", *page.headers) for argument in ("-H", header)]
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *headers, address + page.path]
    before = processor_seconds(server)
    output = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    spent = processor_seconds(server) - before
    if "Non-2xx" in output:
        raise SystemExit(f"{page.name}: not every response was a success\n{output}")
    matches = [
        re.search(pattern, output)
        for pattern in (r"Requests/sec:\s+(\S+)", r"\n +50% +(\S+)", r"\n +99% +(\S+)", r"(\d+) requests in")
    ]
    rate, p50, p99, responses = (match[1] if match else "?" for match in matches)
    return Round(float(rate), p50, p99, spent / int(responses) * 1000)


def main() -> None:
    """Measure the pages in turn, and print the median round of each beside the bare route's."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: the benchmark needs it")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, server):
        cookie = sign_in(address)
        rounds = [[measure(address, server, page, cookie) for page in PAGES] for _ in range(ROUNDS)]
    bare = median([readings[0] for readings in rounds])
    print(f"{'':18}{'requests/s':>12}{'p50':>10}{'p99':>10}{'ratio':>8}{'ms of CPU':>12}{'ratio':>8}")
    for page, readings in zip(PAGES, zip(*rounds, strict=True), strict=True):
        result = median(readings)
        print(
            f"{page.name:18}{result.rate:12.0f}{result.p50:>10}{result.p99:>10}{result.rate / bare.rate:8.2f}", end=""
        )
        print(f"{result.spent:12.2f}{bare.spent / result.spent:8.2f}")


def median(readings: Sequence[Round]) -> Round:
    """The round with the median rate, with the median processor time."""
    ordered = sorted(readings, key=lambda reading: reading.rate)
    return replace(ordered[ROUNDS // 2], spent=statistics.median(reading.spent for reading in readings))


if __name__ == "__main__":
    main()
