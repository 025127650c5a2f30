"""Measure requests per second and latency under gunicorn with a signed-in session, and print the ratios."""

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
    """What is measured: an address, and the headers htmx would send for it."""

    name: str
    path: str
    headers: tuple[str, ...] = ()


# A session tells its browser from another by its name: one that changed it would have its cookie renewed each time.
BROWSER = "User-Agent: Kajoom bench"
PARTIAL = ("HX-Request: true", "HX-Request-Type: partial")
PAGES = (
    Page("bare Flask route", "/bare/"),
    Page("product page", "/services/1"),
    Page("preview", "/services/1/plan?plan=b&cycle=monthly&when=now&asked=monthly.now", PARTIAL),
)


@dataclass(frozen=True)
class Reading:
    """One round: requests per second, the latencies that half and 99 in 100 of them stayed under, and the
    milliseconds of processor that the server spent on each: steadier than the rate where others use the machine."""

    rate: float
    p50: str
    p99: str
    spent: float


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The demonstration under gunicorn, on a free port; yields its address and its process."""
    environment = os.environ | {
        "KAJOOM_DEMO": "1",
        "KAJOOM_WORKER": "none",
        "KAJOOM_DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite'}",
    }
    subprocess.run([BIN / "flask", "demo", "load"], env=environment, check=True, stdout=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [BIN / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--no-control-socket"]
    command += ["--log-level", "error", "tests.bench.server:application"]
    server = subprocess.Popen(command, env=environment)
    try:
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait()


def signed_in(address: str) -> str:
    """Sign in as the French client of the demonstration; the value of the Cookie header."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    browser.addheaders = [tuple(BROWSER.split(": "))]
    page = _first_answer(browser, f"{address}/login")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    if token is None:
        raise SystemExit("the sign-in page has no form")
    form = {"email": "fr@example.com", "password": "kajoom-demonstration", "csrf_token": token[1]}
    browser.open(f"{address}/login", urlencode(form).encode())
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _first_answer(browser: OpenerDirector, url: str) -> str:
    for _ in range(100):
        try:
            return str(browser.open(url).read().decode())
        except URLError:
            time.sleep(0.1)
    raise SystemExit("the server does not answer")


def seconds_of(server: int) -> float:
    """What the workers of a server have used of the processor, as Linux counts it."""
    workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    counted = (Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11:13] for worker in workers)
    return sum(int(ticks) for user_and_system in counted for ticks in user_and_system) / os.sysconf("SC_CLK_TCK")


def read(address: str, server: int, page: Page, cookie: str) -> Reading:
    """Ask for a page as often as wrk can for a few seconds."""
    headers = [argument for header in (BROWSER, f"Cookie: {cookie}", *page.headers) for argument in ("-H", header)]
    load = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *headers, address + page.path]
    before = seconds_of(server)
    said = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    spent = seconds_of(server) - before
    if "Non-2xx" in said:
        raise SystemExit(f"{page.name}: not every answer was a success\n{said}")
    found = [
        re.search(form, said)
        for form in (r"Requests/sec:\s+(\S+)", r"\n +50% +(\S+)", r"\n +99% +(\S+)", r"(\d+) requests in")
    ]
    rate, p50, p99, answers = (match[1] if match else "?" for match in found)
    return Reading(float(rate), p50, p99, spent / int(answers) * 1000)


def main() -> None:
    """Alternate the pages, take each one's median round, and print it beside the bare route's."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing: the benchmark needs it")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (address, server):
        cookie = signed_in(address)
        rounds = [[read(address, server, page, cookie) for page in PAGES] for _ in range(ROUNDS)]
    bare = middle([readings[0] for readings in rounds])
    print(f"{'':18}{'requests/s':>12}{'p50':>10}{'p99':>10}{'ratio':>8}{'ms of CPU':>12}{'ratio':>8}")
    for page, readings in zip(PAGES, zip(*rounds, strict=True), strict=True):
        found = middle(readings)
        print(f"{page.name:18}{found.rate:12.0f}{found.p50:>10}{found.p99:>10}{found.rate / bare.rate:8.2f}", end="")
        print(f"{found.spent:12.2f}{bare.spent / found.spent:8.2f}")


def middle(readings: Sequence[Reading]) -> Reading:
    """The round of median rate, with the median of what was spent."""
    ordered = sorted(readings, key=lambda reading: reading.rate)
    return replace(ordered[ROUNDS // 2], spent=statistics.median(reading.spent for reading in readings))


if __name__ == "__main__":
    main()
